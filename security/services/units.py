"""Writes of the organisation tree.

A change of the tree is checked in both places, where the unit leaves and where it arrives;
``actor=None`` is the installation itself. All changes of the tree's shape wait for one another
(``_hold_the_tree``): two moves at once could otherwise hang two branches below each other.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max, Value
from django.db.models.functions import Concat, Length, Substr
from django.utils.timezone import localdate
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from security import audit
from security.models import RoleGrant, Unit, User
from security.rules import Reach
from security.scope import scopes_of
from security.services.problems import Problem, RefusedError, check_action

MANAGE = "security.manage_units"
TREE_LOCK = 5301  # any number that nothing else of this database locks by
LONGEST_PATH = 255


@transaction.atomic
def create_unit(
    *, actor: User | None, code: str, name: str, parent: Unit | None = None, **fields: Any
) -> Unit:
    """Create a unit under ``parent``. The id is drawn first because the path contains it.

    Without a parent it is a root: only the installation makes one.
    """
    _hold_the_tree()
    if parent is not None:
        parent = Unit.objects.get(pk=parent.pk)
        _check_standing(parent)
    if actor is not None:
        _check_place(actor, parent)
    if Unit.objects.filter(code=code).exists():
        raise RefusedError(Problem("code_taken", _("There is already a unit with this code.")))
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('security_unit', 'id'))")
        pk = cursor.fetchone()[0]
    path = f"{parent.path if parent else '/'}{pk}/"
    _check_depth(len(path))
    unit = Unit.objects.create(pk=pk, code=code, name=name, parent=parent, path=path, **fields)
    audit.record("unit.created", actor=actor, object_type="security.unit", object_id=pk)
    return unit


@transaction.atomic
def change_unit(*, actor: User, unit: Unit, name: str, kind: str, reason: str) -> Unit:
    """Rename a unit or change its kind. Its code stays: letters and plans refer to it."""
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    check_action(actor, MANAGE, unit)
    wanted = {"name": name.strip(), "kind": Unit.Kind(kind)}
    changed = [field for field, value in wanted.items() if getattr(unit, field) != value]
    if not changed:
        return unit
    for field in changed:
        setattr(unit, field, wanted[field])
    unit.save(update_fields=changed)
    _write_down("unit.changed", actor, unit, fields=changed, reason=reason)
    return unit


@transaction.atomic
def move_unit(*, actor: User | None, unit: Unit, parent: Unit, reason: str = "") -> Unit:
    """Hang ``unit`` under ``parent``; paths below it, and every protected row, follow.

    The rows follow by the composite foreign keys (ON UPDATE CASCADE), so no table can be missed.
    """
    _hold_the_tree()
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    branch = Unit.objects.under(unit)
    parent = Unit.objects.get(pk=parent.pk)
    check_move(actor, unit, parent)
    old, new = unit.path, f"{parent.path}{unit.pk}/"
    longest = branch.aggregate(length=Max(Length("path")))["length"]
    _check_depth(longest - len(old) + len(new))
    branch.update(path=Concat(Value(new), Substr(F("path"), len(old) + 1)))
    Unit.objects.filter(pk=unit.pk).update(parent=parent)
    unit.refresh_from_db()
    said = f"{old} -> {new}"
    _write_down(
        "unit.moved",
        actor,
        unit,
        fields=["parent", "path"],
        reason=f"{said}: {reason}" if reason else said,
    )
    return unit


def check_move(actor: User | None, unit: Unit, parent: Unit) -> None:
    """Raise RefusedError where ``move_unit`` would; for a preview."""
    if actor is not None:
        check_action(actor, MANAGE, unit)
        _check_place(actor, unit.parent)
        _check_place(actor, parent)
        _check_own_reach(actor, unit, parent)
    if unit.contains(parent.path):
        raise RefusedError(Problem("cycle", _("A unit cannot be moved below itself.")))
    if unit.parent_id == parent.pk:
        raise RefusedError(Problem("same", _("The unit is there already.")))
    _check_standing(parent)


@transaction.atomic
def dissolve_unit(*, actor: User, unit: Unit, now: datetime, reason: str) -> Unit:
    """Close a unit today. Refused while anything still hangs on it; its rows stay readable.

    Floors above may hold open work for it; this floor does not know them (docs/adr/0011).
    """
    _hold_the_tree()
    unit = Unit.objects.select_for_update().get(pk=unit.pk)
    check_action(actor, MANAGE, unit)
    _check_place(actor, unit.parent)
    _check_standing(unit)
    problems = what_hangs_on(unit, now)
    if problems:
        raise RefusedError(*problems)
    unit.dissolved_on = localdate(now)
    unit.save(update_fields=["dissolved_on"])
    _write_down("unit.dissolved", actor, unit, fields=["dissolved_on"], reason=reason)
    return unit


def what_hangs_on(unit: Unit, now: datetime) -> list[Problem]:
    """Why a unit cannot be dissolved yet: standing units below, people, roles. Empty: it can."""
    below = Unit.objects.filter(parent=unit, dissolved_on=None).count()
    people = User.objects.filter(unit=unit, is_active=True).count()
    roles = RoleGrant.objects.filter(unit=unit).unended(now).count()
    problems = []
    if below:
        said = ngettext(
            "%(n)d unit below it still stands.", "%(n)d units below it still stand.", below
        )
        problems.append(Problem("has_units", said % {"n": below}))
    if people:
        said = ngettext(
            "%(n)d person still belongs to it.", "%(n)d people still belong to it.", people
        )
        problems.append(Problem("has_people", said % {"n": people}))
    if roles:
        said = ngettext(
            "%(n)d role on it has not ended.", "%(n)d roles on it have not ended.", roles
        )
        problems.append(Problem("has_roles", said % {"n": roles}))
    return problems


def _hold_the_tree() -> None:
    """Until this transaction ends nobody else changes the tree's shape; readers never wait."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TREE_LOCK])


def _check_place(actor: User, parent: Unit | None) -> None:
    """Only the installation makes, moves or closes a root."""
    if parent is None:
        raise RefusedError(Problem("not_allowed", _("The top of the tree cannot be changed here.")))
    check_action(actor, MANAGE, parent)


def _check_own_reach(actor: User, unit: Unit, parent: Unit) -> None:
    """Bringing a branch below a role of one's own would raise it without anybody's grant."""
    scopes = scopes_of(actor)
    for one in scopes:
        before = Reach(unit.path, one.level, one.sensitivity)
        had = any(one.actions <= old.actions and old.reach.covers(before) for old in scopes)
        if parent.path.startswith(one.path) and not had:
            widened = _("This would bring the unit under a role of your own: another must move it.")
            raise RefusedError(Problem("own_role", widened))


def _check_standing(unit: Unit) -> None:
    if unit.dissolved_on is not None:
        raise RefusedError(Problem("dissolved", _("This unit is dissolved.")))


def _check_depth(length: int) -> None:
    if length > LONGEST_PATH:
        raise RefusedError(Problem("too_deep", _("The tree would become too deep here.")))


def _write_down(
    event: str, actor: User | None, unit: Unit, *, fields: list[str], reason: str
) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.unit",
        object_id=unit.pk,
        fields=fields,
        reason=reason,
    )
