"""Restoring: only what is whole, only into what is empty; and what is wrong is named."""

from __future__ import annotations

import json
import os
import shutil
from hashlib import sha256
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db.migrations.recorder import MigrationRecorder

from config.keeping.files import read_list
from config.keeping.manifest import FILE
from config.keeping.place import Place
from security.models import AuditEvent, StoredFile
from security.seals.keys import make_key
from tests.config.keeping import back_up, live, place, rot, seal_now, store, write_trail
from tests.config.restored import Target, target
from tests.security.make import make_user
from tests.security.seals import forge

__all__ = ["place", "target"]


@pytest.fixture
def saved(place: Place) -> set[str]:
    """An installation with three files, a sealed trail, and its backup."""
    blobs = {store(b"one"), store(os.urandom(600_000)), store(b"three")}
    make_user()
    write_trail(5)
    seal_now()
    back_up(place)
    return blobs


def stored(place: Place, blob: str) -> Path:
    entries = read_list(place.chosen() / "files.list")
    return next(place.stored(one.sha256) for one in entries if one.blob == blob)


def test_everything_comes_back_and_the_house_stays_closed(saved: set[str], target: Target) -> None:
    said = target.restore()
    assert said["named"] == []
    assert (said["files"], said["proven"], said["files_bad"], said["seals"]) == (3, 3, 0, 1)
    for blob in saved:
        copy = target.data / "blobs" / blob[:2] / blob[2:4] / blob
        assert copy.read_bytes() == live(blob).read_bytes()
    assert target.rows("SELECT count(*) FROM security_storedfile") == [(3,)]
    assert target.rows("SELECT count(*) FROM security_auditevent WHERE action = 'read'") == [(5,)]
    assert target.rows("SELECT outcome FROM security_upkeeprun WHERE kind = 'restore'") == [("ok",)]
    assert (target.data / "closed.json").exists()
    verified = target.run(
        "audit_verify", "--checkpoints", str(django_settings.AUDIT_CHECKPOINTS_DIR)
    )
    assert (verified.returncode, verified.stderr) == (0, "")
    again = target.run("restore", str(target.place.root))
    assert "is restored here already" in again.stderr


@pytest.mark.long
def test_the_trail_goes_on_after_the_restore_and_verifies(saved: set[str], target: Target) -> None:
    shutil.copytree(django_settings.AUDIT_CHECKPOINTS_DIR, target.checkpoints)
    target.restore("--checkpoints", str(target.checkpoints))
    sealed = target.run("shell", "-c", "from security.tasks import seal_trail as s; s.run()")
    assert sealed.returncode == 0
    assert target.rows("SELECT count(*) FROM security_auditcheckpoint")[0][0] >= 2
    verified = target.run("audit_verify")
    assert "FINE (0)" in verified.stdout, verified.stdout + verified.stderr


@pytest.mark.long
def test_sessions_links_and_emergencies_end(place: Place, target: Target, client: object) -> None:
    client.force_login(make_user())  # type: ignore[attr-defined]
    back_up(place)
    target.restore(code=3)  # no seal, so no copies: the revocations since are unknown
    assert target.rows("SELECT count(*) FROM django_session") == [(0,)]
    assert target.rows("SELECT count(*) FROM usersessions_usersession") == [(0,)]


# --- refused before anything is touched -----------------------------------------------


@pytest.mark.long
def test_a_database_in_use_is_refused(saved: set[str], target: Target) -> None:
    target.run("migrate")
    target.rows(
        "INSERT INTO security_unit (code, name, path, kind, external, collective) "
        "VALUES ('X', 'X', '/1/', 'unit', false, false)"
    )
    target.rows(
        "INSERT INTO security_user (username, full_name, password, is_active, is_staff, is_superuser,"
        " email, post, clearance, unit_id, date_joined) "
        "SELECT 'x', 'X', '', true, false, false, '', '', 1, id, now() FROM security_unit LIMIT 1"
    )
    done = target.run("restore", str(target.place.root))
    assert "is not empty: a restore never writes over one" in done.stderr
    assert target.rows("SELECT count(*) FROM security_user") == [(1,)]


@pytest.mark.long
def test_a_prepared_database_in_which_nobody_worked_is_empty(
    saved: set[str], target: Target
) -> None:
    assert target.run("migrate").returncode == 0
    assert target.restore()["named"] == []


@pytest.mark.long
def test_a_directory_with_files_is_refused(saved: set[str], target: Target) -> None:
    there = target.data / "blobs" / "ab" / "cd" / ("ab" * 32)
    there.parent.mkdir(parents=True)
    there.write_bytes(b"somebody's")
    done = target.run("restore", str(target.place.root))
    assert "There are files in" in done.stderr
    assert there.read_bytes() == b"somebody's"


def test_a_cut_dump_is_refused(saved: set[str], target: Target) -> None:
    dump = target.place.chosen() / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1])
    assert "missing, cut or damaged" in target.refused()


@pytest.mark.long
def test_an_altered_manifest_is_refused(saved: set[str], target: Target) -> None:
    path = target.place.chosen() / FILE
    whole = json.loads(path.read_text())
    whole["manifest"]["trail"]["rows"] += 1
    path.write_text(json.dumps(whole))
    assert "was altered" in target.refused()


