"""Sealing: nothing is missed, nobody waits, one at a time."""

from __future__ import annotations

import json
import logging
import threading
import time
from datetime import UTC, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security import audit
from security.database_roles import as_owner
from security.models import AuditCheckpoint, AuditEvent
from security.seals import store
from security.seals.checkpoints import pack
from security.seals.keys import SealKeyError, load_key
from security.seals.lines import Window, line_of, lines_in
from security.seals.sealing import _alone, _body_of, _insert, sealed_of
from security.seals.state import seal_state
from security.tasks import seal_trail
from tests.security.make import make_officer
from tests.security.seals import (
    another_connection,
    empty_seals,
    forge,
    ids,
    seal_all,
    sealing,
    verified,
    write,
)

__all__ = ["sealing"]
INSERT = (
    "INSERT INTO security_auditevent (actor_name, session, address, request, action, object_type, object_id,"
    " object_path, object_ids, fields, decision, allowed_by, reason) VALUES"
    " ('', '', '', '', 'slow', '', '', '', '{}', '{}', 'allowed', '', '') RETURNING id"
)


def by_hand(event: AuditEvent) -> str:
    """The canonical text, made a second way."""
    at = event.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    before = [
        *("audit-1", at, event.id, event.xid, event.actor_id, event.actor_name, event.session),
        *(event.address, event.request, event.action, event.object_type, event.object_id),
        *(event.object_level, event.object_path),
    ]
    lists = [json.dumps(one, ensure_ascii=False, separators=(",", ":"))
             for one in (event.object_ids, event.fields)]  # fmt: skip
    after = [event.decision, event.allowed_by, event.reason]
    values = [json.dumps(one, ensure_ascii=False) for one in before]
    return f"[{', '.join([*values, *lists, *(json.dumps(a, ensure_ascii=False) for a in after)])}]"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "said", ["", "Nguyễn Văn Ân", 'a"b\\c/d', "line\nbreak\ttab \x01\x1f\x7f", "𝄞 ", ", ]"]
)
def test_the_text_of_a_row_is_canonical_json(said: str) -> None:
    audit.record(
        "read", actor=None, object_type="x", object_id=said[:40], ids=[3, 1, 2],
        fields=["a", said[:60]], reason=said, allowed_by=f"{said} grant",
    )  # fmt: skip
    event = AuditEvent.objects.get(reason=said, object_type="x")
    line = line_of(event.id)
    assert line is not None
    assert line.text == by_hand(event)
    assert line.month == event.at.astimezone(UTC).strftime("%Y-%m")
    with connection.cursor() as cursor:  # the same text wherever whoever verifies lives
        cursor.execute("SET LOCAL TimeZone = 'Asia/Ho_Chi_Minh'")
    assert line_of(event.id) == line


def test_sealing_twice_changes_nothing(sealing: Path) -> None:
    write(5)
    assert seal_all() == 5
    assert seal_all() == 0
    write(3)
    assert seal_all() == 3
    first, second = AuditCheckpoint.objects.all()
    assert (first.rows, second.rows) == (5, 3)
    assert second.from_xid == first.upto_xid
    assert bytes(second.previous) == sealed_of(first).body.digest
    assert store.numbers(sealing) == {1, 2}
    assert store.kept(sealing, 2) == sealed_of(second)
    assert verified()[0] == 0


def test_a_backlog_is_sealed_in_batches_between_transactions(sealing: Path) -> None:
    write(4)
    with transaction.atomic():
        write(7)
    write(4)
    assert seal_all(batch=3) == 15
    counts = list(AuditCheckpoint.objects.values_list("rows", flat=True))
    assert sum(counts) == 15
    assert max(counts) == 7  # the large transaction is whole
    assert verified()[0] == 0


def test_the_window_misses_no_row_of_a_slow_transaction_an_id_watermark_does(sealing: Path) -> None:
    with another_connection() as slow:
        with slow.cursor() as cursor:
            cursor.execute(INSERT)
            slow_id = cursor.fetchone()[0]
        write(3, wait=False)
        watermark = max(ids())
        seal_all()
        assert slow_id < watermark  # an id watermark has passed it while nobody could see it
        slow.commit()
    write(2)
    assert seal_all() > 0
    leaves = [row_id for row in AuditCheckpoint.objects.all() for row_id in sealed_of(row).leaves]
    assert sorted(leaves) == ids()
    assert slow_id in leaves
    assert verified()[0] == 0


