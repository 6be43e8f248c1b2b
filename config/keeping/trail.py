"""The restored trail against its seals, and against copies of seals that lie elsewhere.

Copies that go on after the backup's last seal are what one expects of a backup: it is older than
the copies. That is told as loss, and told apart from an attack: those seals must be signed and must
follow the restored ones without a gap.
"""

from __future__ import annotations

import os
import signal
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from multiprocessing import get_context
from pathlib import Path

from django.db import connection
from django.db.models import Max

from config.launcher.children import dies_with_parent
from security.models import AuditCheckpoint, AuditEvent
from security.seals import store
from security.seals.checkpoints import Body, links
from security.seals.sealing import body_of
from security.seals.verifying import Asked, PublicKeys, signed, verify

_NEAR = 2000
_FOREVER = "9999-12"  # a restored trail has rows that wait for a seal: that is no fault here


@dataclass
class TrailState:
    checkpoints: int = 0
    rows: int = 0
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    lost_seals: int = 0
    lost_rows: int = 0


def check_trail(
    keys: PublicKeys, directory: Path | None, *, now: datetime, pool: Executor | None = None
) -> TrailState:
    """Recompute the whole trail; then compare it with the copies of seals in ``directory``."""
    report = verify(Asked(keys=keys, directory=None, last_month=_FOREVER), now=now, pool=pool)
    state = TrailState(report.checkpoints, report.rows)
    if report.finding:
        state.faults.append(f"trail: {report.code.name.replace('_', ' ')}: {report.finding.text}")
        return state
    copies = sorted(store.numbers(directory)) if directory and directory.is_dir() else []
    if not copies:
        state.said.append(
            "No copies of seals were given: the trail is compared with its own alone."
        )
        return state
    assert directory is not None  # noqa: S101 - for the type checker
    last = _compare(state, directory, set(copies))
    _look_beyond(state, directory, [n for n in copies if not last or n > last.number], last, keys)
    return state


def check_restored_trail(keys: PublicKeys, directory: Path | None, *, now: datetime) -> TrailState:
    """``check_trail`` on every core: hashing a million rows is what a restore waits for."""
    connection.close()  # children must not inherit it
    initializer = dies_with_parent(signal.SIGKILL)
    with ProcessPoolExecutor(os.cpu_count(), get_context("fork"), initializer) as pool:
        pool.submit(int).result()  # forks them all, before this process asks the database again
        return check_trail(keys, directory, now=now, pool=pool)


def _compare(state: TrailState, directory: Path, copies: set[int]) -> Body | None:
    """Every restored seal with its copy; the last restored one."""
    body: Body | None = None
    for row in AuditCheckpoint.objects.order_by("number").defer("leaves").iterator():
        body = body_of(row)
        if body.number not in copies:
            continue
        kept = store.kept(directory, body.number)
        if kept is None or (kept.body, kept.signature) != (body, bytes(row.signature)):
            state.faults.append(
                f"trail: the copy of seal {body.number} is not what the backup holds: one of the "
                "two was altered"
            )
    return body


def _look_beyond(
    state: TrailState, directory: Path, numbers: list[int], last: Body | None, keys: PublicKeys
) -> None:
    """Seals made after the backup: signed, in one chain with it, and all there."""
    before, last_id = last, AuditEvent.objects.aggregate(last=Max("id"))["last"] or 0
    for number in numbers:
        kept = store.kept(directory, number)
        finding = "cannot be read" if kept is None else ""
        if kept is not None and (wrong := signed(kept, keys)):
            finding = wrong.text
        if kept is not None and not finding and not links(before, kept.body):
            finding = "does not follow the one before: a seal in between is gone or was replaced"
        if finding or kept is None:
            state.faults.append(f"trail: the copy of seal {number}: {finding}")
            return
        before = kept.body
        state.lost_seals += 1
        state.lost_rows += sum(row_id > last_id for row_id in kept.leaves)
    if numbers and before:
        state.said.append(
            f"The copies of the seals go on to number {before.number} ({before.at[:16]} UTC), signed "
            f"and in one chain with the backup, which ends with {last.number if last else 0}. The "
            f"backup is older: {state.lost_rows} rows of the trail were written since and are lost "
            "with the database. This is the age of the backup and no sign of an attack."
        )


def newest_number() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(number), 0) FROM security_auditcheckpoint")
        return int(cursor.fetchone()[0])


def put_lost_seals_aside(directory: Path, backup: str) -> Path | None:
    """Move copies of seals that the restored trail does not have beside their directory.

    The trail goes on from its last seal, with the same numbers; the old copies are evidence of what
    was lost and are never deleted. None where there is nothing to move.
    """
    last = newest_number()
    kept = [path for path in directory.glob("[0-9]*") if path.stem.isdecimal()]
    lost = [path for path in kept if int(path.stem) > last]
    if not lost:
        return None
    goal = directory.with_name(f"{directory.name}.after-{backup}")
    goal.mkdir(mode=0o700, exist_ok=True)
    for path in sorted(lost):
        path.rename(goal / path.name)
    return goal


def meet_the_count() -> None:
    """Let this server's count of transactions pass the last seal where it is just short of it.

    A server made anew counts from the beginning, and sealing notices that. What it cannot notice is
    a count that passes the old one between two of its runs: rows written before would lie in a
    window that is sealed already. Far away is no danger, near by a few transactions are spent.
    """
    last = AuditCheckpoint.objects.defer("leaves").order_by("-number").first()
    if last is None:
        return
    with connection.cursor() as cursor:
        for _spent in range(_NEAR):
            cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
            if not 0 < last.upto_xid - int(cursor.fetchone()[0]) <= _NEAR:
                return
            cursor.execute("SELECT pg_current_xact_id()")
