"""Taking a part of the trail along: with a reason, a month at most, and on the trail itself."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from security import audit
from security.csv_cells import safe
from security.models import AuditEvent, User
from security.selectors.trail import VIEW, TrailFilter, blanked, found_events
from security.services.problems import Problem, RefusedError, check_action

DAYS_AT_MOST = 31
BATCH = 500
COLUMNS = (
    "at", "actor_id", "actor_name", "action", "object_type", "object_id", "object_level",
    "object_path", "object_ids", "fields", "decision", "allowed_by", "reason", "address",
    "request", "session", "id",
)  # fmt: skip


class Line:
    """What the csv module writes into: hands each line on instead of keeping it."""

    def write(self, text: str) -> str:
        return text


def export_trail(*, actor: User, asked: TrailFilter, reason: str, now: datetime) -> Iterator[str]:
    """The lines of a CSV file of everything that fits, newest first, read as they are sent.

    The export is on the trail before its first line leaves. Raises RefusedError (reason_missing,
    span_too_long, not_allowed).
    """
    check_action(actor, VIEW)
    problems = []
    if not reason.strip():
        problems.append(Problem("reason_missing", _("Say what the export is for.")))
    if (asked.until - asked.since).days >= DAYS_AT_MOST:
        problems.append(
            Problem("span_too_long", _("At most a month at a time: choose a shorter time."))
        )
    if problems:
        raise RefusedError(*problems)
    events, _units = found_events(actor, asked)
    # Not beyond this moment: the export itself is no part of what it exports.
    events = events.filter(at__lte=now)
    audit.record(
        "trail.exported",
        actor=actor,
        object_type="security.auditevent",
        fields=asked.asked,
        reason=f"{asked.since:%Y-%m-%d}..{asked.until:%Y-%m-%d}: {reason.strip()}",
    )
    return _lines(actor, events)


def _lines(actor: User, events: QuerySet[AuditEvent]) -> Iterator[str]:
    writer = csv.writer(Line())
    yield "\ufeff" + writer.writerow(COLUMNS)
    for event in events.iterator(chunk_size=BATCH):
        blanked(actor, [event])
        yield writer.writerow([safe(_cell(event, name)) for name in COLUMNS])


def _cell(event: AuditEvent, name: str) -> str:
    value = getattr(event, name)
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="milliseconds")
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return "" if value is None else str(value)
