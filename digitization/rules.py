"""Pure decisions: gates, retries, file names, index values, pace. No Django, no clock, no database.

Gates: Appendix 2 of the plan, steps 1 and 6.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

MAX_FILE_BYTES = 512 * 2**20
ATTEMPTS = 3
BACK_OFF = (timedelta(seconds=15), timedelta(seconds=60))
LEASE = timedelta(seconds=60)
HEARTBEAT = timedelta(seconds=15)
DOUBTFUL_BELOW = 70.0  # confidence of a word that a person should look at
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")


# --- gates ------------------------------------------------------------------------------


@dataclass(frozen=True)
class CatalogueFacts:
    """What the gate of step 1 looks at."""

    types_expected: int
    pages_or_papers_expected: int
    lead_unit: str
    focal_person: str


def step_1_problems(facts: CatalogueFacts) -> list[str]:
    """Codes of what keeps step 1 open: no catalogue, lead unit or focal person → no digitising."""
    problems = []
    if facts.types_expected < 1 or facts.pages_or_papers_expected < 1:
        problems.append("no_catalogue")
    if not facts.lead_unit:
        problems.append("no_lead_unit")
    if not facts.focal_person:
        problems.append("no_focal_person")
    return problems


@dataclass(frozen=True)
class LotFacts:
    """What the acceptance of a lot looks at."""

    state: str
    pages: int
    unread: int
    failed: int
    dossiers_without_index: int
    inspector: int
    operator: int | None
    workers: frozenset[int]  # who uploaded files or keyed index data
    unseen: bool = False  # something in the lot is above the inspector


def acceptance_problems(facts: LotFacts) -> list[str]:
    """Codes of what keeps a lot from being accepted; empty means it can be."""
    own_work = facts.inspector == facts.operator or facts.inspector in facts.workers
    faults = {
        "lot_not_open": facts.state != "open",
        "lot_empty": facts.pages == 0,
        "pages_unread": facts.unread > 0,
        "pages_failed": facts.failed > 0,
        "index_missing": facts.dossiers_without_index > 0,
        "not_all_seen": facts.unseen,
        "no_operator": facts.operator is None,
        "own_work": own_work,
    }
    return [code for code, there in faults.items() if there]


# --- retries ----------------------------------------------------------------------------


def retry_delay(attempts_left: int) -> timedelta | None:
    """How long a page rests before it is tried again; None: it has failed."""
    if attempts_left <= 0:
        return None
    return BACK_OFF[max(0, len(BACK_OFF) - attempts_left)]


# --- file names -------------------------------------------------------------------------


def clean_name(name: str) -> str:
    """The last part of a path sent by a browser or a shell, without what no file system likes."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    cleaned = _UNSAFE.sub("_", last).strip(" .") or "file"
    return cleaned[-255:]


def free_stem(name: str, taken: Collection[str]) -> str:
    """Name without its ending; the second of two equal names gets "-2", the third "-3"."""
    stem = (name.rsplit(".", 1)[0].strip(" .") or "file")[:140]
    if stem not in taken:
        return stem
    number = 2
    while f"{stem}-{number}" in taken:
        number += 1
    return f"{stem}-{number}"


# --- index values -----------------------------------------------------------------------


def index_value_problem(kind: str, value: str) -> str | None:
    """Code of what is wrong with a keyed value, or None."""
    if not value.strip():
        return "value_missing"
    if len(value) > 300:
        return "value_too_long"
    checks = {"identity": _not_identity, "number": _not_number, "date": _not_date}
    return checks[kind](value.strip()) if kind in checks else None


def _not_identity(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{12}", value) else "not_identity"


def _not_number(value: str) -> str | None:
    return None if re.fullmatch(r"[0-9]{1,6}", value) else "not_number"


def _not_date(value: str) -> str | None:
    parts = _DATE.fullmatch(value)
    if parts is None:
        return "not_date"
    day, month, year = (int(part) for part in parts.groups())
    try:
        date(year, month, day)
    except ValueError:
        return "not_date"
    return None


# --- progress ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Pace:
    """Pages a minute, and minutes left (None: nothing was read lately, so nobody knows)."""

    pages_per_minute: float
    minutes_left: int | None


def pace(*, read_lately: int, seconds: float, remaining: int) -> Pace:
    """``read_lately`` pages were finished in the last ``seconds``."""
    rate = 60 * read_lately / seconds if seconds > 0 else 0.0
    if not remaining:
        return Pace(round(rate, 1), 0)
    return Pace(round(rate, 1), ceil(remaining / rate) if rate > 0 else None)


# --- correction -------------------------------------------------------------------------


def with_line(text: str, number: int, line: str) -> str:
    """The text with one of its lines (from 0) replaced; a line it does not have changes nothing."""
    lines = text.split("\n")
    if 0 <= number < len(lines):
        lines[number] = " ".join(line.split())
    return "\n".join(lines)
