"""The role × action matrix as people read it: actions in plain words, grouped by area."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from security.actions import LABELS
from security.models import MatrixChange, Role, RolePermission, User
from security.role_rules import POWERS_OVER_ACCESS
from security.services.matrix import APPROVE, MANAGE, acts_everywhere, holds

AREAS = {
    "campaign": _("Tasks and the board"),
    "records": _("Member and cadre records"),
    "digitization": _("Digitization"),
    "security": _("Access, secrecy and the trail"),
}


@dataclass(frozen=True)
class Action:
    """One row of the matrix: ``cells`` stand in the order of the roles."""

    code: str
    label: str
    cells: list[bool]


@dataclass(frozen=True)
class Area:
    name: str
    actions: list[Action]


def role_matrix() -> tuple[list[Role], list[Area]]:
    """Roles across, every known action down; two queries."""
    roles = list(Role.objects.all())
    allowed = set(RolePermission.objects.filter(allowed=True).values_list("role_id", "action"))
    unknown = sorted({action for _role, action in allowed} - LABELS.keys())
    areas: dict[str, list[Action]] = {area: [] for area in AREAS}
    for code in [*LABELS, *unknown]:
        cells = [(role.pk, code) in allowed for role in roles]
        area = areas.setdefault(code.partition(".")[0], [])
        area.append(Action(code, str(LABELS.get(code, code)), cells))
    return roles, [
        Area(str(AREAS.get(area, area)), actions) for area, actions in areas.items() if actions
    ]


def actions_of(role: Role) -> tuple[list[Area], list[Area]]:
    """What one role may do, and what it may not; each grouped by area."""
    roles, areas = role_matrix()
    column = roles.index(role)
    may, may_not = (
        [
            Area(area.name, [one for one in area.actions if one.cells[column] is yes])
            for area in areas
        ]
        for yes in (True, False)
    )
    return [area for area in may if area.actions], [area for area in may_not if area.actions]


def changeable(allowed: list[Area], refused: list[Area]) -> list[tuple[str, str, list[Action]]]:
    """Cells of one role that may be asked to change: what to do, its word, the actions."""
    kinds = (("allow", _("Allow"), refused), ("take", _("Take away"), allowed))
    return [
        (
            code,
            str(word),
            [one for area in areas for one in area.actions if one.code not in POWERS_OVER_ACCESS],
        )
        for code, word, areas in kinds
    ]


@dataclass(frozen=True)
class ChangeLine:
    """A change somebody asked for, in words, and what its reader may do with it."""

    change: MatrixChange
    label: str
    may_decide: bool
    may_withdraw: bool

    @property
    def key(self) -> str:
        return str(self.change.pk)


def changes_shown() -> QuerySet[MatrixChange]:
    """The matrix is the same for everybody: whoever reads it may read what is to become of it."""
    return MatrixChange.objects.select_related("role", "requested_by", "decided_by")


def change_lines(reader: User, changes: Iterable[MatrixChange], now: datetime) -> list[ChangeLine]:
    decides = acts_everywhere(reader, APPROVE)
    return [
        ChangeLine(
            change=one,
            label=str(LABELS.get(one.action, one.action)),
            may_decide=decides
            and one.decision == "waiting"
            and one.requested_by_id != reader.pk
            and not holds(reader, one.role, now),
            may_withdraw=one.decision == "waiting" and one.requested_by_id == reader.pk,
        )
        for one in changes
    ]


def waiting_count(reader: User, now: datetime) -> int:
    """How many changes wait for this reader's decision."""
    waiting = changes_shown().filter(decision="waiting")
    return sum(line.may_decide for line in change_lines(reader, waiting, now))


def may_ask(reader: User, role: Role, now: datetime) -> bool:
    return acts_everywhere(reader, MANAGE) and not holds(reader, role, now)
