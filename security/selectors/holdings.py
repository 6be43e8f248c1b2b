"""Reads of who holds which role, and of what is waiting for a second person."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from security.models import Role, RoleGrant, RoleRequest, Unit, User
from security.role_rules import state_of
from security.scope import may
from security.selectors.tree import units_where

MANAGE, APPROVE = "security.manage_access", "security.approve_access"
# Whoever may do one of these on a unit may know who holds which role there.
OVERSEES = (MANAGE, APPROVE, "security.review_access")
# What the states are called, and how they are marked.
STATES = {
    "in_force": (_("in force"), "tag-green"),
    "future": (_("begins later"), "tag-yellow"),
    "ended": (_("ended"), ""),
    "origin_ended": (_("ended with the original"), ""),
}

OPEN = frozenset({"in_force", "future"})


def units_of(user: User, actions: Iterable[str]) -> QuerySet[Unit]:
    """Every unit on which the user may do at least one of the actions."""
    return reduce(or_, (units_where(user, action) for action in actions))


@dataclass(frozen=True)
class Holding:
    """A role grant as a person's page shows it."""

    grant: RoleGrant
    state: str
    passed_on_to: list[RoleGrant]
    may_end: bool

    @property
    def key(self) -> str:
        return str(self.grant.pk)

    @property
    def word(self) -> str:
        return str(STATES[self.state][0])

    @property
    def tag(self) -> str:
        return STATES[self.state][1]

    @property
    def is_open(self) -> bool:
        """Whether there is still something to end."""
        return self.state in OPEN


def holdings_of(person: User, now: datetime, reader: User) -> list[Holding]:
    """All role grants a person has or had, newest first; two queries."""
    grants = list(
        RoleGrant.objects.filter(user=person)
        .select_related(
            "role", "unit", "granted_by", "approved_by", "delegated_from__user", "request"
        )
        .order_by("-valid_from", "-id")
    )
    passed_on: dict[int | None, list[RoleGrant]] = {}
    for one in passed_on_from(person).filter(Q(valid_to__gt=now)):
        passed_on.setdefault(one.delegated_from_id, []).append(one)
    return [
        Holding(
            grant=one,
            state=(state := grant_state(one, now)),
            passed_on_to=passed_on.get(one.pk, []),
            may_end=state in OPEN and _may_end(reader, one),
        )
        for one in grants
    ]


def _may_end(reader: User, grant: RoleGrant) -> bool:
    """Nobody ends his own, except that he may give back what was passed on to him."""
    if reader.pk == grant.user_id:
        return grant.delegated_from_id is not None
    return may(reader, MANAGE, grant.unit)


def passed_on_from(person: User) -> QuerySet[RoleGrant]:
    """What a person passed on of his own roles, newest first."""
    return (
        RoleGrant.objects.filter(delegated_from__user=person)
        .select_related("user__unit", "role", "unit", "delegated_from__user")
        .order_by("-valid_from", "-id")
    )


def passed_on_by(person: User, now: datetime) -> list[Holding]:
    """What a person passed on, as his own page shows it: he may take back what is still open."""
    return [
        Holding(one, (state := grant_state(one, now)), [], may_end=state in OPEN)
        for one in passed_on_from(person)
    ]


def grant_state(grant: RoleGrant, now: datetime) -> str:
    origin = grant.delegated_from
    return state_of(
        begins=grant.valid_from,
        ends=grant.valid_to,
        origin_ends=origin.valid_to if origin else None,
        origin_closed=origin is not None and not origin.user.is_active,
        now=now,
    )


def delegable_grants(person: User, now: datetime) -> QuerySet[RoleGrant]:
    """Roles this person may pass on today."""
    mine = RoleGrant.objects.in_force(now).filter(user=person, delegated_from=None)
    return mine.filter(role__delegable=True).select_related("role", "unit")


def colleagues_of(person: User, grants: Iterable[RoleGrant]) -> QuerySet[User]:
    """Open accounts in the organisations of these roles, except one's own."""
    roots = {int(grant.unit.path.split("/")[1]) for grant in grants}
    inside = [Q(unit__path__gte=f"/{root}/", unit__path__lt=f"/{root}0") for root in roots]
    reach = reduce(or_, inside, Q(pk__in=[]))
    return User.objects.filter(reach, is_active=True).exclude(pk=person.pk)


@dataclass(frozen=True)
class RequestLine:
    """A request for a high role, and what its reader may do with it."""

    request: RoleRequest
    may_decide: bool
    may_withdraw: bool
    may_open_person: bool

    @property
    def key(self) -> str:
        return str(self.request.pk)


def requests_shown_to(user: User) -> QuerySet[RoleRequest]:
    """Those on units where the user gives or approves roles, and those he asked for himself."""
    there = Q(unit__in=units_of(user, (MANAGE, APPROVE))) | Q(requested_by=user)
    return RoleRequest.objects.filter(there).select_related(
        "user__unit", "role", "unit", "requested_by", "decided_by", "delegated_from__user"
    )


def request_lines(user: User, requests: Iterable[RoleRequest]) -> list[RequestLine]:
    return [
        RequestLine(
            request=one,
            may_decide=user.pk not in {one.requested_by_id, one.user_id}
            and may(user, APPROVE, one.unit),
            may_withdraw=one.requested_by_id == user.pk,
            may_open_person=may(user, MANAGE, one.user.unit),
        )
        for one in requests
    ]


def waiting_count(user: User) -> int:
    """How many requests for high roles wait for this user's decision."""
    if not may(user, APPROVE):
        return 0
    waiting = RoleRequest.objects.filter(decision=RoleRequest.Decision.WAITING)
    mine = waiting.filter(unit__in=units_where(user, APPROVE))
    return mine.exclude(Q(requested_by=user) | Q(user=user)).count()


def holders_of(role: Role, reader: User, now: datetime) -> QuerySet[RoleGrant]:
    """Grants of a role in force on the units that the reader oversees, by name."""
    return (
        RoleGrant.objects.in_force(now)
        .filter(role=role, user__is_active=True, unit__in=units_of(reader, OVERSEES))
        .select_related("user__unit", "unit", "delegated_from__user")
        .order_by("user__full_name", "id")
    )


def holder_counts(reader: User, now: datetime) -> dict[str, int]:
    """How many people hold each role on the units that the reader oversees."""
    grants = RoleGrant.objects.in_force(now).filter(
        user__is_active=True, unit__in=units_of(reader, OVERSEES)
    )
    return dict(grants.order_by().values_list("role").annotate(n=Count("user", distinct=True)))
