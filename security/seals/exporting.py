"""A month of the trail as a file that can be verified without the database.

One JSON value per line: the header; then for each checkpoint its body and signature, followed by
its leaves in order: the row itself (an array) where it is of this month, else id and hash.
Checkpoints between the first and the last that hold no row of the month come without leaves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from security.merkle import leaf_hash, root_of
from security.models import AuditCheckpoint
from security.seals import store
from security.seals.checkpoints import Body, CheckpointError, Sealed, links, read_body, windows_end
from security.seals.findings import Code, Finding, Report
from security.seals.lines import NO_END, Line, Window, lines_in
from security.seals.sealing import body_of, sealed_of
from security.seals.verifying import PublicKeys, bodies_of, first_difference, signed

FORMAT = "audit-export-1"


class ExportError(Exception):
    """The month cannot be exported; the message says why."""


def export_month(month: str, out: TextIO) -> int:
    """Write the month's rows with their proofs; returns how many rows.

    Raises ExportError where a row is not what was sealed: a file must not be born wrong.
    """
    checkpoints = AuditCheckpoint.objects.order_by("number").defer("leaves")
    bodies = [body_of(row) for row in checkpoints.iterator()]
    within = [body.number for body in bodies if month in body.months]
    if not within:
        raise ExportError(f"no row of {month} is sealed")
    ends = windows_end(bodies)
    _write(out, {"format": FORMAT, "month": month})
    rows = 0
    for body in bodies[within[0] - 1 : within[-1]]:
        rows += _export(body, month, out, until_id=ends.get(body.after_id, NO_END))
    return rows


def _export(body: Body, month: str, out: TextIO, *, until_id: int) -> int:
    sealed = sealed_of(AuditCheckpoint.objects.get(number=body.number))
    _write(out, {"checkpoint": asdict(body), "signature": sealed.signature.hex()})
    if month not in body.months:
        return 0
    window = Window(body.from_xid, body.upto_xid, body.after_id, until_id)
    rows = {line.id: line for line in lines_in(window, month)}
    finding = first_difference(_only(sealed, rows), list(rows.values()))
    if finding or len(rows) != body.months[month]:
        raise ExportError(finding.text if finding else f"rows of checkpoint {body.number} differ")
    for row_id, leaf in sealed.leaves.items():
        line = rows.get(row_id)
        out.write(line.text + "\n" if line else "")
        if line is None:
            _write(out, {"id": row_id, "leaf": leaf.hex()})
    return len(rows)


def _only(sealed: Sealed, rows: Iterable[int]) -> Sealed:
    kept = set(rows)
    leaves = {row_id: leaf for row_id, leaf in sealed.leaves.items() if row_id in kept}
    return Sealed(sealed.body, sealed.signature, leaves)


def _write(out: TextIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value, ensure_ascii=False) + "\n")


# --- verification -----------------------------------------------------------------------


@dataclass
class _Part:
    """A checkpoint of the file and the leaves that follow it."""

    sealed: Sealed
    lines: list[Line] = field(default_factory=list)
    leaves: list[bytes] = field(default_factory=list)


def verify_export(file: Path, keys: PublicKeys, *, directory: Path | None = None) -> Report:
    """Recompute an exported month from the file and the public keys alone.

    directory: kept checkpoints, to see that the file holds all that know rows of the month.
    """
    checkpoints = rows = 0
    before: Body | None = None
    try:
        with file.open(encoding="utf-8") as opened:
            month = _month_of(opened)
            for part in _parts(opened):
                body = part.sealed.body
                finding = signed(part.sealed, keys) or _follows(before, body)
                finding = finding or _adds_up(part, month, directory)
                checkpoints, rows, before = checkpoints + 1, rows + len(part.lines), body
                if finding:
                    return Report(checkpoints, rows, finding)
    except (ValueError, KeyError, TypeError, CheckpointError) as error:
        finding = Finding(Code.CHECKPOINT, f"after checkpoint {before.number if before else 0}: "
                          f"the file cannot be read ({type(error).__name__})")  # fmt: skip
        return Report(checkpoints, rows, finding)
    return Report(checkpoints, rows, _whole(before, month, directory))


def _month_of(opened: TextIO) -> str:
    header = json.loads(opened.readline())
    if header["format"] != FORMAT:
        raise CheckpointError("unknown format")
    return str(header["month"])


def _parts(opened: TextIO) -> Iterator[_Part]:
    part: _Part | None = None
    for text in opened:
        value = json.loads(text)
        if isinstance(value, dict) and "checkpoint" in value:
            if part:
                yield part
            body = read_body(value["checkpoint"])
            part = _Part(Sealed(body, bytes.fromhex(value["signature"]), {}))
        elif part is None:
            raise CheckpointError("a row stands before its checkpoint")
        elif isinstance(value, list):
            line = Line(id=value[2], text=text.rstrip("\n"))
            part.lines.append(line)
            part.leaves.append(leaf_hash(line.text.encode()))
        else:
            part.leaves.append(bytes.fromhex(value["leaf"]))
    if part:
        yield part


def _follows(before: Body | None, body: Body) -> Finding | None:
    if before is None or links(before, body):
        return None
    text = f"checkpoint {body.number} does not follow {before.number}"
    return Finding(Code.GAP, text)


def _adds_up(part: _Part, month: str, directory: Path | None) -> Finding | None:
    body = part.sealed.body
    expected, found = body.months.get(month, 0), len(part.lines)
    if found < expected:
        text = f"checkpoint {body.number}: {expected} rows of {month} were sealed, {found} are here"
        return Finding(Code.MISSING_ROW, text)
    if found > expected or any(line.month != month for line in part.lines):
        text = f"checkpoint {body.number}: {expected} rows of {month} were sealed, {found} are here"
        return Finding(Code.ADDED_ROW, text)
    if expected and root_of(part.leaves).hex() != body.root:
        ids = f"{part.lines[0].id} to {part.lines[-1].id}"
        text = f"checkpoint {body.number}: a row between {ids} is not as it was sealed"
        return _by_its_copy(part, directory) or Finding(Code.ALTERED_ROW, text)
    return None


def _by_its_copy(part: _Part, directory: Path | None) -> Finding | None:
    """Which row it is: the kept checkpoint knows the leaf of each."""
    kept = store.kept(directory, part.sealed.body.number) if directory else None
    if kept is None or kept.body != part.sealed.body or not kept.adds_up:
        return None
    return first_difference(_only(kept, (line.id for line in part.lines)), part.lines)


def _whole(last: Body | None, month: str, directory: Path | None) -> Finding | None:
    if last is None:
        return Finding(Code.CUT_TAIL, "the file holds no checkpoint")
    if directory is None:
        return None
    for body in bodies_of(directory):
        if body.number > last.number and month in body.months:
            text = f"the file ends with checkpoint {last.number}; {body.number} has rows of {month}"
            return Finding(Code.CUT_TAIL, text)
    return None
