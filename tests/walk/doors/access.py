"""Access as the administrators and officers see it: units, requests, reviews, secrecy levels."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.walk.register import SIGNED_IN, Door, Kwargs, roles
from tests.walk.rows import Rows

ADMINISTRATORS = roles("administrator")
OFFICERS = roles("security_officer")
REVIEWERS = roles("security_officer", "unit_head")
OVERSEERS = roles("administrator", "security_officer", "unit_head")
# Who has a form with a field for a unit.
CHOOSERS = OVERSEERS | roles("head", "deputy", "keeper", "office")
EXPLAINERS = roles("administrator", "security_officer", "keeper")
SHARERS = roles("keeper")
BREAKERS = roles("head", "deputy", "unit_head")
COLLEAGUES = "Whoever passes something on finds the colleague by name in the whole organisation."
CLASSIFIERS = roles("office", "keeper")
# Whose role may be passed on.
DELEGATORS = roles("head", "deputy", "office", "unit_head", "keeper")
LATER = (date.today() + timedelta(days=400)).isoformat()  # noqa: DTZ011 - any day ahead


def _unit(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.unit.pk}


def _request(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.request.pk}


def _review(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.review.pk}


def _task(rows: Rows) -> dict[str, Any]:
    return {"kind": "campaign.task", "pk": rows.task.pk}


def _of_kind(kind: str) -> Kwargs:
    """The row of this kind (app.model) that a place has under the model's name."""
    return lambda rows: {"kind": kind, "pk": getattr(rows, kind.rsplit(".", 1)[-1]).pk}


SCANS = (
    "digitization.programme",
    "digitization.lot",
    "digitization.dossier",
    "digitization.page",
)


def _member(rows: Rows) -> dict[str, Any]:
    return {"kind": "records.member", "pk": rows.member.pk}


def _emergency(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.emergency.pk}


def _reason(rows: Rows) -> dict[str, Any]:
    return {"reason": "Theo quyết định"}


def _basis(rows: Rows) -> dict[str, Any]:
    return {"level": "1", "legal_basis": "Căn cứ", "review_on": LATER, "reason": "Rà soát"}


UNITS = (
    Door("security:units", ADMINISTRATORS),
    Door("security:units", ADMINISTRATORS, query="?q=CANARY"),
    Door("security:unit_search", CHOOSERS, query="?q=CANARY"),
    Door("security:unit", ADMINISTRATORS, _unit),
    Door("security:unit_children", ADMINISTRATORS, _unit),
    Door("security:unit_new", ADMINISTRATORS),
    Door(
        "security:unit_new",
        ADMINISTRATORS,
        None,
        "POST",
        302,
        data=lambda rows: {
            "name": "Phòng mới",
            "code": "MOI",
            "kind": "office",
            "parent": rows.parent.code,
        },
    ),
    Door("security:unit_edit", ADMINISTRATORS, _unit),
    Door(
        "security:unit_edit",
        ADMINISTRATORS,
        _unit,
        "POST",
        302,
        data=lambda rows: {"name": "Kho khác", "kind": "office", "reason": "Đổi tên"},
    ),
    Door("security:unit_move", ADMINISTRATORS, _unit),
    Door(
        "security:unit_move",
        ADMINISTRATORS,
        _unit,
        "POST",
        302,
        data=lambda rows: {"parent": rows.task.unit.code, "reason": "Sắp xếp"},
    ),
    Door("security:unit_dissolve", ADMINISTRATORS, _unit),
    Door("security:unit_dissolve", ADMINISTRATORS, _unit, "POST", 302, data=_reason),
)

REQUESTS = (
    Door("security:requests", roles("administrator", "security_officer")),
    Door("security:request_approve", OFFICERS, _request, "POST", 302),
    Door("security:request_refuse", OFFICERS, _request, "POST", 302, data=_reason),
    # The administrator asked for it; the officer sees it too and is told that he did not.
    Door(
        "security:request_withdraw",
        ADMINISTRATORS,
        _request,
        "POST",
        302,
        seen={"security_officer": 302},
    ),
    Door("security:my_roles", SIGNED_IN),
    Door(
        "security:colleague_search",
        DELEGATORS,
        query="?person=canary",
        moves=True,
        tells=COLLEAGUES,
    ),
    Door(
        "security:my_roles",
        DELEGATORS,
        None,
        "POST",
        422,
        data=lambda rows: {"person": rows.person.pk},
    ),
    # The one who passed it on; nobody else, whatever he oversees.
    Door(
        "security:delegation_end",
        roles("unit_head"),
        lambda rows: {"grant": rows.passed_on.pk},
        "POST",
        302,
        # a role that was never passed on
        crossed=(lambda own, other: {"grant": other.grant.pk},),
    ),
    # What was opened to one's own people is told by kind and number, wherever the row lies.
    Door("security:expiring", OVERSEERS, moves=True),
)

