"""Everything one person sees, scope by scope, and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet

from security.actions import LABELS
from security.explain.reach import explained_rows, explains_unit
from security.explain.words import Details, moment, opened_to
from security.held import Scope, read_scopes
from security.kinds import grant_model
from security.models import EmergencyAccess, Protected, User
from security.models.protected import protected_models
from security.scope import scopes_q

COUNTED_TO = 1000
SCOPES_SHOWN = 20
OPENED_SHOWN = 50


@dataclass(frozen=True)
class KindCount:
    """How many rows of a kind one scope shows: "12", "1000+"."""

    kind: str
    number: str


@dataclass(frozen=True)
class Held:
    """One scope in words; ``counts`` is None where it lies beyond the asker's own reach."""

    text: str
    unit: str
    until: str
    is_emergency: bool
    actions: list[str]
    counts: list[KindCount] | None


@dataclass(frozen=True)
class Opened:
    """A row that was opened by itself, to the person or to a unit where he has a viewing role."""

    row: Protected
    kind: str
    text: str


@dataclass(frozen=True)
class Sight:
    """The whole answer. ``opened_beyond``: how many opened rows lie beyond the asker's reach."""

    held: list[Held]
    scopes_left_out: int
    opened: list[Opened]
    opened_beyond: int
    emergencies: int
    unjustified: int


def what_can_see(user: User, at: datetime, *, asker: User) -> Sight:
    """What ``user`` sees at that time, as far as ``asker`` may know it.

    One capped count for each of at most 20 scopes and each kind that its role shows.
    """
    scopes = sorted(read_scopes([user], at)[user.pk], key=lambda one: (one.path, one.grant_id))
    details = Details.of(scopes)
    shown = scopes[:SCOPES_SHOWN]
    opened = list(_opened(user, scopes, at))
    known = _known(asker, opened)
    past = EmergencyAccess.objects.filter(user=user)
    return Sight(
        held=[_held(user, scope, details, asker) for scope in shown],
        scopes_left_out=len(scopes) - len(shown),
        opened=known,
        opened_beyond=len(opened) - len(known),
        emergencies=past.count(),
        unjustified=past.filter(verdict=EmergencyAccess.Verdict.UNJUSTIFIED).count(),
    )


def _opened_rows(
    user: User, scopes: list[Scope], at: datetime, *, lasting: bool
) -> Iterator[tuple[Any, Protected]]:
    """(grant, row) of what was opened one by one, newest first within each kind.

    lasting: also what was opened without an end (one's own record, tasks that one coordinates).
    """
    for model in protected_models():
        units = [scope.unit_id for scope in scopes if model.view_action in scope.actions]
        for holder, whose in (
            ("user_grants", Q(user_id=user.pk)),
            ("unit_grants", Q(grantee_id__in=units)),
        ):
            table = grant_model(model, holder)
            if table is None:
                continue
            grants = table.objects.filter(whose).in_force(at).order_by("-valid_from", "-pk")
            grants = grants if lasting else grants.exclude(valid_to=None)
            names = ["granted_by", "content_object__unit"]
            names += ["grantee"] if holder == "unit_grants" else []
            for grant in grants.select_related(*names)[:OPENED_SHOWN]:
                yield grant, grant.content_object


def _opened(
    user: User, scopes: list[Scope], at: datetime, *, lasting: bool = True
) -> Iterator[Opened]:
    by_kind: dict[type[Protected], list[tuple[Any, Protected]]] = {}
    for grant, row in _opened_rows(user, scopes, at, lasting=lasting):
        by_kind.setdefault(type(row), []).append((grant, row))
    for model, pairs in by_kind.items():
        # A grant that no role of his carries shows nothing.
        seen = _ids(model, [row.pk for _grant, row in pairs], scopes_q(user, scopes, model))
        for grant, row in pairs:
            if row.pk in seen:
                yield Opened(row, str(model.kind_name), opened_to(grant))


def _held(user: User, scope: Scope, details: Details, asker: User) -> Held:
    return Held(
        text=details.scope(scope),
        unit=scope.unit_name,
        until=moment(scope.until),
        is_emergency=scope.is_emergency,
        actions=sorted(str(LABELS.get(action, action)) for action in scope.actions),
        counts=_counts(user, scope, asker) if explains_unit(asker, scope.path) else None,
    )


def _counts(user: User, scope: Scope, asker: User) -> list[KindCount]:
    counts = []
    for model in protected_models():
        if model.view_action in scope.actions and model.detail_url:
            rows: QuerySet[Any] = explained_rows(asker, model).filter(
                scopes_q(user, [scope], model)
            )
            number = rows.order_by()[: COUNTED_TO + 1].count()
            text = f"{COUNTED_TO}+" if number > COUNTED_TO else str(number)
            counts += [KindCount(str(model.kind_name), text)] if number else []
    return counts


def _known(asker: User, opened: list[Opened]) -> list[Opened]:
    known: set[tuple[type[Protected], int]] = set()
    for model in {type(one.row) for one in opened}:
        ids = [one.row.pk for one in opened if isinstance(one.row, model)]
        there = explained_rows(asker, model).filter(pk__in=ids)
        known |= {(model, pk) for pk in there.values_list("pk", flat=True)}
    return [one for one in opened if (type(one.row), one.row.pk) in known]


def _ids(model: type[Protected], ids: list[int], condition: Q) -> set[int]:
    rows = model._default_manager.filter(condition, pk__in=ids)
    return set(rows.values_list("pk", flat=True))


def opened_to_oneself(user: User, at: datetime) -> list[Opened]:
    """What was opened for a time to the user, or to a unit where he has a viewing role."""
    scopes = [scope for scope in read_scopes([user], at)[user.pk] if not scope.is_emergency]
    opened = _opened(user, scopes, at, lasting=False)
    return [one for one in opened if one.row.detail_url]