@pytest.mark.parametrize("writers", [4])
def test_sealing_beside_writers_misses_and_holds_up_nobody(sealing: Path, writers: int) -> None:
    stop, slowest = threading.Event(), [0.0] * writers
    watermark, missed_by_ids = 0, 0

    def go_on(number: int) -> None:
        with another_connection() as own, own.cursor() as cursor:
            while not stop.is_set():
                started = time.monotonic()
                cursor.execute(INSERT)
                slowest[number] = max(slowest[number], time.monotonic() - started)
                time.sleep(0.002 * number)
                own.commit()

    threads = [threading.Thread(target=go_on, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    seen: set[int] = set()
    try:
        for _round in range(25):
            seal_all()
            now_seen = set(ids())
            missed_by_ids += sum(row_id <= watermark for row_id in now_seen - seen)
            seen, watermark = now_seen, max(now_seen, default=0)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    seal_all()
    leaves = [row_id for row in AuditCheckpoint.objects.all() for row_id in sealed_of(row).leaves]
    assert sorted(leaves) == ids()
    assert len(leaves) > 100
    assert missed_by_ids > 0  # else this test shows nothing about the window
    assert max(slowest) < 2
    assert verified()[0] == 0


def test_a_writer_is_not_held_up_while_sealing_is_under_way(sealing: Path) -> None:
    write(5)
    with transaction.atomic():
        seal_all()  # its transaction is still open: every lock it took is held
        with another_connection() as other, other.cursor() as cursor:
            cursor.execute("SET lock_timeout = '1s'")
            cursor.execute(INSERT)
            other.commit()
    assert AuditEvent.objects.count() == 6


def test_one_at_a_time(sealing: Path) -> None:
    write(5)
    found: list[int] = []

    def second() -> None:
        found.append(seal_all())
        close_old_connections()
        connection.close()

    with transaction.atomic():
        assert _alone()
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(20)
        assert found == [0]
    assert seal_all() == 5
    assert AuditCheckpoint.objects.count() == 1


def test_without_a_key_nothing_is_sealed_and_the_reason_is_clear(
    sealing: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write(2)
    settings.AUDIT_SEAL_KEY_FILE.unlink()
    with pytest.raises(SealKeyError, match="AUDIT_SEAL_KEY_FILE"):
        seal_all()
    with caplog.at_level(logging.WARNING):
        seal_trail()
    assert "nothing sealed" in caplog.text
    assert not AuditCheckpoint.objects.exists()
    assert not sealing.exists()


def test_a_key_open_to_others_is_refused(sealing: Path, settings: Any) -> None:
    assert settings.AUDIT_SEAL_KEY_FILE.stat().st_mode & 0o777 == 0o600
    settings.AUDIT_SEAL_KEY_FILE.chmod(0o640)
    with pytest.raises(SealKeyError, match="chmod 600"):
        load_key(settings.AUDIT_SEAL_KEY_FILE)
    settings.AUDIT_SEAL_KEY_FILE.chmod(0o600)
    settings.AUDIT_SEAL_KEY_FILE.write_text("not a key")
    with pytest.raises(SealKeyError, match="PEM"):
        load_key(settings.AUDIT_SEAL_KEY_FILE)


def test_a_lost_key_is_not_replaced_unless_asked(sealing: Path, settings: Any) -> None:
    kept = settings.AUDIT_SEAL_KEY_FILE.read_bytes()
    call_command("audit_key")
    assert settings.AUDIT_SEAL_KEY_FILE.read_bytes() == kept
    write(1)
    seal_all()
    settings.AUDIT_SEAL_KEY_FILE.unlink()
    public = settings.AUDIT_SEAL_KEY_FILE.with_suffix(".pub")
    public.rename(public.with_name("old.pub"))
    with pytest.raises(CommandError, match="lost"):
        call_command("audit_key")
    assert not settings.AUDIT_SEAL_KEY_FILE.exists()
    call_command("audit_key", "--replace-lost", stdout=StringIO())
    write(1)
    seal_all()
    assert verified()[0] == 14  # the first seal is by the other key
    both = ("--pubkey", str(public), "--pubkey", str(public.with_name("old.pub")))
    assert verified(*both)[0] == 0


def test_a_kept_checkpoint_is_never_overwritten(sealing: Path) -> None:
    write(1)
    seal_all()
    row = AuditCheckpoint.objects.get()
    path = store.path_of(sealing, 1)
    store.write_once(sealing, sealed_of(row))  # the same again is fine
    path.chmod(0o600)
    path.write_bytes(b"{}")
    with pytest.raises(store.CheckpointConflictError):
        store.write_once(sealing, sealed_of(row))
    assert path.read_bytes() == b"{}"
    assert {file.name for file in sealing.iterdir()} == {path.name, "0000000001.revocations"}


def test_a_copy_that_cannot_be_written_is_told_and_tried_again(
    sealing: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    write(1)
    sealing.write_text("no directory")
    with caplog.at_level(logging.ERROR):
        seal_trail()
    assert "could not be copied" in caplog.text
    assert AuditCheckpoint.objects.count() == 1
    sealing.unlink()
    seal_trail()
    assert store.numbers(sealing) == {1}


def test_checkpoints_of_a_trail_that_begins_anew_are_set_aside_not_deleted(sealing: Path) -> None:
    for _time in range(2):
        empty_seals()
        write(1)
        seal_all()
        assert store.set_aside(sealing) is not None
    assert [store.numbers(sealing.with_name(f"checkpoints.old{n}")) for n in (1, 2)] == [{1}, {1}]
    assert store.set_aside(sealing) is None


def test_copies_left_out_by_a_crash_are_written_the_next_time(sealing: Path) -> None:
    for _time in range(3):
        write(1)
        seal_all()
    for number in (2, 3):
        store.path_of(sealing, number).unlink()
    assert seal_all() == 0
    assert store.numbers(sealing) == {1, 2, 3}


@pytest.mark.parametrize("sql", ["UPDATE {} SET rows = 1", "DELETE FROM {}", "TRUNCATE {}"])
def test_checkpoints_are_append_only(sealing: Path, sql: str) -> None:
    write(1)
    seal_all()
    with (
        as_owner(),
        pytest.raises(DatabaseError, match="append-only"),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql.format("security_auditcheckpoint"))
    assert AuditCheckpoint.objects.count() == 1


def test_late_sealing_is_said_in_numbers(sealing: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = timezone.now()
    write(2)
    assert not seal_state(now=now).late
    assert seal_state(now=now + timedelta(minutes=4)).late is False
    late = seal_state(now=now + timedelta(minutes=7))
    assert (late.late, late.unsealed, late.minutes) == (True, 2, 6)
    seal_all()
    assert not seal_state(now=now + timedelta(minutes=7)).late


def test_a_slow_transaction_makes_sealing_late_not_wrong(
    sealing: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with another_connection() as slow:
        with slow.cursor() as cursor:
            cursor.execute("SELECT pg_current_xact_id()")
        write(1, wait=False)
        forge("UPDATE security_auditevent SET at = at - interval '9 min'")
        with caplog.at_level(logging.WARNING):
            seal_trail()
        assert "sealing is late: 1 rows wait, the oldest for 9 min" in caplog.text
        assert verified()[0] == 17
        slow.rollback()
    seal_trail()
    assert verified()[0] == 0


def test_after_a_restore_that_counts_transactions_anew_nothing_is_lost(sealing: Path) -> None:
    """A dump restored into another server: ids go on, numbers of transactions begin low."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_current_xact_id()::text::bigint")
        ahead = int(cursor.fetchone()[0]) + 1_000_000
    write(4)
    forge("UPDATE security_auditevent SET xid = id + %s", ahead)
    seal_as_of(ahead)
    assert AuditCheckpoint.objects.get().rows == 4
    write(1)
    forge(
        "UPDATE security_auditevent SET xid = %s WHERE id = %s", ahead + 10**7, max(ids())
    )  # unsealed then
    write(3)  # written after the restore
    assert seal_all() == 4
    closing, anew = list(AuditCheckpoint.objects.all())[1:]
    assert (closing.rows, closing.after_id, anew.rows) == (1, 0, 3)
    assert (anew.from_xid, anew.after_id) == (0, ids()[4])
    write(2)
    assert seal_all() == 2
    assert verified() == (0, verified()[1])
    assert not seal_state(now=timezone.now() + timedelta(hours=1)).unsealed


def seal_as_of(first_xid: int) -> None:
    """A first checkpoint over rows whose transactions are far ahead of this server's."""
    lines = lines_in(Window(0, 2**62))
    key = load_key(settings.AUDIT_SEAL_KEY_FILE)
    window = Window(0, first_xid + 10**6)
    body = _body_of(window, lines, None, key=key, now=timezone.now())
    _insert(body, key.sign(body.signed), pack((line.id, line.leaf) for line in lines))


@pytest.mark.django_db
def test_the_trails_screen_says_when_sealing_is_late(client: Client) -> None:
    client.force_login(make_officer("security_officer"))
    address = reverse("security:trail")
    assert "Nhật ký chưa được niêm phong" in client.get(address).content.decode()
    with time_machine.travel(timezone.now() + timedelta(minutes=8)):
        body = client.get(address).content.decode()
    assert "notice-warn" in body
    assert "đang chậm" in body
