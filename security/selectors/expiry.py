"""What ends in a month, on the units somebody oversees: roles, grants, links, tokens, reviews."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from security.models import (
    ApiToken,
    Classification,
    EmergencyAccess,
    Invitation,
    RoleGrant,
    SecrecyApproval,
    Unit,
    UnitGrant,
    User,
    UserGrant,
)
from security.scope import may
from security.selectors import holdings

# Roles of a large organisation may all end on one day. A page costs what stands before it, so there
# is a last one; a kind, or a month, leads to what lies behind.
READ_AT_MOST = 10_000
SECRECY = "security.approve_secrecy"
SOON = timedelta(days=7)
_NAMED = re.compile(r"20[0-9]{2}-(0[1-9]|1[0-2])")

KINDS = {
    "roles": _("Roles"),
    "delegations": _("Passed-on roles"),
    "rows": _("Single records opened"),
    "invitations": _("Sign-in links"),
    "tokens": _("Tokens of programs"),
    "emergencies": _("Emergency accesses"),
    "secrecy": _("Secrecy"),
}


@dataclass(frozen=True)
class Month:
    """``first`` up to, not including, ``after``: midnights of the installation's time zone."""

    first: datetime
    after: datetime

    @classmethod
    def of(cls, moment: datetime) -> Month:
        first = timezone.localtime(moment).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        after = (first + timedelta(days=32)).replace(day=1)
        return cls(first, after)

    @property
    def previous(self) -> Month:
        return Month.of(self.first - timedelta(days=1))

    @property
    def next(self) -> Month:
        return Month.of(self.after)

    def within(self, field: str) -> Q:
        return Q(**{f"{field}__gte": self.first, f"{field}__lt": self.after})


@dataclass(frozen=True)
class Ending:
    """One row of the list. ``person`` is whom a next step concerns; None for secrecy."""

    kind: str
    who: str
    what: str
    until: datetime
    person: User | None = None
    role: str = ""

    @property
    def kind_label(self) -> str:
        return str(KINDS[self.kind])


def month_named(named: str, now: datetime) -> Month:
    """``2026-11`` → that month; anything else → the month of ``now``."""
    if not _NAMED.fullmatch(named):
        return Month.of(now)
    year, month = named.split("-")
    return Month.of(datetime(int(year), int(month), 1, tzinfo=timezone.get_current_timezone()))


@dataclass(frozen=True)
class Source:
    """Rows of one table, soonest first, and how one of them is told."""

    rows: QuerySet[Any]
    told: Callable[[Any], Ending]


def endings(
    reader: User, month: Month, kind: str = "", *, at_most: int = READ_AT_MOST
) -> list[Ending]:
    """The first ``at_most`` things that end in the month, soonest first; one query per table."""
    found = [
        source.told(row)
        for source in _sources(reader, month, kind)
        for row in source.rows[:at_most]
    ]
    return sorted(found, key=lambda one: one.until)[:at_most]


def count_endings(reader: User, month: Month, kind: str = "") -> int:
    """How many there are; ``READ_AT_MOST`` says "so many or more"."""
    sources = _sources(reader, month, kind)
    return min(READ_AT_MOST, sum(one.rows[:READ_AT_MOST].count() for one in sources))


def _sources(reader: User, month: Month, kind: str) -> Iterator[Source]:
    for name, sources in _KINDS.items():
        if kind in ("", name):
            yield from sources(reader, month)


def _overseen(reader: User) -> QuerySet[Unit]:
    return holdings.units_of(reader, holdings.OVERSEES)


def _roles(reader: User, month: Month) -> Iterator[Source]:
    rows = RoleGrant.objects.filter(delegated_from=None)
    yield _role_endings("roles", rows, reader, month)


def _delegations(reader: User, month: Month) -> Iterator[Source]:
    rows = RoleGrant.objects.exclude(delegated_from=None)
    yield _role_endings("delegations", rows, reader, month)


def _role_endings(kind: str, rows: QuerySet[RoleGrant], reader: User, month: Month) -> Source:
    def told(one: RoleGrant) -> Ending:
        what = f"{one.role} · {one.unit}"
        return Ending(kind, str(one.user), what, _end(one.valid_to), one.user, one.role_id)

    rows = rows.filter(month.within("valid_to"), unit__in=_overseen(reader))
    # What never came into force cannot expire.
    rows = rows.filter(valid_to__gt=F("valid_from")).select_related("user__unit", "role", "unit")
    return Source(rows.order_by("valid_to", "pk"), told)


