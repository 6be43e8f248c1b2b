"""The drill: restored into a cluster and a directory of its own, verified, thrown away."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from django.core.management import CommandError

from config.keeping.drill import PREFIX
from config.keeping.place import Place
from security.models import AuditEvent
from security.models.upkeep_runs import UpkeepRun
from tests.config.keeping import (
    back_up,
    live,
    place,
    rot,
    run,
    run_json,
    seal_now,
    store,
    write_trail,
)

__all__ = ["place"]


def rooms() -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"{PREFIX}*"))


def test_a_backup_is_restored_into_a_scratch_and_the_loss_is_told(place: Place) -> None:
    for content in (b"one", b"two" * 100_000, b"three"):
        store(content)
    write_trail(5)
    seal_now()
    made = back_up(place)
    write_trail(4)
    seal_now()
    before = AuditEvent.objects.count()
    said = run_json("restore_drill", str(place.root))
    assert said["named"] == []
    assert (said["files"], said["proven"], said["files_bad"]) == (3, 3, 0)
    assert said["trail_rows"] == made.manifest.trail.rows
    assert (said["seals"], said["lost_seals"]) == (1, 1)
    assert said["trail_rows_not_in_it"] == 4
    assert said["lost_rows"] == 4
    assert 0 <= said["age_seconds"] < 600
    recorded = UpkeepRun.objects.newest("drill")
    assert recorded is not None
    assert recorded.outcome == "ok"
    assert AuditEvent.objects.count() == before + 1  # the drill's own line
    assert rooms() == []


@pytest.mark.long
def test_a_rotten_file_is_named_and_the_drill_is_not_good(place: Place) -> None:
    rotten, whole = store(b"one" * 1000), store(b"two")
    back_up(place)
    stored = next(path for path in place.files.glob("???/*") if path.stat().st_size > 2000)
    rot(stored)
    with pytest.raises(SystemExit) as ended:
        run_json("restore_drill", str(place.root))
    assert ended.value.code == 3
    recorded = UpkeepRun.objects.newest("drill")
    assert recorded is not None
    assert (recorded.outcome, recorded.figures["files_bad"]) == ("problems", 1)
    assert live(rotten).exists()
    assert live(whole).exists()
    assert rooms() == []


@pytest.mark.long
def test_a_cut_dump_is_not_restorable(place: Place) -> None:
    back_up(place)
    dump = place.chosen() / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-100])
    with pytest.raises(CommandError, match="missing, cut or damaged"):
        run("restore_drill", str(place.root))
    recorded = UpkeepRun.objects.newest("drill")
    assert recorded is not None
    assert recorded.outcome == "failed"
    assert rooms() == []
