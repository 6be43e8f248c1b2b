"""The trail told in sentences: equal things done one after the other become one sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import groupby, pairwise

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from security.actions import EVENTS, LABELS, OBJECTS
from security.kinds import kind_called
from security.models import AuditEvent
from security.reading_rules import Sign

NAMED_AT_MOST = 6
PERSON = "security.user"


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
    request: str = ""
    lists: dict[str, int] = field(default_factory=dict)  # kind → rows, of pages full of lists
    moved: bool = True  # whether the address differs from that of the doing before

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
        if len(self.lists) > 1:
            return "; ".join(
                f"{kind_in_words(kind)} – {_rows(rows)}" for kind, rows in self.lists.items()
            )
        parts = [kind_in_words(self.kind)] if self.kind else []
        named = self.numbers[:NAMED_AT_MOST]
        if named:
            parts.append(", ".join(named))
        if (left := len(self.numbers) - len(named)) > 0:
            parts.append(ngettext("and %d more", "and %d more", left) % left)
        if self.rows:
            parts.append("– " + _rows(self.rows))
        return " ".join(parts)

    def add(self, event: AuditEvent) -> None:
        """One more event of the same doing."""
        self.last = event.at
        # The lists of one page are one doing, however many there are.
        self.times += not (self.lists and event.request and event.request == self.request)
        self.request = event.request
        self.rows += len(event.object_ids)
        if self.lists:
            shown = self.lists.get(event.object_type, 0)
            self.lists[event.object_type] = shown + len(event.object_ids)
        elif event.object_id and event.object_id not in self.numbers:
            self.numbers.append(event.object_id)


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
        doings = list(_runs(reversed(of_day)))
        for before, doing in pairwise(doings):
            doing.moved = doing.address != before.address
        days.append(StoryDay(day, doings, len(of_day)))
    return days


def _runs(events: Iterable[AuditEvent]) -> Iterator[Doing]:
    current: Doing | None = None
    for event in events:
        if current is not None and _goes_on(current, event):
            current.add(event)
            continue
        if current is not None:
            yield current
        current = _begun(event)
    if current is not None:
        yield current


def _begun(event: AuditEvent) -> Doing:
    himself = event.object_type == PERSON and event.object_id == str(event.actor_id)
    number = "" if himself else event.object_id  # who signs in needs no number beside his name
    is_list = event.action == "list" and not number and not event.reason
    return Doing(
        event.at,
        event.at,
        event.action,
        "" if himself else event.object_type,
        event.decision,
        event.address,
        [number] if number else [],
        len(event.object_ids),
        reason=event.reason,
        session=event.session,
        request=event.request,
        lists={event.object_type: len(event.object_ids)} if is_list else {},
    )


def _goes_on(doing: Doing, event: AuditEvent) -> bool:
    if doing.lists and (event.action, event.object_id, event.reason) == ("list", "", ""):
        here = (doing.decision, doing.address, doing.session)
        return here == (event.decision, event.address, event.session)
    same = (doing.action, doing.kind, doing.decision, doing.address, doing.session, doing.reason)
    return same == (
        event.action, event.object_type, event.decision, event.address, event.session, event.reason,
    )  # fmt: skip


def _rows(number: int) -> str:
    return ngettext("%d row", "%d rows", number) % number


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