@pytest.mark.long
def test_a_manifest_hashed_anew_by_a_stranger_is_refused(saved: set[str], target: Target) -> None:
    path = target.place.chosen() / FILE
    whole = json.loads(path.read_text())
    whole["manifest"]["trail"]["rows"] += 1
    body = json.dumps(whole["manifest"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    whole["sha256"] = sha256(body.encode()).hexdigest()
    path.write_text(json.dumps(whole))
    assert "signature of the manifest" in target.refused()


@pytest.mark.long
def test_a_manifest_without_signature_is_taken_only_when_said(
    saved: set[str], target: Target
) -> None:
    path = target.place.chosen() / FILE
    whole = json.loads(path.read_text())
    path.write_text(json.dumps({**whole, "key_id": "", "signature": ""}))
    assert "--accept-unsigned" in target.refused()
    pub = django_settings.AUDIT_SEAL_KEY_FILE.with_suffix(".pub")
    assert target.restore("--accept-unsigned", "--pubkey", str(pub))["named"] == []


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (" ".join(f"{level}:1:{level + 9:064x}" for level in range(4)), "is not the one it was"),
        (" ".join(f"{level}:2:{level + 1:064x}" for level in range(4)), "is missing"),
    ],
)
@pytest.mark.long
def test_wrong_and_missing_file_keys_are_told_first(
    saved: set[str], target: Target, keys: str, said: str
) -> None:
    told = target.refused(FILE_KEYS=keys)
    assert said in told
    assert "Nothing was touched" in told


@pytest.mark.long
def test_another_seal_key_cannot_vouch(saved: set[str], target: Target, tmp_path: Path) -> None:
    make_key(tmp_path / "other.pem")
    assert "not among those given" in target.refused(
        AUDIT_SEAL_KEY_FILE=str(tmp_path / "other.pem")
    )


@pytest.mark.long
def test_a_backup_of_a_newer_product_is_refused(
    saved: set[str], place: Place, target: Target
) -> None:
    recorded = MigrationRecorder.Migration.objects.create(app="security", name="9999_future")
    try:
        shutil.rmtree(place.sets)
        back_up(place)
    finally:
        recorded.delete()
    assert "newer product" in target.refused()


# --- restored, and named ----------------------------------------------------------------


def test_a_missing_and_a_rotten_file_are_named_and_the_rest_comes_back(
    saved: set[str], place: Place, target: Target
) -> None:
    missing, rotten, whole = sorted(saved)
    stored(place, missing).unlink()
    rot(stored(place, rotten))
    said = target.restore(code=3)
    assert (said["proven"], said["files_bad"]) == (1, 2)
    assert set(said["named"]) == {f"file missing {missing}", f"file damaged {rotten}"}
    assert (target.data / "blobs" / whole[:2] / whole[2:4] / whole).exists()
    assert not (target.data / "blobs" / rotten[:2] / rotten[2:4] / rotten).exists()


@pytest.mark.long
def test_a_file_that_was_rotten_when_it_was_saved_does_not_decrypt(
    place: Place, target: Target
) -> None:
    blob = store(b"one" * 1000)
    seal_now()
    rot(live(blob))
    back_up(place)
    assert f"file damaged {blob}" in target.restore(code=3)["named"]


@pytest.mark.long
def test_another_name_key_is_named(saved: set[str], target: Target) -> None:
    said = target.restore(code=3, FILE_NAME_KEY="another")
    assert said["named"] == ["FILE_NAME_KEY is not the one of the backup"]


def test_copies_that_go_on_are_loss_and_no_attack(saved: set[str], target: Target) -> None:
    write_trail(4)
    seal_now()
    said = target.restore()
    assert said["named"] == []
    assert (said["lost_seals"], said["lost_rows"]) == (1, 4)
    assert "no sign of an attack" in " ".join(said["said"])


@pytest.mark.long
def test_copies_with_a_gap_or_forged_are_a_fault(saved: set[str], target: Target) -> None:
    for _time in range(2):
        write_trail(2)
        seal_now()
    copies = Path(django_settings.AUDIT_CHECKPOINTS_DIR)
    (copies / "0000000002.json").unlink()
    said = target.restore(code=3)
    assert any("does not follow the one before" in fault for fault in said["named"])


@pytest.mark.long
def test_a_copy_that_differs_from_the_restored_seal_is_a_fault(
    saved: set[str], target: Target
) -> None:
    copy = Path(django_settings.AUDIT_CHECKPOINTS_DIR) / "0000000001.json"
    whole = json.loads(copy.read_text())
    whole["body"]["at"] = "2020-01-01T00:00:00.000000+00:00"
    copy.chmod(0o600)
    copy.write_text(json.dumps(whole))
    said = target.restore(code=3)
    assert any("the copy of seal 1 is not what the backup holds" in one for one in said["named"])


@pytest.mark.long
def test_a_row_altered_before_the_backup_is_found_by_the_seals(
    place: Place, target: Target
) -> None:
    write_trail(3)
    seal_now()
    row = AuditEvent.objects.order_by("id").first()
    assert row is not None
    forge("UPDATE security_auditevent SET actor_name = 'x' WHERE id = %s", row.id)
    back_up(place)
    said = target.restore(code=3)
    assert any(f"ALTERED ROW: row {row.id} " in fault for fault in said["named"])


@pytest.mark.long
def test_a_restore_that_was_killed_goes_on(saved: set[str], target: Target) -> None:
    """As it lies after SIGKILL just behind the database: closed, no file there yet."""
    target.restore()
    shutil.rmtree(target.data / "blobs")
    marker = target.data / "closed.json"
    said = json.loads(marker.read_text())
    marker.write_text(json.dumps({**said, "phase": "database"}))
    assert target.restore()["proven"] == 3


@pytest.mark.long
def test_another_backup_is_not_mixed_in(saved: set[str], place: Place, target: Target) -> None:
    target.restore()
    back_up(place)
    done = target.run("restore", str(place.root))
    assert "Here a restore of" in done.stderr
    assert StoredFile.objects.count() == 3
