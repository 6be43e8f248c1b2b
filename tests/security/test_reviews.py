"""Access review: every role in force is asked about, nobody decides his own, ending is at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AccessReview, AuditEvent, ReviewItem, RoleGrant, Unit, User
from security.selectors.reviews import reviews_for
from security.services import RefusedError, close_review, decide, end_role, open_review
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
Verdict = ReviewItem.Verdict


def code(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def make_review(*, officer: User, unit: Unit | None = None, days: int = 14) -> AccessReview:
    now = timezone.now()
    return open_review(
        actor=officer,
        title="Rà soát quý IV",
        unit=unit or officer.unit,
        due_on=timezone.localdate(now) + timedelta(days=days),
        now=now,
    )


def make_round() -> tuple[User, User, User, AccessReview]:
    """An officer of all, a head of one unit, a colleague there with a role, and a review of all."""
    root = make_unit()
    officer = make_officer("security_officer", unit=root)
    office = make_unit(parent=root)
    head = make_officer("unit_head", unit=office)
    staff = make_officer("unit_staff", unit=office)
    return officer, head, staff, make_review(officer=officer)


def item_of(review: AccessReview, user: User) -> ReviewItem:
    return review.items.get(holder=user)


def test_a_review_asks_once_about_every_role_in_force_there_and_below() -> None:
    root = make_unit()
    officer = make_officer("security_officer", unit=root)
    below = make_officer("keeper", unit=make_unit(parent=root))
    make_officer("keeper")  # elsewhere
    past = grant_role(make_user(unit=root), "keeper", valid_to=timezone.now() - timedelta(days=1))
    review = make_review(officer=officer)
    assert set(review.items.values_list("holder", flat=True)) == {officer.pk, below.pk}
    assert not review.items.filter(grant=past).exists()
    line = AuditEvent.objects.get(action="review.opened")
    assert (line.actor_id, line.object_id) == (officer.pk, str(review.pk))


@pytest.mark.parametrize("role", ["administrator", "unit_head", "head", "member"])
def test_only_a_security_officer_of_that_unit_opens_a_review(role: str) -> None:
    other = make_officer(role)
    with pytest.raises(RefusedError) as refused:
        make_review(officer=other)
    assert code(refused) == {"not_allowed"}
    officer = make_officer("security_officer")
    with pytest.raises(RefusedError):
        make_review(officer=officer, unit=other.unit)
    assert not AccessReview.objects.exists()


def test_a_review_wants_a_day_to_come_and_somebody_to_ask_about() -> None:
    officer = make_officer("security_officer")
    with pytest.raises(RefusedError) as refused:
        make_review(officer=officer, days=-1)
    assert code(refused) == {"dates"}
    with pytest.raises(RefusedError) as refused:
        make_review(officer=officer, unit=make_unit(parent=officer.unit))
    assert code(refused) == {"nothing"}


def test_a_head_ends_a_role_of_his_unit_at_once_and_the_trail_says_which_review() -> None:
    _officer, head, staff, review = make_round()
    now = timezone.now()
    decide(actor=head, item=item_of(review, staff), verdict="end", note="Đã chuyển đi", now=now)
    assert not staff.role_grants.in_force(now).exists()
    line = AuditEvent.objects.get(action="role.ended")
    assert (line.actor_id, line.reason) == (head.pk, f"access review {review.pk}")
    item = item_of(review, staff)
    assert (item.verdict, item.decided_by, item.note) == (Verdict.END, head, "Đã chuyển đi")


def test_a_confirmed_role_stays_and_may_still_be_ended_but_never_the_reverse() -> None:
    _officer, head, staff, review = make_round()
    now = timezone.now()
    decide(actor=head, item=item_of(review, staff), verdict="keep", now=now)
    assert staff.role_grants.in_force(now).exists()
    with pytest.raises(RefusedError) as refused:
        decide(actor=head, item=item_of(review, staff), verdict="keep", now=now)
    assert code(refused) == {"decided"}
    decide(actor=head, item=item_of(review, staff), verdict="end", now=now)
    with pytest.raises(RefusedError) as refused:
        decide(actor=head, item=item_of(review, staff), verdict="keep", now=now)
    assert code(refused) == {"decided"}
    assert not staff.role_grants.in_force(now).exists()


def test_nobody_decides_about_himself_not_even_through_the_database() -> None:
    officer, head, _staff, review = make_round()
    for one in (officer, head):
        with pytest.raises(RefusedError) as refused:
            decide(actor=one, item=item_of(review, one), verdict="keep", now=timezone.now())
        assert code(refused) == {"own_role"}
    item = item_of(review, head)
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewItem.objects.filter(pk=item.pk).update(
            verdict="keep", decided_by=head, decided_at=timezone.now()
        )
    assert item_of(review, head).verdict == Verdict.OPEN


def test_a_head_decides_only_below_his_unit() -> None:
    officer, head, staff, review = make_round()
    with pytest.raises(RefusedError) as refused:
        decide(actor=head, item=item_of(review, officer), verdict="end", now=timezone.now())
    assert code(refused) == {"not_allowed"}
    with pytest.raises(RefusedError):
        decide(actor=staff, item=item_of(review, head), verdict="end", now=timezone.now())
    assert RoleGrant.objects.in_force(timezone.now()).count() == 3


def test_a_review_is_signed_off_when_nothing_in_force_is_open_and_then_rests() -> None:
    officer, head, staff, review = make_round()
    second = make_officer("security_officer", unit=officer.unit)
    now = timezone.now()
    decide(actor=officer, item=item_of(review, head), verdict="keep", now=now)
    decide(actor=second, item=item_of(review, officer), verdict="keep", now=now)
    with pytest.raises(RefusedError) as refused:
        close_review(actor=officer, review=review, note="Xong", now=now)
    assert code(refused) == {"open_items"}
    end_role(actor=None, grant=staff.role_grants.get(), now=now, reason="Nghỉ việc")
    with pytest.raises(RefusedError) as refused:
        close_review(actor=head, review=review, note="Xong", now=now)
    assert code(refused) == {"not_allowed"}
    close_review(actor=officer, review=review, note="Xong", now=now)
    review.refresh_from_db()
    assert (review.closed_by, review.closing_note) == (officer, "Xong")
    with pytest.raises(RefusedError) as refused:
        decide(actor=officer, item=item_of(review, head), verdict="end", now=now)
    assert code(refused) == {"closed"}
    with pytest.raises(RefusedError):
        close_review(actor=second, review=review, note="Lần nữa", now=now)
    assert AuditEvent.objects.filter(action="review.closed").count() == 1


def test_each_counts_what_is_asked_of_him_and_late_is_late() -> None:
    officer, head, staff, review = make_round()
    now = timezone.now()
    assert [(one.total, one.settled, one.is_whole) for one in reviews_for(officer, now)] == [
        (3, 0, True)
    ]
    decide(actor=head, item=item_of(review, staff), verdict="keep", now=now)
    assert [(one.total, one.settled, one.is_whole) for one in reviews_for(head, now)] == [
        (2, 1, False)
    ]
    progress = reviews_for(head, now)[0]
    assert not progress.late(review.due_on)
    assert progress.late(review.due_on + timedelta(days=1))
    assert reviews_for(make_officer("unit_head"), now) == []


# --- pages ------------------------------------------------------------------------------


def test_the_page_shows_a_head_his_unit_and_nothing_beside_it() -> None:
    officer, head, staff, review = make_round()
    shown = enter(head).get(reverse("security:review", args=[review.pk]))
    assert shown.status_code == 200
    page = shown.content.decode()
    assert staff.full_name in page
    assert officer.role_grants.get().role.name not in page
    assert reverse("security:review_report", args=[review.pk]) not in page
    report = enter(head).get(reverse("security:review_report", args=[review.pk]))
    assert report.status_code == 404


def test_a_verdict_is_given_by_form_or_by_row_and_a_foreign_item_is_absent() -> None:
    officer, head, staff, review = make_round()
    client = enter(head)
    item = item_of(review, staff)
    address = reverse("security:review_decide", args=[review.pk, item.pk])
    assert client.post(address, {"verdict": "perhaps"}).status_code == 302
    assert item_of(review, staff).verdict == Verdict.OPEN
    row = client.post(address, {"verdict": "keep"}, headers={"HX-Request": "true"})
    assert row.status_code == 200
    assert f'id="item-{item.pk}"' in row.content.decode()
    assert item_of(review, staff).verdict == Verdict.KEEP
    again = client.post(address, {"verdict": "keep"}, headers={"HX-Request": "true"})
    assert again.status_code == 422
    foreign = reverse("security:review_decide", args=[review.pk, item_of(review, officer).pk])
    assert client.post(foreign, {"verdict": "end"}).status_code == 404
    other = make_review(officer=officer)
    crossed = reverse("security:review_decide", args=[other.pk, item.pk])
    assert client.post(crossed, {"verdict": "end"}).status_code == 404
    assert AuditEvent.objects.filter(action="read", decision="denied").count() == 2
    assert staff.role_grants.in_force(timezone.now()).exists()


def test_an_officer_opens_signs_and_prints_by_form() -> None:
    officer, head, staff, review = make_round()
    client = enter(officer)
    asked = {"title": "Nữa", "unit": officer.unit.code, "due_on": "2020-01-01"}
    assert client.post(reverse("security:review_new"), asked).status_code == 422
    asked["due_on"] = (timezone.localdate() + timedelta(days=3)).isoformat()
    assert client.post(reverse("security:review_new"), asked).status_code == 302
    assert AccessReview.objects.filter(title="Nữa").exists()
    close = reverse("security:review_close", args=[review.pk])
    client.post(close, {"note": "Xong"})
    review.refresh_from_db()
    assert review.closed_at is None
    now = timezone.now()
    second = make_officer("security_officer", unit=officer.unit)
    decide(actor=second, item=item_of(review, officer), verdict="keep", now=now)
    for one in (head, staff):
        decide(actor=officer, item=item_of(review, one), verdict="keep", now=now)
    report = reverse("security:review_report", args=[review.pk])
    assert client.post(close, {"note": "Đã rà soát đủ"}).headers["Location"] == report
    page = client.get(report).content.decode()
    assert "Đã rà soát đủ" in page
    assert page.count(second.full_name) == 1


@pytest.mark.parametrize("role", ["administrator", "unit_staff", "keeper", "member", "head"])
def test_others_find_no_review(role: str) -> None:
    _officer, _head, _staff, review = make_round()
    client = enter(make_officer(role))
    for name, args in (
        ("reviews", []),
        ("review_new", []),
        ("review", [review.pk]),
        ("review_report", [review.pk]),
    ):
        assert client.get(reverse(f"security:{name}", args=args)).status_code == 404
    assert AuditEvent.objects.filter(decision="denied").count() == 4


def test_a_page_of_a_review_asks_the_database_a_bounded_number_of_times(
    django_assert_max_num_queries: object,
) -> None:
    officer, _head, _staff, review = make_round()
    client = enter(officer)
    address = reverse("security:review", args=[review.pk])
    client.get(address)
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        client.get(address)
    for _number in range(15):
        make_officer("unit_staff", unit=officer.unit)
    more = make_review(officer=officer)
    with django_assert_max_num_queries(16):  # type: ignore[operator]
        client.get(reverse("security:review", args=[more.pk]))
