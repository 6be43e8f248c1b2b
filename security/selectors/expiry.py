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

# Of each kind this many are read: more in one month is a list to work through by kind.
READ_AT_MOST = 500
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


def endings(reader: User, month: Month, kind: str = "") -> list[Ending]:
    """What ends in the month, soonest first; one bounded query per kind and table."""
    found: list[Ending] = []
    for name, read in _READERS.items():
        if kind in ("", name):
            found += read(reader, month)
    return sorted(found, key=lambda one: one.until)


def _overseen(reader: User) -> QuerySet[Unit]:
    return holdings.units_of(reader, holdings.OVERSEES)


def _roles(reader: User, month: Month) -> Iterator[Ending]:
    rows = RoleGrant.objects.filter(delegated_from=None)
    return _role_endings("roles", rows, reader, month)


def _delegations(reader: User, month: Month) -> Iterator[Ending]:
    rows = RoleGrant.objects.exclude(delegated_from=None)
    return _role_endings("delegations", rows, reader, month)


def _role_endings(
    kind: str, rows: QuerySet[RoleGrant], reader: User, month: Month
) -> Iterator[Ending]:
    rows = rows.filter(month.within("valid_to"), unit__in=_overseen(reader))
    # What never came into force cannot expire.
    rows = rows.filter(valid_to__gt=F("valid_from")).select_related("user__unit", "role", "unit")
    for one in rows.order_by("valid_to")[:READ_AT_MOST]:
        what = f"{one.role} · {one.unit}"
        yield Ending(kind, str(one.user), what, _end(one.valid_to), one.user, one.role_id)


def _rows(reader: User, month: Month) -> Iterator[Ending]:
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
        meta: Any = model._meta
        kind = meta.get_field("content_object").related_model._meta.verbose_name
        for one in grants.filter(month.within("valid_to")).order_by("valid_to")[:READ_AT_MOST]:
            person = one.user if isinstance(one, UserGrant) else None
            who = person or one.grantee
            what = f"{kind} {one.content_object_id}"
            yield Ending("rows", str(who), what, one.valid_to, person)


def _invitations(reader: User, month: Month) -> Iterator[Ending]:
    rows = Invitation.objects.filter(used_at=None, revoked_at=None)
    for one in _of_people(rows, "expires_at", reader, month):
        what = one.get_purpose_display()
        yield Ending("invitations", str(one.user), what, one.expires_at, one.user)


def _tokens(reader: User, month: Month) -> Iterator[Ending]:
    rows = ApiToken.objects.filter(revoked_at=None)
    for one in _of_people(rows, "expires_at", reader, month):
        yield Ending("tokens", str(one.user), str(one), one.expires_at, one.user)


def _emergencies(reader: User, month: Month) -> Iterator[Ending]:
    rows = EmergencyAccess.objects.select_related("unit")
    for one in _of_people(rows, "valid_to", reader, month):
        yield Ending("emergencies", str(one.user), str(one.unit), one.valid_to, one.user)


def _of_people(rows: QuerySet[Any], field: str, reader: User, month: Month) -> QuerySet[Any]:
    rows = rows.filter(month.within(field), user__unit__in=_overseen(reader))
    return rows.select_related("user__unit").order_by(field)[:READ_AT_MOST]


def _secrecy(reader: User, month: Month) -> Iterator[Ending]:
    """Approvals that run out and classifications to look at again, for whoever answers for them."""
    if not may(reader, SECRECY):
        return
    approvals = SecrecyApproval.objects.filter(withdrawn_at=None)
    for approval in approvals.filter(_days(month, "valid_to"))[:READ_AT_MOST]:
        what = _("approval %(number)s") % {"number": approval.number}
        yield Ending("secrecy", approval.approved_by_name, what, _evening(approval.valid_to))
    # A standing decision has no row of its own: NULL equals nothing, so it counts as row 0.
    numbered = Classification.objects.annotate(row=Coalesce("object_id", 0))
    newer = numbered.filter(
        object_type=OuterRef("object_type"), row=OuterRef("row"), pk__gt=OuterRef("pk")
    )
    rows = numbered.filter(_days(month, "review_on")).exclude(Exists(newer))
    for one in rows.select_related("classified_by").order_by("review_on")[:READ_AT_MOST]:
        what = _("%(kind)s %(number)s: look again at its level") % {
            "kind": one.object_type,
            "number": one.object_id or "",
        }
        yield Ending("secrecy", str(one.classified_by or "–"), what, _evening(one.review_on))


def _days(month: Month, field: str) -> Q:
    return Q(**{f"{field}__gte": month.first.date(), f"{field}__lt": month.after.date()})


def _evening(day: Any) -> datetime:
    """A date counts to its end."""
    midnight = datetime.combine(day, datetime.min.time(), timezone.get_current_timezone())
    return midnight + timedelta(days=1)


def _end(moment: datetime | None) -> datetime:
    assert moment is not None  # noqa: S101 - the filter asked for a date
    return moment


_READERS: dict[str, Callable[[User, Month], Iterator[Ending]]] = {
    "roles": _roles,
    "delegations": _delegations,
    "rows": _rows,
    "invitations": _invitations,
    "tokens": _tokens,
    "emergencies": _emergencies,
    "secrecy": _secrecy,
}
