from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import InternalError, ProgrammingError, connection, transaction
from django.db.utils import DatabaseError

from security import audit
from security.context import Origin, origin
from security.database_roles import as_owner
from security.models import AuditEvent, StoredFile
from security.partitions import make_partitions
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db
PARENT = "security_auditevent"


def tables() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relid::regclass::text FROM pg_partition_tree('security_auditevent') ORDER BY 1"
        )
        return [name for (name,) in cursor.fetchall()]


def partition_of_today() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM security_auditevent LIMIT 1")
        return str(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "sql", ["UPDATE {} SET reason = 'x'", "DELETE FROM {}", "TRUNCATE {}", "TRUNCATE {} CASCADE"]
)
def test_nothing_written_can_be_changed_on_parent_or_partitions(sql: str) -> None:
    """Triggers hold even the owner; the application's role does not get as far (ADR 15)."""
    audit.record("read", actor=None)
    assert len(tables()) >= 6  # parent, default, this month and the next three
    assert partition_of_today() in tables()
    for table in tables():
        with (
            as_owner(),
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql.format(table))
    assert AuditEvent.objects.count() == 1


def test_partitions_are_made_ahead_and_guarded() -> None:
    make_partitions(now=datetime(2031, 11, 20, tzinfo=UTC))
    made = set(tables())
    assert {f"{PARENT}_{month}" for month in (203111, 203112, 203201, 203202)} <= made
    make_partitions(now=datetime(2031, 11, 20, tzinfo=UTC))
    assert set(tables()) == made
    with (
        as_owner(),
        pytest.raises((InternalError, ProgrammingError), match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"TRUNCATE {PARENT}_203202")


def test_a_line_freezes_who_what_and_where_from() -> None:
    user = make_officer("keeper")
    row = StoredFile(pk=7, unit=user.unit, unit_path=user.unit.path, level=1)
    with origin(Origin(session="s" * 32, address="10.0.0.1", request="r1")):
        audit.record("read", actor=user, row=row, fields=["religion"], allowed_by="role keeper")
    line = AuditEvent.objects.get(action="read")
    assert (line.actor_id, line.actor_name) == (user.pk, user.full_name)
    assert (line.object_type, line.object_id) == ("security.storedfile", "7")
    assert (line.object_level, line.object_path) == (1, user.unit.path)
    assert (line.session, line.address, line.request) == ("s" * 32, "10.0.0.1", "r1")
    assert line.fields == ["religion"]
    assert line.at is not None
    assert line.xid > 0


def test_long_texts_are_cut_instead_of_failing_the_request() -> None:
    user = make_officer("keeper", full_name="A" * 120)
    audit.record("read", actor=user, reason="x" * 1000, allowed_by="y" * 1000)
    line = AuditEvent.objects.get(action="read")
    assert (len(line.reason), len(line.allowed_by)) == (300, 120)


def test_what_the_table_cannot_hold_never_fails_a_request() -> None:
    audit.record("read", actor=None, object_id="9" * 60, reason="a\x00b", allowed_by="\x00")
    line = AuditEvent.objects.get(action="read")
    assert (line.object_id, line.reason, line.allowed_by) == ("9" * 40, "ab", "")


def test_a_line_goes_with_its_transaction() -> None:
    with transaction.atomic():
        audit.record("read", actor=None)
        transaction.set_rollback(True)
    assert not AuditEvent.objects.exists()
