"""Single files come back from backups: proven, from the newest that has them, and no others."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from config.keeping.errors import KeepingError
from config.keeping.files import read_list
from config.keeping.healing import heal_files
from config.keeping.place import Place
from digitization import upkeep
from security import files, keyring
from security.models import AuditEvent, FileFinding, StoredFile
from tests.config.keeping import back_up, live, place, rot, run, store

__all__ = ["place"]


def number_of(blob: str) -> int:
    return StoredFile.objects.get(blob=blob).pk


def test_what_is_damaged_or_gone_comes_back_and_its_finding_closes(place: Place) -> None:
    damaged, gone, whole = store(b"one"), store(b"two"), store(b"three")
    back_up(place)
    before = live(whole).stat().st_mtime_ns
    rot(live(damaged))
    live(gone).unlink()
    upkeep.check_files()
    assert FileFinding.objects.open().count() == 2

    said = run("heal_files", str(place.root))
    assert f"brought back: damaged file {number_of(damaged)}" in said
    assert f"brought back: missing file {number_of(gone)}" in said
    assert not FileFinding.objects.open().exists()
    with files.open_blob(damaged) as opened:
        assert opened.read() == b"one"
    assert live(whole).stat().st_mtime_ns == before
    assert AuditEvent.objects.get(action="files.healed").reason.startswith("back 2, left 0")


def test_a_copy_that_rotted_itself_is_passed_over_for_an_older_form(
    place: Place, settings: Any
) -> None:
    blob = store(b"one")
    old = back_up(place)
    settings.FILE_KEYS = keyring.with_new_version("\n".join(settings.FILE_KEYS.split()))
    upkeep.rotate_keys()
    new = back_up(place)
    (entry,) = read_list(place.sets / new.manifest.name / "files.list")
    assert old.manifest.name != new.manifest.name
    rot(place.stored(entry.sha256))
    rot(live(blob))
    upkeep.check_files()
    assert heal_files(place.root).left == []
    assert upkeep.check_files().bad == 0


def test_what_no_backup_holds_whole_is_left_as_it_is_and_named(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    blob = store(b"one")
    back_up(place)
    late = store(b"never backed up")
    (entry,) = read_list(place.chosen() / "files.list")
    rot(place.stored(entry.sha256))
    for one in (blob, late):
        rot(live(one))
    content = live(blob).read_bytes()
    upkeep.check_files()
    with pytest.raises(SystemExit) as stop:
        call_command("heal_files", str(place.root))
    assert stop.value.code == 3
    assert f"LEFT: damaged file {number_of(late)}" in capsys.readouterr().out
    assert live(blob).read_bytes() == content
    assert FileFinding.objects.open().count() == 2


def test_a_file_without_its_key_is_whole_and_stays(place: Place, settings: Any) -> None:
    blob = store(b"one")
    back_up(place)
    content = live(blob).read_bytes()
    settings.FILE_KEYS = keyring.with_new_version("")
    upkeep.check_files()
    assert heal_files(place.root).left == [f"no_key file {number_of(blob)}"]
    assert live(blob).read_bytes() == content


def test_without_a_place_of_backups_nothing_is_touched(place: Place) -> None:
    blob = store(b"one")
    rot(live(blob))
    upkeep.check_files()
    with pytest.raises(KeepingError):
        heal_files(place.root / "nowhere")
    assert not AuditEvent.objects.filter(action="files.healed").exists()
    assert FileFinding.objects.open().count() == 1
