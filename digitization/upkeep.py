"""Upkeep of everything stored: is it whole, is it encrypted, by the newest key. For the machine."""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from digitization.stored import Named, named_blobs
from security import audit, upkeep
from security.crypto import DamagedError
from security.keyring import KeyMissingError

log = logging.getLogger(__name__)
SHARES = 30  # one a day: each file is read once a month
LISTED = 50  # rows named in a report
BAD = ("damaged", "missing", "no_key")


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
        return ", ".join(f"{state} {count}" for state, count in sorted(self.counts.items()))


def share_of(day: date) -> int:
    """Which share is read on a day."""
    return day.toordinal() % SHARES


def check_files(*, share: int | None = None) -> Report:
    """Read all files that rows name, or one of the SHARES of them; sweep what uploads left."""
    report = Report()
    for named in named_blobs():
        if share is None or int(named.blob[:8], 16) % SHARES == share:
            state = upkeep.state_of(named.blob, sha256=named.sha256)
            report.add(state, named.kind, named.pk)
    if swept := upkeep.sweep_incoming():
        report.counts["swept"] = swept
    return _told("files.checked", report)


def encrypt_files() -> Report:
    """Encrypt every plain blob that a row names, for the level of that row."""
    report = Report()
    for named in named_blobs():
        report.add(_encrypted(named), named.kind, named.pk)
    return _told("files.encrypted", report)


def rotate_keys() -> Report:
    """Wrap by the newest key: first every blob there is, then those whose rows lie higher now."""
    report = Report()
    for blob in upkeep.all_blobs():
        report.add(_rewrapped(blob, None), "blob", blob[:12])
    for named in named_blobs():
        if _rewrapped(named.blob, named.level) == "rewrapped":
            report.counts["raised"] += 1
    return _told("files.rewrapped", report)


def _encrypted(named: Named) -> str:
    try:
        done = upkeep.encrypt(named.blob, level=named.level, sha256=named.sha256)
    except FileNotFoundError:
        return "missing"
    except DamagedError:
        return "damaged"
    return "encrypted" if done else "already"


def _rewrapped(blob: str, level: int | None) -> str:
    try:
        return "rewrapped" if upkeep.rewrap(blob, level=level) else "already"
    except FileNotFoundError:
        return "missing"
    except KeyMissingError:
        return "no_key"
    except DamagedError:
        return "damaged"


def _told(event: str, report: Report) -> Report:
    """One line of the trail, and one of the log per bad row."""
    for row in report.rows:
        log.error("stored file: %s", row)
    audit.record(event, actor=None, reason="; ".join([str(report), *report.rows]))
    return report