REVIEWS = (
    Door("security:reviews", REVIEWERS),
    Door("security:review_new", OFFICERS),
    Door("security:review_new", OFFICERS, None, "POST", 422),
    Door("security:review", REVIEWERS, _review),
    Door("security:review", REVIEWERS, _review, query="?show=all"),
    Door(
        "security:review_decide",
        REVIEWERS,
        lambda rows: {"pk": rows.review.pk, "item": rows.item.pk},
        "POST",
        302,
        data=lambda rows: {"verdict": "keep"},
        crossed=(lambda own, other: {"pk": own.review.pk, "item": other.item.pk},),
    ),
    Door(
        "security:review_close",
        OFFICERS,
        _review,
        "POST",
        302,
        data=lambda rows: {"note": "Xong"},
    ),
    Door("security:review_report", REVIEWERS, _review),
)

SECRECY = (
    Door("security:classifications", CLASSIFIERS | OFFICERS),
    Door("security:classification", roles("office"), _task),
    Door("security:classification", roles("keeper"), _member),
    *(Door("security:classification", roles("keeper"), _of_kind(kind)) for kind in SCANS),
    Door("security:classification", roles("keeper"), _of_kind("records.cadre")),
    Door("security:classification", roles("office"), _task, "POST", 302, data=_basis),
    Door("security:classification", roles("keeper"), _member, "POST", 302, data=_basis),
    Door("security:standing", OFFICERS, lambda rows: {"pk": rows.standing.pk}, mute=True),
    Door(
        "security:standing",
        OFFICERS,
        lambda rows: {"pk": rows.standing.pk},
        "POST",
        302,
        data=_basis,
        mute=True,
    ),
    # How many rows rest on an approval is told to whoever may withdraw it.
    Door("security:approvals", OFFICERS, moves=True),
    Door("security:approvals", OFFICERS, None, "POST", 422),
    Door(
        "security:approval_withdraw",
        OFFICERS,
        lambda rows: {"pk": rows.approval.pk},
        "POST",
        302,
        data=_reason,
        mute=True,
    ),
)

EXPLAINED = (
    Door("security:who", EXPLAINERS - SHARERS, _task),
    Door("security:who", EXPLAINERS, _member),
    *(Door("security:who", EXPLAINERS, _of_kind(kind)) for kind in SCANS),
    Door("security:who", EXPLAINERS, _of_kind("records.cadre")),
    Door("security:who", SHARERS, _member, "POST", 422),
    Door("security:who", frozenset(), _task, "POST", data=_reason),
    Door(
        "security:share_end",
        SHARERS,
        lambda rows: {**_member(rows), "holder": "person", "grant": rows.share.pk},
        "POST",
        302,
        data=_reason,
        crossed=(
            lambda own, other: {**_member(own), "holder": "person", "grant": other.share.pk},
            lambda own, other: {**_member(own), "holder": "unit", "grant": other.share.pk},
        ),
    ),
    Door("security:receiver_search", SHARERS, query="?person=canary", moves=True, tells=COLLEAGUES),
    Door("security:explained_people", EXPLAINERS),
    Door("security:explained_people", EXPLAINERS, query="?q=canary"),
    Door("security:sees", EXPLAINERS, lambda rows: {"pk": rows.person.pk}),
    Door("security:opened_to_me", SIGNED_IN),
)

EMERGENCIES = (
    Door("security:emergencies", OFFICERS),
    Door("security:emergency_mine", BREAKERS),
    Door("security:emergency_mine", BREAKERS, None, "POST", 422),
    Door("security:emergency", OFFICERS, _emergency, moves=True),
    Door(
        "security:emergency",
        OFFICERS,
        _emergency,
        "POST",
        422,  # it is still open: ended first, judged then
        data=lambda rows: {"verdict": "justified", "note": "Có lý do"},
    ),
    # Whoever opened it, and who watches over it.
    Door("security:emergency_end", OFFICERS | roles("unit_head"), _emergency, "POST", 302),
)

DOORS = (*EXPLAINED, *EMERGENCIES, *UNITS, *REQUESTS, *REVIEWS, *SECRECY)
