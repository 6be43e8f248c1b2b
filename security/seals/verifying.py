"""Recomputing the whole trail from its rows, and naming the first difference.

In this order: checkpoints that only their files know (the tail was cut), signatures and chain of
all checkpoints, then checkpoint by checkpoint the file, the leaves and the rows, at last the lag.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import repeat
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.db.models import Max

from security.models import AuditCheckpoint, AuditEvent
from security.seals import store
from security.seals.checkpoints import Body, CheckpointError, Sealed, links, windows_end
from security.seals.findings import Code, Finding, Report
from security.seals.keys import is_signed
from security.seals.lines import NO_END, Line, Window, line_of, lines_in
from security.seals.sealing import body_of, sealed_of
from security.seals.state import LATE_AFTER, seal_state

PublicKeys = Mapping[str, Ed25519PublicKey]


@dataclass(frozen=True)
class Asked:
    """What to verify with, and which months (``2026-11``; empty: from the first, to the last)."""

    keys: PublicKeys
    directory: Path | None = None
    first_month: str = ""
    last_month: str = ""

    def wholly_within(self, body: Body) -> bool:
        return min(body.months) >= self.first_month and (
            not self.last_month or max(body.months) <= self.last_month
        )

    def touches(self, body: Body) -> bool:
        return max(body.months) >= self.first_month and (
            not self.last_month or min(body.months) <= self.last_month
        )


def verify(asked: Asked, *, now: datetime, pool: Executor | None = None) -> Report:
    """Recompute everything asked for; the report names the first difference.

    pool: of processes that share the checkpoints between them; whoever gives one has closed the
    connection before it forked.
    """
    heads = _heads()
    finding = _tail_kept(heads, asked.directory, now) or _chain_holds(heads, asked.keys)
    if finding:
        return Report(0, 0, finding)
    report = _contents(heads, asked, pool)
    if report.finding or asked.last_month:
        return report
    return replace(report, finding=_in_time(now))


def _heads() -> list[Sealed]:
    """All checkpoints without their leaves."""
    rows = AuditCheckpoint.objects.order_by("number").defer("leaves")
    return [Sealed(body_of(row), bytes(row.signature), leaves={}) for row in rows.iterator()]


def _tail_kept(heads: Sequence[Sealed], directory: Path | None, now: datetime) -> Finding | None:
    if directory is None:
        return None
    kept, last = store.numbers(directory), heads[-1].body.number if heads else 0
    copied = max(kept, default=0)
    if copied > last:
        text = f"the files go on to checkpoint {copied}, the database ends with {last}"
        return Finding(Code.CUT_TAIL, text)
    for head in heads:
        number, at = head.body.number, datetime.fromisoformat(head.body.at)
        # The newest may be on their way to the directory at this moment.
        on_its_way = number > copied and now - at < LATE_AFTER
        if number not in kept and not on_its_way:
            return Finding(Code.CHECKPOINT, f"the file of checkpoint {number} is lost")
    return None


def _chain_holds(heads: Sequence[Sealed], keys: PublicKeys) -> Finding | None:
    before: Body | None = None
    for head in heads:
        finding = signed(head, keys)
        if finding:
            return finding
        if not links(before, head.body):
            expected = before.number + 1 if before else 1
            text = f"checkpoint {head.body.number} does not follow: {expected} was expected"
            return Finding(Code.GAP, text)
        before = head.body
    return None


def signed(sealed: Sealed, keys: PublicKeys) -> Finding | None:
    """Whether a known key signed exactly this body."""
    body = sealed.body
    key = keys.get(body.key_id)
    if key is None:
        text = f"checkpoint {body.number} names key {body.key_id}, which is not among those given"
        return Finding(Code.BAD_SIGNATURE, text)
    if not is_signed(key, sealed.signature, body.signed):
        return Finding(Code.BAD_SIGNATURE, f"the signature of checkpoint {body.number} is wrong")
    return None


def _contents(heads: Sequence[Sealed], asked: Asked, pool: Executor | None) -> Report:
    ends = windows_end([head.body for head in heads])
    wanted = [head for head in heads if asked.wholly_within(head.body)]
    skipped = sum(asked.touches(head.body) for head in heads) - len(wanted)
    findings = (pool.map if pool else map)(
        _content,
        wanted,
        repeat(asked.directory),
        [ends.get(head.body.after_id, NO_END) for head in wanted],
    )
    checkpoints = rows = 0
    for head, finding in zip(wanted, findings, strict=True):
        checkpoints, rows = checkpoints + 1, rows + head.body.rows
        if finding:
            return Report(checkpoints, rows, finding, skipped)
    return Report(checkpoints, rows, None, skipped)


def _content(head: Sealed, directory: Path | None, until_id: int) -> Finding | None:
    body = head.body
    try:
        sealed = sealed_of(AuditCheckpoint.objects.get(number=body.number))
    except CheckpointError:
        sealed = head
    if not sealed.adds_up:
        text = f"checkpoint {body.number}: its list of leaves is not the signed one"
        return Finding(Code.CHECKPOINT, text)
    window = Window(body.from_xid, body.upto_xid, body.after_id, until_id)
    return _file_agrees(sealed, directory) or first_difference(sealed, lines_in(window))


def _file_agrees(sealed: Sealed, directory: Path | None) -> Finding | None:
    if directory is None or not store.path_of(directory, sealed.body.number).exists():
        return None  # lost files were told before
    if store.kept(directory, sealed.body.number) == sealed:
        return None
    text = f"the file of checkpoint {sealed.body.number} is not what the database holds"
    return Finding(Code.CHECKPOINT, text)


def first_difference(sealed: Sealed, lines: Sequence[Line]) -> Finding | None:
    """The first row, by id, that is not what was sealed."""
    number, found = sealed.body.number, {line.id: line for line in lines}
    for row_id in sorted(sealed.leaves.keys() | found.keys()):
        leaf, line = sealed.leaves.get(row_id), found.get(row_id)
        if leaf is None:
            return _too_much(found[row_id], number)
        if line is None:
            gone = _gone(row_id, sealed.body)
            return replace(gone, text=gone.text + _lost_months(sealed.body, lines))
        if line.leaf != leaf:
            text = f"{line.named} is not as checkpoint {number} sealed it; it now reads {line.text}"
            return Finding(Code.ALTERED_ROW, text)
    if len(lines) != len(found):
        return Finding(Code.ADDED_ROW, f"an id occurs twice among the rows of checkpoint {number}")
    return None


def _too_much(line: Line, number: int) -> Finding:
    """A row that its window never held: it was added, or moved here from where it was sealed."""
    for row in AuditCheckpoint.objects.exclude(number=number).iterator(chunk_size=1):
        if line.id in sealed_of(row).leaves:
            text = f"{line.named} of checkpoint {row.number} was moved into that of {number}"
            return Finding(Code.ALTERED_ROW, text)
    return Finding(Code.ADDED_ROW, f"{line.named} was added after checkpoint {number} was signed")


def _lost_months(body: Body, lines: Sequence[Line]) -> str:
    """Says so where a whole month is away: its partition was dropped or detached."""
    there = {line.month for line in lines}
    lost = [f"{count} of {month}" for month, count in body.months.items() if month not in there]
    return f"; of its rows are missing all {', all '.join(lost)}" if lost else ""


def _gone(row_id: int, body: Body) -> Finding:
    number, elsewhere = body.number, line_of(row_id)
    if elsewhere is not None:
        text = f"{elsewhere.named} left the window of checkpoint {number}; it now reads "
        return Finding(Code.ALTERED_ROW, text + elsewhere.text)
    highest = AuditEvent.objects.aggregate(last=Max("id"))["last"] or 0
    if highest < row_id:
        text = f"the trail ends with row {highest}; checkpoint {number} sealed row {row_id} too"
        return Finding(Code.CUT_TAIL, text)
    text = f"row {row_id} of checkpoint {number} is missing; it was sealed at {body.at}"
    return Finding(Code.MISSING_ROW, text)


def _in_time(now: datetime) -> Finding | None:
    state = seal_state(now=now)
    if not state.late:
        return None
    text = f"{state.unsealed} rows are not sealed, the oldest for {state.minutes} minutes"
    return Finding(Code.LAG, text)


def bodies_of(directory: Path) -> Iterator[Body]:
    """Bodies of the kept checkpoints; unreadable files are left to ``verify``."""
    for number in sorted(store.numbers(directory)):
        sealed = store.kept(directory, number)
        if sealed is not None:
            yield sealed.body
