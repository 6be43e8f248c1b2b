"""The trail told in sentences: equal things done one after the other become one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from security.actions import EVENTS, LABELS, OBJECTS
from security.kinds import kind_called
from security.models import AuditEvent
from security.reading_rules import Sign

NAMED_AT_MOST = 6


@dataclass
class Doing:
    """One thing done, once or several times running."""

    first: datetime
    last: datetime
    action: str
    kind: str
    decision: str
    address: str
    numbers: list[str] = field(default_factory=list)
    rows: int = 0
    times: int = 1
    reason: str = ""
    session: str = ""

    @property
    def denied(self) -> bool:
        return self.decision == AuditEvent.Decision.DENIED

    @property
    def sentence(self) -> str:
        """ "read: Task 12, 14" – what was done, to what, how often."""
        done = event_in_words(self.action)
        what = self._what()
        text = _("%(done)s: %(what)s") % {"done": done, "what": what} if what else done
        if self.times > 1 and len(self.numbers) != self.times:
            text += " · " + ngettext("%d time", "%d times", self.times) % self.times
        return text[:1].upper() + text[1:]

    def _what(self) -> str:
        parts = [kind_in_words(self.kind)] if self.kind else []
        named = self.numbers[:NAMED_AT_MOST]
        if named:
            parts.append(", ".join(named))
        if (left := len(self.numbers) - len(named)) > 0:
            parts.append(ngettext("and %d more", "and %d more", left) % left)
        if self.rows:
            parts.append("– " + ngettext("%d row", "%d rows", self.rows) % self.rows)
        return " ".join(parts)


@dataclass(frozen=True)
class StoryDay:
    day: date
    doings: list[Doing]
    events: int


def told(events: Iterable[AuditEvent]) -> list[StoryDay]:
    """Events given newest first, day by day, within a day from morning to evening."""
    days = []
    for day, group in groupby(events, key=lambda one: timezone.localtime(one.at).date()):
        of_day = list(group)
        days.append(StoryDay(day, list(_runs(reversed(of_day))), len(of_day)))
    return days


def _runs(events: Iterable[AuditEvent]) -> Iterator[Doing]:
    current: Doing | None = None
    for event in events:
        if current is not None and _goes_on(current, event):
            current.last, current.times = event.at, current.times + 1
            current.rows += len(event.object_ids)
            if event.object_id and event.object_id not in current.numbers:
                current.numbers.append(event.object_id)
            continue
        if current is not None:
            yield current
        current = Doing(
            event.at,
            event.at,
            event.action,
            event.object_type,
            event.decision,
            event.address,
            [event.object_id] if event.object_id else [],
            len(event.object_ids),
            reason=event.reason,
            session=event.session,
        )
    if current is not None:
        yield current


def _goes_on(doing: Doing, event: AuditEvent) -> bool:
    same = (doing.action, doing.kind, doing.decision, doing.address, doing.session, doing.reason)
    return same == (
        event.action, event.object_type, event.decision, event.address, event.session, event.reason,
    )  # fmt: skip


def event_in_words(action: str) -> str:
    """``page.corrected`` → "page corrected"; an unknown name as it is.

    What a service refused bears the name of the page, ``security:grant_end``: a denial in words.
    """
    if ":" in action:
        action = "request.denied"
    return str(EVENTS.get(action) or LABELS.get(action) or action)


def kind_in_words(label: str) -> str:
    """``campaign.task`` → "Task"; an unknown name as it is."""
    model = kind_called(label)
    return str(model.kind_name if model and model.kind_name else OBJECTS.get(label, label))


def sign_in_words(sign: Sign) -> str:
    """One reason to look at a day of reading, with its figure."""
    n = sign.figure
    said = {
        "records": ngettext("%d record opened", "%d records opened", n),
        "rows": ngettext("%d row shown by lists", "%d rows shown by lists", n),
        "hours": ngettext("%d record opened out of hours", "%d records opened out of hours", n),
        "units": ngettext("records of %d foreign unit", "records of %d foreign units", n),
        "denials": ngettext("%d request denied", "%d requests denied", n),
    }
    return said[sign.code] % n
