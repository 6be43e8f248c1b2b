"""Reads of the organisation tree: where somebody may do something, and what a move would change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from security.models import Protected, RoleGrant, Unit, User
from security.rules import path_range
from security.scope import BREAK_GLASS, may, scopes_of
from security.search import folded, folded_field

FOUND_AT_MOST = 20
ROWS_COUNTED_TO = 10_000
REACHING_OUT = frozenset({"security.share_row", BREAK_GLASS})


def units_where(user: User, action: str) -> QuerySet[Unit]:
    """Every unit on which a role in force lets this user do ``action``."""
    below = Q(pk__in=[])
    for scope in scopes_of(user):
        if action in scope.actions:
            low, high = path_range(scope.path)
            below |= Q(path__gte=low, path__lt=high)
    return Unit.objects.filter(below)


def units_offered(user: User, action: str) -> QuerySet[Unit]:
    """Standing units to choose from for ``action``: those where it is allowed; all of them for the
    two actions that reach out, sharing a row and breaking the glass."""
    units: QuerySet[Unit] = units_where(user, action)
    if action in REACHING_OUT and may(user, action):
        units = Unit.objects.all()
    return units.filter(dissolved_on=None)


def find_units(units: QuerySet[Unit], typed: str) -> QuerySet[Unit]:
    """Those whose name or code holds what was typed, with or without accents."""
    wanted = folded(typed)
    if not wanted:
        return units.none()
    named = units.select_related("parent").alias(plain=folded_field("name"))
    return named.filter(Q(plain__contains=wanted) | Q(code__icontains=typed.strip()))


def named_unit(units: QuerySet[Unit], typed: str) -> Unit | None:
    """The one unit meant by a code or by a whole name; None if there is none or several."""
    typed = " ".join(typed.split())
    found = units.filter(code=typed).first() or units.filter(code__iexact=typed).first()
    if found is None:
        same = list(units.filter(name__iexact=typed)[:2])
        found = same[0] if len(same) == 1 else None
    return found


def tops(units: QuerySet[Unit]) -> QuerySet[Unit]:
    """Of the units somebody reaches, those whose parent he does not reach."""
    return units.exclude(parent__in=units)


def with_counts(units: QuerySet[Unit]) -> QuerySet[Unit]:
    """Each with ``below`` (standing units directly below) and ``people`` (with an open account)."""
    return units.annotate(
        below=_count(Unit.objects.filter(parent=OuterRef("pk"), dissolved_on=None), "parent"),
        people=_count(User.objects.filter(unit=OuterRef("pk"), is_active=True), "unit"),
    )


def _count(rows: QuerySet[Unit] | QuerySet[User], by: str) -> Coalesce:
    numbers = rows.order_by().values(by).annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(numbers, output_field=IntegerField()), 0)


def ancestors(unit: Unit) -> QuerySet[Unit]:
    """From the root to the parent."""
    return Unit.objects.filter(pk__in=_ids(unit.path)[:-1]).order_by("path")


@dataclass(frozen=True)
class Reaching:
    """A unit and how many roles in force on it begin or cease to reach a moved branch."""

    unit: Unit
    roles: int


@dataclass(frozen=True)
class MovePreview:
    """What moving a branch takes along, and whose roles reach it afterwards.

    rows: protected rows of all kinds, counted to ``ROWS_COUNTED_TO``.
    """

    units: int
    people: int
    roles: int
    rows: int
    gaining: list[Reaching]
    losing: list[Reaching]

    @property
    def rows_at_most(self) -> int | None:
        """The next round number: it tells how long the move takes, not what lies there."""
        bounds = (0, 100, 1_000, ROWS_COUNTED_TO - 1)
        return next((bound for bound in bounds if self.rows <= bound), None)


def preview_move(unit: Unit, parent: Unit, at: datetime) -> MovePreview:
    """What ``move_unit`` would do. Bounded: three counts, one per protected table, two lists."""
    branch = Unit.objects.under(unit)
    before, after = set(_ids(unit.path)[:-1]), set(_ids(parent.path))
    return MovePreview(
        units=branch.count(),
        people=User.objects.filter(unit__in=branch, is_active=True).count(),
        roles=RoleGrant.objects.filter(unit__in=branch).in_force(at).count(),
        rows=_rows_below(unit),
        gaining=_reaching(after - before, at),
        losing=_reaching(before - after, at),
    )


def _reaching(ids: set[int], at: datetime) -> list[Reaching]:
    """Those of the units that have roles in force on them."""
    grants = RoleGrant.objects.in_force(at).filter(unit__in=ids).order_by()
    numbers = dict(grants.values_list("unit").annotate(n=Count("pk")))
    units = Unit.objects.filter(pk__in=numbers).order_by("path")
    return [Reaching(unit, numbers[unit.pk]) for unit in units]


def _rows_below(unit: Unit) -> int:
    low, high = path_range(unit.path)
    number = 0
    for model in apps.get_models():
        if issubclass(model, Protected) and number < ROWS_COUNTED_TO:
            rows = model._base_manager.filter(unit_path__gte=low, unit_path__lt=high)
            number += rows[:ROWS_COUNTED_TO].count()
    return min(number, ROWS_COUNTED_TO)


def _ids(path: str) -> list[int]:
    return [int(one) for one in path.strip("/").split("/")]