def _rows(reader: User, month: Month) -> Iterator[Source]:
    """Grants on single rows: which kind of row and its number, never its name."""
    for model in apps.get_models():
        if issubclass(model, UserGrant):
            grants = model.objects.filter(user__unit__in=_overseen(reader))
            grants = grants.select_related("user__unit")
        elif issubclass(model, UnitGrant):
            grants = model.objects.filter(grantee__in=_overseen(reader))
            grants = grants.select_related("grantee")
        else:
            continue
        yield Source(grants.filter(month.within("valid_to")).order_by("valid_to", "pk"), _row_told)


def _row_told(one: Any) -> Ending:
    person = one.user if isinstance(one, UserGrant) else None
    kind = type(one)._meta.get_field("content_object").related_model._meta.verbose_name
    who = person or one.grantee
    return Ending("rows", str(who), f"{kind} {one.content_object_id}", one.valid_to, person)


def _invitations(reader: User, month: Month) -> Iterator[Source]:
    rows = Invitation.objects.filter(used_at=None, revoked_at=None)
    yield Source(
        _of_people(rows, "expires_at", reader, month),
        lambda one: Ending(
            "invitations", str(one.user), one.get_purpose_display(), one.expires_at, one.user
        ),
    )


def _tokens(reader: User, month: Month) -> Iterator[Source]:
    rows = ApiToken.objects.filter(revoked_at=None)
    yield Source(
        _of_people(rows, "expires_at", reader, month),
        lambda one: Ending("tokens", str(one.user), str(one), one.expires_at, one.user),
    )


def _emergencies(reader: User, month: Month) -> Iterator[Source]:
    rows = EmergencyAccess.objects.select_related("unit")
    yield Source(
        _of_people(rows, "valid_to", reader, month),
        lambda one: Ending("emergencies", str(one.user), str(one.unit), one.valid_to, one.user),
    )


def _of_people(rows: QuerySet[Any], field: str, reader: User, month: Month) -> QuerySet[Any]:
    rows = rows.filter(month.within(field), user__unit__in=_overseen(reader))
    return rows.select_related("user__unit").order_by(field, "pk")


def _secrecy(reader: User, month: Month) -> Iterator[Source]:
    """Approvals that run out and classifications to look at again, for whoever answers for them."""
    if not may(reader, SECRECY):
        return
    approvals = SecrecyApproval.objects.filter(_days(month, "valid_to"), withdrawn_at=None)
    yield Source(approvals.order_by("valid_to", "pk"), _approval_told)
    # A standing decision has no row of its own: NULL equals nothing, so it counts as row 0.
    numbered = Classification.objects.annotate(row=Coalesce("object_id", 0))
    newer = numbered.filter(
        object_type=OuterRef("object_type"), row=OuterRef("row"), pk__gt=OuterRef("pk")
    )
    rows = numbered.filter(_days(month, "review_on")).exclude(Exists(newer))
    rows = rows.select_related("classified_by").order_by("review_on", "pk")
    yield Source(rows, _review_told)


def _approval_told(one: SecrecyApproval) -> Ending:
    what = _("approval %(number)s") % {"number": one.number}
    return Ending("secrecy", one.approved_by_name, what, _evening(one.valid_to))


def _review_told(one: Classification) -> Ending:
    what = _("%(kind)s %(number)s: look again at its level") % {
        "kind": one.object_type,
        "number": one.object_id or "",
    }
    return Ending("secrecy", str(one.classified_by or "–"), what, _evening(one.review_on))


def _days(month: Month, field: str) -> Q:
    return Q(**{f"{field}__gte": month.first.date(), f"{field}__lt": month.after.date()})


def _evening(day: Any) -> datetime:
    """A date counts to its end."""
    midnight = datetime.combine(day, datetime.min.time(), timezone.get_current_timezone())
    return midnight + timedelta(days=1)


def _end(moment: datetime | None) -> datetime:
    assert moment is not None  # noqa: S101 - the filter asked for a date
    return moment


_KINDS: dict[str, Callable[[User, Month], Iterator[Source]]] = {
    "roles": _roles,
    "delegations": _delegations,
    "rows": _rows,
    "invitations": _invitations,
    "tokens": _tokens,
    "emergencies": _emergencies,
    "secrecy": _secrecy,
}
