"""What tests of the seals share: a key, a directory, other connections, the superuser's hand."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

from security import audit
from security.database_roles import as_owner
from security.seals.sealing import seal

TRAIL = "security_auditevent"
CHECKPOINTS = "security_auditcheckpoint"


@contextmanager
def another_connection() -> Iterator[Any]:
    """A session of its own on the tests' database, in the application's role; rolled back unless
    the test commits."""
    one = connection.settings_dict
    other = psycopg2.connect(
        dbname=one["NAME"], user=one["USER"], password=one["PASSWORD"], host=one["HOST"],
        port=one["PORT"] or None, options=f"-c role={one['OPTIONS']['assume_role']}",
    )  # fmt: skip
    try:
        yield other
    finally:
        other.close()


def forge(statement: str, *values: Any) -> int:
    """What the owner or a superuser can do: no trigger stands in his way. Returns rows touched."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT relid::regclass::text FROM pg_partition_tree(%s)", [TRAIL])
        tables = [CHECKPOINTS, *(name for (name,) in cursor.fetchall())]
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
        cursor.execute(statement, values or None)
        touched = int(cursor.rowcount)
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")
    return touched


def empty_seals() -> None:
    forge("TRUNCATE security_auditevent")
    forge("TRUNCATE security_auditcheckpoint")


def write(count: int, *, wait: bool = True) -> None:
    """Rows, each in a transaction of its own, ready to be sealed."""
    for number in range(count):
        audit.record("read", actor=None, object_type="records.member", object_id=number)
    if wait and not connection.in_atomic_block:
        settled()


def seal_all(**options: Any) -> int:
    return seal(now=timezone.now(), **options)


def settled(*, patience: float = 120) -> None:
    """Wait until no transaction older than the rows written is under way on this server: tests of
    another process that use the same server hold the window back as any transaction does."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) = 0 FROM security_auditevent, pg_current_snapshot() AS seen"
                " WHERE xid >= pg_snapshot_xmin(seen)::text::bigint"
                " AND xid < pg_snapshot_xmax(seen)::text::bigint"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.05)
    raise AssertionError("a transaction of somebody else does not end")


def verified(*arguments: str) -> tuple[int, str]:
    """Exit code and words of ``audit_verify``."""
    out = StringIO()
    try:
        call_command("audit_verify", *arguments, stdout=out)
    except SystemExit as stop:
        return int(stop.code or 0), out.getvalue()
    return 0, out.getvalue()


def ids() -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT id FROM security_auditevent ORDER BY id")
        return [row_id for (row_id,) in cursor.fetchall()]


def this_month() -> str:
    return datetime.now(UTC).strftime("%Y-%m")


@pytest.fixture
def sealing(transactional_db: None, settings: Any, tmp_path: Path) -> Iterator[Path]:
    """An installation with a key and an empty trail; gives the directory of checkpoints."""
    settings.AUDIT_SEAL_KEY_FILE = tmp_path / "keys" / "seal.pem"
    settings.AUDIT_CHECKPOINTS_DIR = tmp_path / "checkpoints"
    empty_seals()
    call_command("audit_key", stdout=StringIO())
    yield settings.AUDIT_CHECKPOINTS_DIR
    empty_seals()
