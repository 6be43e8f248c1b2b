"""Approvals of levels 2 and 3, and the standing decisions of each kind of row."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from security.models import AuditEvent, Classification, SecrecyApproval, User, protected_models
from security.services import RefusedError
from security.services.approvals import load_standing, record_approval, withdraw_approval
from security.services.secrecy import review_standing
from tests.records.make import make_member
from tests.security.make import make_approval, make_officer
from tests.security.secrecy import LATER, basis, cleared, codes, decide

pytestmark = pytest.mark.django_db


# --- approvals --------------------------------------------------------------------------


@pytest.mark.usefixtures("high")
@pytest.mark.parametrize(
    "fields",
    [
        {"level": 3},
        {"withdrawn": True},
        {"valid_to": date(2020, 6, 1)},
        {"date": timezone.localdate() + timedelta(days=1)},
    ],
)
def test_levels_2_and_3_need_an_approval_in_force_for_that_level(fields: dict[str, Any]) -> None:
    keeper = cleared()
    member = make_member(unit=keeper.unit)
    withdrawn = fields.pop("withdrawn", False)
    approval = make_approval(fields.pop("level", 2), **fields)
    if withdrawn:
        officer = make_officer("security_officer")
        withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="x")
    with pytest.raises(RefusedError) as refused:
        decide(keeper, member, 2)
    assert codes(refused) == {"not_approved"}
    member.refresh_from_db()
    assert member.level == 1


def approve(actor: User, **fields: Any) -> SecrecyApproval:
    values: dict[str, Any] = {
        "level": 2,
        "number": "01-QĐ/CY",
        "date": timezone.localdate(),
        "approved_by_name": "Lãnh đạo cơ quan",
        "basis": "Quyết định thử",
        "cipher": "Mô-đun thử",
    }
    return record_approval(actor=actor, now=timezone.now(), **{**values, **fields})


@pytest.mark.usefixtures("high")
def test_an_approval_is_recorded_and_withdrawn_by_a_security_officer() -> None:
    officer = make_officer("security_officer")
    approval = approve(officer)
    assert list(SecrecyApproval.objects.in_force(timezone.localdate())) == [approval]
    assert AuditEvent.objects.get(action="approval.recorded").object_id == str(approval.pk)
    withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="Hết hạn")
    assert not SecrecyApproval.objects.in_force(timezone.localdate()).exists()
    with pytest.raises(RefusedError) as refused:
        withdraw_approval(actor=officer, approval=approval, now=timezone.now(), reason="x")
    assert codes(refused) == {"withdrawn"}


@pytest.mark.usefixtures("high")
@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"level": 1}, "not_approvable"),
        ({"level": 4}, "above_ceiling"),
        ({"cipher": " "}, "text_missing"),
        ({"date": timezone.localdate() + timedelta(days=1)}, "dates"),
        ({"valid_to": timezone.localdate() - timedelta(days=1)}, "dates"),
    ],
)
def test_an_approval_that_says_too_little_is_refused(fields: dict[str, Any], code: str) -> None:
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("security_officer"), **fields)
    assert code in codes(refused)
    assert not SecrecyApproval.objects.exists()


def test_approvals_are_no_keepers_business_and_stop_at_the_ceiling() -> None:
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("keeper"))
    assert codes(refused) == {"not_allowed"}
    with pytest.raises(RefusedError) as refused:
        approve(make_officer("security_officer"))
    assert codes(refused) == {"above_ceiling"}


# --- standing decisions -----------------------------------------------------------------


def test_every_kind_of_row_rests_on_a_standing_decision() -> None:
    load_standing(now=timezone.now())
    assert load_standing(now=timezone.now()) == 0
    standing = Classification.objects.filter(kind="standing")
    kinds = {model._meta.label_lower for model in protected_models()}
    assert set(standing.values_list("object_type", flat=True)) == kinds
    assert all(one.review_on > timezone.localdate() and one.level == 1 for one in standing)


def test_a_standing_decision_is_confirmed_by_a_security_officer() -> None:
    load_standing(now=timezone.now())
    old = Classification.objects.get(object_type="campaign.task")
    with pytest.raises(RefusedError):
        review_standing(
            actor=make_officer("keeper"), standing=old, basis=basis(), now=timezone.now()
        )
    officer = make_officer("security_officer")
    made = review_standing(actor=officer, standing=old, basis=basis(), now=timezone.now())
    assert (made.kind, made.classified_by, made.review_on) == ("standing", officer, LATER)
    assert Classification.objects.filter(object_type="campaign.task").count() == 2
