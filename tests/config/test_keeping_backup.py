"""Making backups: what is in them, what is copied once, what must never pass for a backup."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError

from config.keeping import database
from config.keeping.errors import KeepingError
from config.keeping.files import digest_of, read_list
from config.keeping.keys import public_keys
from config.keeping.manifest import FILE, read_manifest
from config.keeping.place import Place, alone
from security import upkeep
from security.keyring import with_new_version
from security.models import AuditEvent, StoredFile
from security.models.upkeep_runs import UpkeepRun
from tests.config.keeping import (
    back_up,
    environment,
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


def entries(place: Place, name: str) -> dict[str, str]:
    return {one.blob: one.sha256 for one in read_list(place.sets / name / "files.list")}


def test_a_backup_holds_the_dump_every_file_and_says_so(place: Place) -> None:
    blobs = {store(b"one"), store(b"two" * 100_000), store(b"three")}
    write_trail()
    seal_now()
    made = back_up(place)
    found = read_manifest(place.chosen())
    found.check_signature(public_keys(None))
    manifest = found.manifest
    assert manifest == made.manifest
    assert manifest.tables["security_storedfile"] == 3
    assert manifest.trail.rows == AuditEvent.objects.count()
    assert (
        manifest.trail.last_id == AuditEvent.objects.order_by("-id").values_list("id", flat=True)[0]
    )
    assert (manifest.trail.checkpoint, len(manifest.trail.checkpoint_hash)) == (1, 64)
    assert "security.0001_initial" in manifest.migrations
    dump = place.chosen() / manifest.dump.file
    assert (dump.stat().st_size, digest_of(dump)) == (manifest.dump.size, manifest.dump.sha256)
    assert dump.read_bytes()[:5] == b"PGDMP"
    listed = entries(place, manifest.name)
    assert set(listed) == blobs
    for blob, digest in listed.items():
        assert place.stored(digest).read_bytes() == live(blob).read_bytes()
        assert digest_of(place.stored(digest)) == digest


def test_a_file_that_is_there_is_not_copied_again(place: Place) -> None:
    store(b"one")
    first = back_up(place)
    store(b"two")
    second = back_up(place)
    third = back_up(place)
    figures = [
        (m.files.copied, m.files.skipped, m.files.bytes_copied) for m in (first, second, third)
    ]
    size = len(b"two") + 128 + 16
    assert figures == [(1, 0, size), (1, 1, size), (0, 2, 0)]
    assert len(place.whole()) == 3


def test_a_rewrapped_file_is_copied_beside_its_earlier_form(place: Place, settings: Any) -> None:
    blob = store(b"one")
    first = back_up(place)
    settings.FILE_KEYS = with_new_version(settings.FILE_KEYS)
    assert upkeep.rewrap(blob)
    second = back_up(place)
    assert second.files.copied == 1
    old, new = (entries(place, made.manifest.name)[blob] for made in (first, second))
    assert old != new
    assert place.stored(old).exists()
    assert place.stored(new).exists()


def test_a_file_lost_on_the_disk_is_told_and_the_rest_is_kept(place: Place) -> None:
    lost, kept = store(b"one"), store(b"two")
    live(lost).unlink()
    made = back_up(place)
    assert made.manifest.files.missing == [lost]
    assert set(entries(place, made.manifest.name)) == {kept}


def test_the_command_tells_facts_and_what_to_keep_and_records_the_run(place: Place) -> None:
    store(b"one")
    said = run("backup", str(place.root))
    assert "copied 1 " in said
    assert "there already 0" in said
    assert str(django_settings.AUDIT_SEAL_KEY_FILE) in said
    assert "the value of FILE_KEYS" in said
    assert django_settings.FILE_KEYS not in said
    recorded = UpkeepRun.objects.newest("backup")
    assert recorded is not None
    assert (recorded.outcome, recorded.figures["copied"]) == ("ok", 1)
    assert AuditEvent.objects.filter(action="backup.made").count() == 1
    assert run_json("backup", str(place.root))["skipped"] == 1


def test_nothing_configured_makes_none(place: Place, settings: Any) -> None:
    settings.BACKUP_DIR = None
    with pytest.raises(CommandError, match="set BACKUP_DIR"):
        run("backup")


# --- keys apart -------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["", "inside", ".."])
def test_backups_and_keys_must_lie_apart(place: Place, where: str) -> None:
    keys = django_settings.AUDIT_SEAL_KEY_FILE.parent
    directory = keys / where
    directory.mkdir(exist_ok=True)
    with pytest.raises(KeepingError, match="must lie apart"):
        back_up(Place(directory))


def test_backups_do_not_lie_within_the_data(place: Place) -> None:
    directory = Path(django_settings.DATA_DIR) / "backups"
    directory.mkdir()
    with pytest.raises(KeepingError, match="lost with them"):
        back_up(Place(directory))


def test_no_key_is_in_a_backup(place: Place) -> None:
    store(b"one")
    back_up(place)
    secrets = [django_settings.SECRET_KEY, django_settings.FILE_NAME_KEY]
    secrets += [key.split(":")[2] for key in django_settings.FILE_KEYS.split()]
    private = django_settings.AUDIT_SEAL_KEY_FILE.read_bytes().splitlines()[1]
    for path in (one for one in place.root.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert private not in content
        assert not [secret for secret in secrets if secret.encode() in content]


def test_keys_are_copied_elsewhere_when_asked_for(
    place: Place, tmp_path: Path, settings: Any
) -> None:
    goal, settings.VAR_DIR = tmp_path / "safe", tmp_path / "var"
    settings.VAR_DIR.mkdir()
    (settings.VAR_DIR / "keys.json").touch(0o600)
    run("backup", str(place.root), "--keys-to", str(goal))
    assert {one.name for one in goal.iterdir()} == {
        *("seal.pem", "seal.pub", "secrets.env", "keys.json"),
    }
    assert f"FILE_KEYS='{django_settings.FILE_KEYS}'" in (goal / "secrets.env").read_text()
    assert not [
        one for one in goal.iterdir() if one.suffix != ".pub" and one.stat().st_mode & 0o077
    ]
    with pytest.raises(CommandError, match="not overwritten"):
        run("backup", str(place.root), "--keys-to", str(goal))
    with pytest.raises(CommandError, match="must lie apart"):
        run("backup", str(place.root), "--keys-to", str(place.root / "keys"))


def test_the_password_is_on_no_command_line(place: Place, tmp_path: Path, monkeypatch: Any) -> None:
    """A pg_dump that writes down how it was called, before the real one runs."""
    real, _version = database.program("pg_dump", 150000)
    seen = tmp_path / "seen"
    fake = tmp_path / "9" / "bin" / "pg_dump"
    fake.parent.mkdir(parents=True)
    fake.write_text(
        f'#!/bin/sh\necho "$@" > {seen}\necho "$PGPASSWORD" >> {seen}\nexec {real} "$@"\n'
    )
    fake.chmod(0o755)
    monkeypatch.setattr(database, "BINARIES", tmp_path)
    owner = database.owners()
    monkeypatch.setattr(
        database, "owners", lambda: replace(owner, password=owner.password or "s3cret")
    )
    back_up(place)
    arguments, password = seen.read_text().splitlines()
    assert password
    assert password not in arguments
    assert "--snapshot" in arguments


def test_an_old_pg_dump_is_refused(monkeypatch: Any, tmp_path: Path) -> None:
    fake = tmp_path / "13" / "bin" / "pg_dump"
    fake.parent.mkdir(parents=True)
    fake.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.4'\n")
    fake.chmod(0o755)
    monkeypatch.setattr(database, "BINARIES", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KeepingError, match=r"15 or newer is needed; there is: 13\.4"):
        database.program("pg_dump", 150008)


# --- retention --------------------------------------------------------------------------


def test_old_backups_go_and_files_that_kept_ones_need_stay(place: Place) -> None:
    gone, stays = store(b"one"), store(b"two")
    first = back_up(place)
    old = entries(place, first.manifest.name)
    StoredFile.objects.filter(blob=gone).delete()
    back_up(place)
    last = back_up(place, keep=2)
    assert last.removed.backups == 1
    assert [one.name for one in place.whole()] != [first.manifest.name]
    assert len(place.whole()) == 2
    assert not place.stored(old[gone]).exists()
    assert place.stored(old[stays]).exists()


def test_where_a_kept_list_is_rotten_no_file_is_removed(place: Place) -> None:
    blob = store(b"one")
    back_up(place)
    second = back_up(place)
    StoredFile.objects.filter(blob=blob).delete()
    rot(place.sets / second.manifest.name / "files.list")
    last = back_up(place, keep=2)
    assert last.removed.backups == 1
    assert "No file was removed" in last.removed.said
    assert len(list(place.files.glob("???/*"))) == 1


# --- faults -----------------------------------------------------------------------------


def test_a_place_that_is_not_there_or_in_use(place: Place, tmp_path: Path) -> None:
    with pytest.raises(KeepingError, match="is no directory"):
        back_up(Place(tmp_path / "absent"))
    with alone(place), pytest.raises(KeepingError, match="Another process"):
        back_up(place)


def test_a_database_that_cannot_be_dumped_leaves_no_backup(place: Place, monkeypatch: Any) -> None:
    store(b"one")
    whole = back_up(place)
    wrong = replace(database.owners(), port="1")
    monkeypatch.setattr(database, "owners", lambda: wrong)
    with pytest.raises(KeepingError, match="does not answer"):
        back_up(place)
    assert [one.name for one in place.whole()] == [whole.manifest.name]


def command(place: Place) -> list[str]:
    return [sys.executable, "manage.py", "backup", str(place.root)]


def test_a_full_disk_is_said_and_the_next_run_goes_on(place: Place) -> None:
    """A limit on the size of files stands in for the disk: writing ends in the middle."""
    small, large = store(b"one"), store(os.urandom(3 * 2**20))
    limit = (2**20, 2**20)
    done = subprocess.run(
        command(place), cwd=django_settings.BASE_DIR, env=environment(), capture_output=True,
        text=True, check=False, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit),
    )  # fmt: skip
    assert done.returncode == 1
    assert "No backup was made: File too large" in done.stderr
    nothing_but(place, [])
    made = back_up(place)
    assert set(entries(place, made.manifest.name)) == {small, large}


@pytest.mark.parametrize(
    "after",
    [40, pytest.param(1, marks=pytest.mark.long), pytest.param(140, marks=pytest.mark.long)],
)
def test_killed_half_way_nothing_passes_for_a_backup_and_the_next_goes_on(
    place: Place, after: int
) -> None:
    blobs = {store(f"{number}".encode() * 1000) for number in range(150)}
    first = back_up(place)
    later = {store(f"new {number}".encode() * 1000) for number in range(150)}
    new, blobs = sum(live(blob).stat().st_size for blob in later), blobs | later
    process = subprocess.Popen(
        command(place), cwd=django_settings.BASE_DIR, env=environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while len(list(place.files.glob("???/*"))) < 150 + after:
        assert process.poll() is None
        time.sleep(0.002)
    process.kill()
    process.wait()
    nothing_but(place, [first.manifest.name])
    made = back_up(place)
    assert set(entries(place, made.manifest.name)) == blobs
    assert made.files.skipped == 150
    assert made.files.bytes_copied < new - after * 5000
    for digest in entries(place, made.manifest.name).values():
        assert digest_of(place.stored(digest)) == digest


def test_half_a_file_left_by_a_power_cut_is_written_anew(place: Place) -> None:
    blob = store(b"one" * 1000)
    made = back_up(place)
    digest = entries(place, made.manifest.name)[blob]
    shutil.rmtree(place.sets)  # no whole backup vouches for it
    place.stored(digest).write_bytes(b"")
    back_up(place)
    assert digest_of(place.stored(digest)) == digest


def nothing_but(place: Place, names: list[str]) -> None:
    assert [one.name for one in place.whole()] == names
    assert not place.making.exists() or not (place.making / FILE).exists()


def test_a_target_without_room_is_said(place: Place, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("mounting takes root")
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place.root)],
        check=False, capture_output=True,
    ).returncode:  # fmt: skip
        pytest.skip("no mounting here")
    try:
        store(os.urandom(3 * 2**20))
        with pytest.raises(KeepingError, match="No backup was made: No space left on device"):
            back_up(place)
        nothing_but(place, [])
    finally:
        subprocess.run(["umount", "-l", str(place.root)], check=True)
