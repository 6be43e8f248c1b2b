"""Writes of the organisation tree."""

from __future__ import annotations

from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from security import audit
from security.models import Unit, User
from security.services.problems import Problem, RefusedError


@transaction.atomic
def create_unit(
    *, actor: User | None, code: str, name: str, parent: Unit | None = None, **fields: Any
) -> Unit:
    """Create a unit under ``parent``. The id is drawn first because the path contains it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval(pg_get_serial_sequence('security_unit', 'id'))")
        pk = cursor.fetchone()[0]
    above = parent.path if parent else "/"
    unit = Unit.objects.create(
        pk=pk, code=code, name=name, parent=parent, path=f"{above}{pk}/", **fields
    )
    audit.record("unit.created", actor=actor, object_type="security.unit", object_id=pk)
    return unit


@transaction.atomic
def move_unit(*, actor: User | None, unit: Unit, parent: Unit) -> Unit:
    """Hang ``unit`` under ``parent``; paths below it, and every protected row, follow.

    The rows follow by the composite foreign keys (ON UPDATE CASCADE), so no table can be missed.
    """
    branch = list(Unit.objects.select_for_update().under(unit))
    parent.refresh_from_db()
    if unit.contains(parent.path):
        raise RefusedError(Problem("cycle", _("A unit cannot be moved below itself.")))
    old = next(u for u in branch if u.pk == unit.pk).path
    new = f"{parent.path}{unit.pk}/"
    for node in branch:
        node.path = new + node.path[len(old) :]
    Unit.objects.bulk_update(branch, ["path"])
    Unit.objects.filter(pk=unit.pk).update(parent=parent)
    unit.refresh_from_db()
    audit.record(
        "unit.moved",
        actor=actor,
        object_type="security.unit",
        object_id=unit.pk,
        reason=f"{old} -> {new}",
    )
    return unit
