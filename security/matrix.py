"""The role × action matrix as people read it: actions in plain words, grouped by area."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from security.actions import LABELS
from security.models import Role, RolePermission

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
