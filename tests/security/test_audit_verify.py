"""Verification: whatever the owner of the tables does to them is found and named."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from security.database_roles import as_owner
from security.models import AuditCheckpoint
from security.seals import store
from security.seals.keys import make_key
from tests.security.seals import (
    forge,
    ids,
    seal_all,
    sealing,
    this_month,
    verified,
    write,
)

__all__ = ["sealing"]


@pytest.fixture
def sealed(sealing: Path) -> Path:
    """Three checkpoints of four rows each."""
    for _time in range(3):
        write(4)
        seal_all()
    assert AuditCheckpoint.objects.count() == 3
    return sealing


def test_everything_is_recomputed(sealed: Path) -> None:
    assert verified() == (
        0,
        "Recomputed: 3 checkpoints, 12 rows.\nFINE (0): everything is as it was signed.\n",
    )


@pytest.mark.parametrize(
    "change",
    [
        "actor_name = 'x'",
        "actor_id = 7",
        "decision = 'denied'",
        "at = at + interval '1 microsecond'",
        "xid = xid + 1",
        "xid = 5",
        "object_level = 0",
        "object_ids = '{1}'",
        "fields = '{religion}'",
        "reason = reason || ' '",
    ],
)
def test_one_altered_row_is_named(sealed: Path, change: str) -> None:
    row_id = ids()[5]
    assert forge(f"UPDATE security_auditevent SET {change} WHERE id = %s", row_id) == 1  # noqa: S608
    code, said = verified()
    assert code == 10
    assert f"row {row_id} " in said


def test_a_deleted_row_is_named(sealed: Path) -> None:
    row_id = ids()[6]
    forge("DELETE FROM security_auditevent WHERE id = %s", row_id)
    code, said = verified()
    assert (code, f"row {row_id} of checkpoint 2 is missing" in said) == (11, True)


def test_an_added_row_is_named(sealed: Path) -> None:
    copied = (
        "at, xid, actor_name, session, address, request, action, object_type, object_id,"
        " object_path, object_ids, fields, decision, allowed_by, reason"
    )
    forge(
        f"INSERT INTO security_auditevent ({copied}) SELECT {copied} FROM security_auditevent WHERE id = %s",  # noqa: S608
        ids()[1],
    )
    code, said = verified()
    assert code == 12
    assert f"row {ids()[-1]} (" in said
    assert "was added after checkpoint 1" in said


def test_two_rows_that_changed_places_are_named(sealed: Path) -> None:
    first, second = ids()[1:3]
    forge(
        "UPDATE security_auditevent AS one SET object_id = other.object_id, at = other.at, xid = other.xid"
        " FROM security_auditevent AS other WHERE (one.id, other.id) IN ((%s, %s), (%s, %s))",
        first, second, second, first,
    )  # fmt: skip
    code, said = verified()
    assert (code, f"row {first} " in said) == (10, True)


def test_rows_cut_off_at_the_end_are_a_cut_tail(sealed: Path) -> None:
    cut = ids()[-3]
    forge("DELETE FROM security_auditevent WHERE id >= %s", cut)
    code, said = verified()
    assert (code, f"sealed row {cut} too" in said) == (13, True)


def test_a_tail_cut_together_with_its_checkpoint_is_known_by_the_files(sealed: Path) -> None:
    cut = ids()[-4]
    forge("DELETE FROM security_auditevent WHERE id >= %s", cut)
    forge("DELETE FROM security_auditcheckpoint WHERE number = 3")
    code, said = verified()
    assert (code, "go on to checkpoint 3, the database ends with 2" in said) == (13, True)


def test_a_whole_trail_thrown_away_is_known_by_the_files(sealed: Path) -> None:
    forge("TRUNCATE security_auditevent")
    forge("TRUNCATE security_auditcheckpoint")
    assert verified()[0] == 13


def test_a_month_swapped_for_a_forged_copy_is_found(sealed: Path) -> None:
    row_id = ids()[7]
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM security_auditevent LIMIT 1")
        part = cursor.fetchone()[0]
        cursor.execute(
            f"SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = '{part}'::regclass"  # noqa: S608
        )
        bounds = cursor.fetchone()[0]
        cursor.execute(f"CREATE TABLE forged (LIKE {part} INCLUDING ALL EXCLUDING IDENTITY)")
        cursor.execute(f"INSERT INTO forged SELECT * FROM {part}")  # noqa: S608
        cursor.execute("UPDATE forged SET reason = 'forged' WHERE id = %s", [row_id])
        cursor.execute(f"ALTER TABLE security_auditevent DETACH PARTITION {part}")
        cursor.execute(f"ALTER TABLE security_auditevent ATTACH PARTITION forged {bounds}")
    try:
        code, said = verified()
    finally:
        with as_owner(), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("ALTER TABLE security_auditevent DETACH PARTITION forged")
            cursor.execute("DROP TABLE forged")
            cursor.execute(f"ALTER TABLE security_auditevent ATTACH PARTITION {part} {bounds}")
    assert (code, f"row {row_id} " in said) == (10, True)
    assert verified()[0] == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("signature = decode(repeat('00', 64), 'hex')", 14),
        ("rows = 4, at = at + interval '1 second'", 14),
        ("root = decode(repeat('11', 32), 'hex')", 14),
        ("months = '{\"2020-01\": 4}'", 14),
        ("key_id = 'unknown'", 14),
        ("leaves = overlay(leaves PLACING '\\x00' FROM 20)", 16),
    ],
)
def test_a_forged_checkpoint_is_found(sealed: Path, change: str, expected: int) -> None:
    forge(f"UPDATE security_auditcheckpoint SET {change.replace('%', '%%')} WHERE number = 2")  # noqa: S608
    code, said = verified()
    assert code == expected
    assert "checkpoint 2" in said


def test_a_checkpoint_taken_out_of_the_chain_is_a_gap(sealed: Path) -> None:
    forge("DELETE FROM security_auditcheckpoint WHERE number = 2")
    code, said = verified()
    assert (code, "checkpoint 3 does not follow: 2 was expected" in said) == (15, True)


def test_rows_forged_together_with_the_leaves_are_found_by_the_root(sealed: Path) -> None:
    """Who knows the format recomputes the leaf too, but cannot sign the root."""
    row_id = ids()[5]
    forge("UPDATE security_auditevent SET reason = 'forged' WHERE id = %s", row_id)
    forge("UPDATE security_auditcheckpoint SET leaves = overlay(leaves PLACING %s FROM 49) WHERE number = 2",
          bytes(32))  # fmt: skip
    assert verified()[0] == 16


def spoil(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes().replace(b'"rows": 4', b'"rows": 5'))


def cut(path: Path) -> None:
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:200])


@pytest.mark.parametrize("harm", [spoil, cut])
def test_a_forged_file_is_named(sealed: Path, harm: Callable[[Path], None]) -> None:
    harm(store.path_of(sealed, 2))
    code, said = verified()
    assert (code, "file of checkpoint 2 is not what" in said) == (16, True)


def test_a_lost_file_is_named(sealed: Path) -> None:
    store.path_of(sealed, 2).unlink()
    code, said = verified()
    assert (code, "file of checkpoint 2 is lost" in said) == (16, True)


def test_another_key_fits_no_seal(sealed: Path, tmp_path: Path) -> None:
    make_key(tmp_path / "other.pem")
    assert verified("--pubkey", str(tmp_path / "other.pub"))[0] == 14


def test_the_public_key_is_enough(sealed: Path, settings: Any) -> None:
    public = settings.AUDIT_SEAL_KEY_FILE.with_suffix(".pub")
    settings.AUDIT_SEAL_KEY_FILE.unlink()
    with pytest.raises(CommandError, match="no seal key"):
        verified()
    assert verified("--pubkey", str(public), "--checkpoints", str(sealed))[0] == 0


def test_only_the_months_asked_for_are_recomputed(sealed: Path) -> None:
    forge("UPDATE security_auditevent SET reason = 'x' WHERE id = %s", ids()[0])
    assert verified("--from", this_month())[0] == 10
    assert verified("--from", "2099-01")[0] == 0
    assert verified("--to", "2001-01")[0] == 0


# --- an exported month ------------------------------------------------------------------


@pytest.fixture
def exported(sealed: Path, tmp_path: Path) -> Path:
    """A month with rows of another one in the same checkpoint."""
    write(3)
    forge("UPDATE security_auditevent SET at = '2001-05-05 12:00Z' WHERE id = %s", ids()[-2])
    seal_all()
    out = tmp_path / "month.jsonl"
    call_command("audit_export", this_month(), "--out", str(out), stdout=StringIO())
    return out


def test_an_exported_month_verifies_without_the_database(exported: Path, sealed: Path) -> None:
    forge("TRUNCATE security_auditevent")
    forge("TRUNCATE security_auditcheckpoint")
    code, said = verified("--file", str(exported), "--checkpoints", str(sealed))
    assert (code, said.splitlines()[0]) == (0, "Recomputed: 4 checkpoints, 14 rows.")
    assert exported.stat().st_mode & 0o777 == 0o600


def at_row(number: int, change: Callable[[str], list[str]]) -> Callable[[list[str]], list[str]]:
    def changed(lines: list[str]) -> list[str]:
        rows = [at for at, line in enumerate(lines) if line.startswith("[")]
        at = rows[number]
        return [*lines[:at], *change(lines[at]), *lines[at + 1 :]]

    return changed


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (at_row(5, lambda line: [line.replace('"allowed"', '"denied"')]), 10),
        (at_row(5, lambda line: []), 11),
        (at_row(5, lambda line: [line, line]), 12),
        (lambda lines: [x.replace('"rows": 4', '"rows": 3') for x in lines], 14),
        (lambda lines: lines[:6] + lines[11:], 15),
        (lambda lines: lines[:11], 13),
        (lambda lines: [*lines[:3], "{", *lines[3:]], 16),
    ],
)
def test_a_changed_export_is_found(
    exported: Path, sealed: Path, change: Callable[[list[str]], list[str]], expected: int
) -> None:
    lines = exported.read_text("utf-8").splitlines()
    exported.write_text("\n".join(change(lines)) + "\n", "utf-8")
    assert verified("--file", str(exported), "--checkpoints", str(sealed))[0] == expected


def test_an_export_never_replaces_a_file_nor_is_born_wrong(exported: Path, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="not overwritten"):
        call_command("audit_export", this_month(), "--out", str(exported))
    forge("UPDATE security_auditevent SET reason = 'x' WHERE id = %s", ids()[0])
    with pytest.raises(CommandError, match="Not exported"):
        call_command("audit_export", this_month(), "--out", str(tmp_path / "b.jsonl"))
    with pytest.raises(CommandError, match="no row of 1999-01"):
        call_command("audit_export", "1999-01", "--out", str(tmp_path / "b.jsonl"))
    assert not (tmp_path / "b.jsonl").exists()
