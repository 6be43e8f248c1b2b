"""People, roles, the trail."""

from __future__ import annotations

from typing import Any

from tests.walk.register import Door, roles
from tests.walk.rows import Rows

ADMINISTRATORS = roles("administrator")
OFFICERS = roles("security_officer")
OVERSEERS = roles("administrator", "security_officer", "unit_head")


def _person(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.person.pk}


def _reason(rows: Rows) -> dict[str, Any]:
    return {"reason": "Theo quyết định"}


def _grant(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.person.pk, "grant": rows.grant.pk}


DOORS = (
    Door(
        "security:trail",
        roles("security_officer"),
        moves=True,
        tells="The trail is the installation's: its reader sees the names of everybody who acted.",
    ),
    Door("security:trail_export", OFFICERS, moves=True),
    Door("security:trail_export", OFFICERS, None, "POST", 422),
    Door("security:trail_unusual", OFFICERS, moves=True),
    Door("security:trail_by", OFFICERS, _person, moves=True),
    Door(
        "security:trail_of",
        OFFICERS,
        lambda rows: {"kind": "campaign.task", "pk": rows.task.pk},
        moves=True,
    ),
    Door(
        "security:trail_of",
        OFFICERS,
        lambda rows: {"kind": "records.member", "pk": rows.member.pk},
        moves=True,
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
            "unit": rows.grant.unit.code,
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
    Door("security:person_new", ADMINISTRATORS),
    Door(
        "security:person_new",
        ADMINISTRATORS,
        None,
        "POST",
        200,  # the link is shown at once: it may travel in no address
        data=lambda rows: {"full_name": "Lê Mới", "username": "le.moi", "unit": rows.unit.code},
    ),
    Door("security:person_edit", ADMINISTRATORS, _person),
    Door(
        "security:person_edit",
        ADMINISTRATORS,
        _person,
        "POST",
        302,
        data=lambda rows: {"full_name": "Lê Khác", "unit": rows.unit.code},
    ),
    Door("security:person_disable", ADMINISTRATORS, _person, "POST", 302, data=_reason),
    Door("security:person_enable", ADMINISTRATORS, _person, "POST", 302, data=_reason),
    Door("security:person_reset_mfa", ADMINISTRATORS, _person, "POST", 302, data=_reason),
    Door("security:person_end_sessions", ADMINISTRATORS, _person, "POST", 302, data=_reason),
    Door("security:person_link", ADMINISTRATORS, _person, "POST"),
    Door("security:clearances", OFFICERS),
    Door("security:clearances", OFFICERS, query="?q=canary"),
    Door("security:person_clearance", OFFICERS, _person),
    Door(
        "security:person_clearance",
        OFFICERS,
        _person,
        "POST",
        302,
        data=lambda rows: {"clearance": "0", "reason": "Thử"},
    ),
    Door("security:roles", OVERSEERS),
    Door("security:role", OVERSEERS, lambda rows: {"code": "unit_staff"}, fixed=True),
    # On his own unit alone he may not switch what concerns holders everywhere: told so, sent back.
    Door(
        "security:role_mfa",
        ADMINISTRATORS,
        lambda rows: {"code": "unit_staff"},
        "POST",
        302,
        fixed=True,
    ),
)
