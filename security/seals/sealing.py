"""Sealing: the rows of all transactions that are over, in windows that adjoin.

A row's id says nothing about when it was committed, so an id watermark misses the rows of slow
transactions. ``pg_snapshot_xmin`` does not: every transaction below it is over, whatever it wrote
is seen, and none of them will write again.
"""

from __future__ import annotations

import logging
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

from security.merkle import root_of
from security.models import AuditCheckpoint
from security.seals import revocations, store
from security.seals.checkpoints import FIRST_PREVIOUS, Body, Sealed, pack, unpack
from security.seals.keys import SealKey, load_key
from security.seals.lines import Line, Window, lines_in

log = logging.getLogger(__name__)

BATCH = 100_000
_ONE_AT_A_TIME = 0x5EA1_0001  # advisory lock


def body_of(row: AuditCheckpoint) -> Body:
    """What a row of the table says was signed; its leaves are not asked for."""
    return Body(
        number=row.number,
        after_id=row.after_id,
        from_xid=row.from_xid,
        upto_xid=row.upto_xid,
        rows=row.rows,
        months=row.months,
        root=bytes(row.root).hex(),
        previous=bytes(row.previous).hex(),
        at=_utc(row.at),
        key_id=row.key_id,
    )


def sealed_of(row: AuditCheckpoint) -> Sealed:
    """The whole checkpoint that a row of the table says it is."""
    leaves = unpack(bytes(row.leaves))
    return Sealed(body_of(row), signature=bytes(row.signature), leaves=leaves)


def seal(*, now: datetime, batch: int = BATCH) -> int:
    """Seal everything that can be sealed, copy checkpoints to their directory.

    Returns how many rows were sealed. Nothing to seal changes nothing; while another process
    seals, this one returns at once. Readers and writers of the trail are never waited for or held
    up: only rows of ended transactions are read. Raises SealKeyError without a usable key.
    """
    key = load_key(settings.AUDIT_SEAL_KEY_FILE)
    goal = _horizon()  # what is written meanwhile waits for the next run: this one must end
    total = 0
    while rows := _seal_next(key, now=now, batch=batch, goal=goal):
        total += rows
    copy_checkpoints(settings.AUDIT_CHECKPOINTS_DIR, key)
    return total


@transaction.atomic
def _seal_next(key: SealKey, *, now: datetime, batch: int, goal: int) -> int:
    if not _alone():
        return 0
    last = AuditCheckpoint.objects.defer("leaves").order_by("-number").first()
    window = _next_window(last, batch, goal)
    lines = lines_in(window) if window else []
    if not window or not lines:
        return 0
    body = _body_of(window, lines, last, key=key, now=now)
    _insert(body, key.sign(body.signed), pack((line.id, line.leaf) for line in lines))
    log.info("sealed: checkpoint %d, %d rows", body.number, body.rows)
    return len(lines)


def _alone() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])


def _next_window(last: AuditCheckpoint | None, batch: int, goal: int) -> Window | None:
    """Where the next checkpoint begins and ends; None where nothing is over yet."""
    # Asked again under the lock: another process may have gone beyond the goal since.
    horizon = _horizon()
    if last and horizon < last.upto_xid:
        return _counted_anew(last, horizon)
    start = Window(last.upto_xid if last else 0, goal, after_id=last.after_id if last else 0)
    end = _end_of_batch(start, batch)
    return Window(start.from_xid, end, start.after_id) if end > start.from_xid else None


def _horizon() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        return int(cursor.fetchone()[0])


def _end_of_batch(window: Window, batch: int) -> int:
    """The end of the window, earlier where more than a batch waits: always between two
    transactions, so one that wrote more than a batch is sealed as a whole."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT xid FROM security_auditevent WHERE xid >= %s AND xid < %s AND id > %s "
            "ORDER BY xid OFFSET %s LIMIT 1",
            [window.from_xid, window.upto_xid, window.after_id, batch],
        )
        found = cursor.fetchone()
        if not found:
            return window.upto_xid
        cursor.execute(
            "SELECT min(xid) FROM security_auditevent WHERE xid >= %s AND id > %s",
            [window.from_xid, window.after_id],
        )
        first = int(cursor.fetchone()[0])
    return max(int(found[0]), first + 1)


def _counted_anew(last: AuditCheckpoint, horizon: int) -> Window | None:
    """The database was restored into a server whose transactions have lower numbers.

    First the old rows that were still unsealed are closed off, then windows begin at 0 again for
    the rows with higher ids. At a restore nothing is under way, so the id is a safe border here.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(xid) FROM security_auditevent WHERE xid >= %s AND id > %s",
            [last.upto_xid, last.after_id],
        )
        old_xid = cursor.fetchone()[0]
    if old_xid is not None:
        return Window(last.upto_xid, int(old_xid) + 1, after_id=last.after_id)
    log.warning("transactions are counted anew after checkpoint %d", last.number)
    border = _highest_sealed_id(last.after_id)
    return Window(0, horizon, after_id=border)


def _highest_sealed_id(after_id: int) -> int:
    """Leaves end with the highest id of their checkpoint: eight of the last forty bytes."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(encode(substring(leaves FROM octet_length(leaves) - 39 FOR 8), 'hex') "
            'COLLATE "C") FROM security_auditcheckpoint WHERE after_id = %s',
            [after_id],
        )
        return int(cursor.fetchone()[0], 16)


def _body_of(
    window: Window, lines: list[Line], last: AuditCheckpoint | None, *, key: SealKey, now: datetime
) -> Body:
    return Body(
        number=last.number + 1 if last else 1,
        after_id=window.after_id,
        from_xid=window.from_xid,
        upto_xid=window.upto_xid,
        rows=len(lines),
        months=dict(sorted(Counter(line.month for line in lines).items())),
        root=root_of([line.leaf for line in lines]).hex(),
        previous=(body_of(last).digest if last else FIRST_PREVIOUS).hex(),
        at=_utc(now),
        key_id=key.id,
    )


def _insert(body: Body, signature: bytes, leaves: bytes) -> None:
    AuditCheckpoint.objects.create(
        number=body.number,
        after_id=body.after_id,
        from_xid=body.from_xid,
        upto_xid=body.upto_xid,
        rows=body.rows,
        months=body.months,
        root=bytes.fromhex(body.root),
        previous=bytes.fromhex(body.previous),
        at=datetime.fromisoformat(body.at),
        key_id=body.key_id,
        signature=signature,
        leaves=leaves,
    )


def copy_checkpoints(directory: Path, key: SealKey) -> int:
    """Write the files that are missing at the end, oldest first; returns how many.

    Before each the revocations of its rows: a checkpoint that is there has them.

    After the commit: a checkpoint's file must never exist without its row. Whatever a crash left
    out is written the next time. Raises CheckpointConflictError where the files know more than the
    database: somebody threw seals away.
    """
    # The files first: what another process seals between the two looks is no file without a row.
    kept = max(store.numbers(directory), default=0)
    last = AuditCheckpoint.objects.aggregate(last=Max("number"))["last"] or 0
    if kept > last:
        text = f"{directory} goes on to checkpoint {kept}, the database ends with {last}"
        raise store.CheckpointConflictError(text)
    first = last + 1
    while first > 1 and not store.path_of(directory, first - 1).exists():
        first -= 1
    for number in range(first, last + 1):
        sealed = sealed_of(AuditCheckpoint.objects.get(number=number))
        revocations.write(directory, sealed.body, key)
        store.write_once(directory, sealed)
    return last + 1 - first


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")
