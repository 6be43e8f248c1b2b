"""Upkeep of everything stored: is it whole, is it encrypted, by the newest key. For the machine.

Each run is recorded (``UpkeepRun``); what is found bad is kept (``FileFinding``) and looked at
again by every run until it is whole.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from django.utils import timezone

from digitization.stored import Named, named_blobs
from security import audit, quarantine, upkeep
from security.crypto import DamagedError
from security.keyring import KeyMissingError
from security.models import FileFinding
from security.services.findings import close_finding, note_finding
from security.services.upkeep_runs import Running, recorded, told
from security.upkeep_rules import ALL_SHARES, mask_of, share_of

log = logging.getLogger(__name__)
LISTED = 50  # rows named in a report
BAD = ("damaged", "missing", "no_key")
STATES = ("whole", "unproven", *BAD)


@dataclass
class Report:
    """Numbers and ids, no names. ``rows``: what is bad, as ``state kind id``."""

    counts: Counter[str] = field(default_factory=Counter)
    rows: list[str] = field(default_factory=list)

    @property
    def bad(self) -> int:
        return sum(self.counts[state] for state in BAD)

    def add(self, state: str, kind: str, which: object) -> None:
        self.counts[state] += 1
        if state in BAD and len(self.rows) < LISTED:
            self.rows.append(f"{state} {kind} {which}")

    def __str__(self) -> str:
        return told(self.counts)


def check_files(*, shares: Collection[int] = ALL_SHARES) -> Report:
    """Read the files of these shares that rows name, and those found bad before, to their end."""
    with recorded("fixity") as running:
        report = _checked(set(shares))
        running.figures = {name: report.counts[name] for name in STATES}
        running.figures["looked_at"] = report.counts.total()
        running.figures["shares_mask"] = mask_of(shares)
        _conclude(running, report)
    return report


def _checked(shares: set[int]) -> Report:
    report = Report()
    unseen = {(found.kind, found.number) for found in FileFinding.objects.open()}
    for named in named_blobs():
        was_bad = (named.kind, named.pk) in unseen
        if was_bad or share_of(named.blob) in shares:
            state = upkeep.state_of(named.blob, sha256=named.sha256)
            report.add(state, named.kind, named.pk)
            _keep(named, state, was_bad=was_bad)
            unseen.discard((named.kind, named.pk))
    for kind, number in unseen:
        close_finding(kind=kind, number=number, why="row_gone", now=timezone.now())
    return report


def _keep(named: Named, state: str, *, was_bad: bool) -> None:
    now = timezone.now()
    if state in BAD:
        note_finding(kind=named.kind, number=named.pk, state=state, now=now)
    elif was_bad:
        close_finding(kind=named.kind, number=named.pk, why=state, now=now)


def encrypt_files() -> Report:
    """Encrypt every plain blob that a row names, for the level of that row."""
    report = Report()
    for named in named_blobs():
        report.add(_encrypted(named), named.kind, named.pk)
    _log(report)
    audit.record("files.encrypted", actor=None, reason="; ".join([str(report), *report.rows]))
    return report


def rotate_keys() -> Report:
    """Wrap by the newest key: every blob there is, then those whose rows lie higher now, then
    those in quarantine, which may have to come back."""
    report = Report()
    with recorded("rotation") as running:
        for blob in upkeep.all_blobs():
            report.add(_rewrapped(blob), "blob", blob[:12])
        for named in named_blobs():
            if _rewrapped(named.blob, level=named.level) == "rewrapped":
                report.counts["raised"] += 1
        for _day, blob, path in quarantine.aside():
            report.add(_rewrapped(blob, at=path), "aside", blob[:12])
        del report.counts["swept_meanwhile"]
        running.figures = dict(report.counts)
        _conclude(running, report)
    return report


def _encrypted(named: Named) -> str:
    try:
        done = upkeep.encrypt(named.blob, level=named.level, sha256=named.sha256)
    except FileNotFoundError:
        return "missing"
    except DamagedError:
        return "damaged"
    return "encrypted" if done else "already"


def _rewrapped(blob: str, *, level: int | None = None, at: Path | None = None) -> str:
    try:
        return "rewrapped" if upkeep.rewrap(blob, level=level, at=at) else "already"
    except FileNotFoundError:  # swept since it was listed; the check of files says what is missing
        return "swept_meanwhile"
    except KeyMissingError:
        return "no_key"
    except DamagedError:
        return "damaged"


def _conclude(running: Running, report: Report) -> None:
    running.problems = bool(report.bad)
    running.said = "; ".join(report.rows)
    _log(report)


def _log(report: Report) -> None:
    """One line per bad row, every time it is found so."""
    for row in report.rows:
        log.error("stored file: %s", row)
