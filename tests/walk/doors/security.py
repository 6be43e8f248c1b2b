"""People, roles, the trail."""

from __future__ import annotations

from typing import Any

from tests.walk.register import Door, roles
from tests.walk.rows import Rows

ADMINISTRATORS = roles("administrator")


def _person(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.person.pk}


def _grant(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.person.pk, "grant": rows.grant.pk}


DOORS = (
    Door(
        "security:trail",
        roles("security_officer"),
        moves=True,
        tells="The trail is the installation's: its reader sees the names of everybody who acted.",
    ),
    Door("security:people", ADMINISTRATORS),
    Door("security:people", ADMINISTRATORS, query="?q=canary"),
    Door("security:person", ADMINISTRATORS, _person),
    Door(
        "security:person",
        ADMINISTRATORS,
        _person,
        "POST",
        302,
        data=lambda rows: {
            "role": "operator",
            "unit": rows.grant.unit_id,
            "max_level": "1",
            "max_sensitivity": "1",
            "reason": "Thử",
        },
    ),
    Door(
        "security:grant_end",
        ADMINISTRATORS,
        _grant,
        "POST",
        302,
        data=lambda rows: {"reason": "Thôi việc"},
        crossed=(lambda own, other: {"pk": own.person.pk, "grant": other.grant.pk},),
    ),
    Door("security:roles", ADMINISTRATORS),
)
