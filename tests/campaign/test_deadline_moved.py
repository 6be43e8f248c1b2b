"""Deadlines that move: never into the past, and not back because of an old request."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from campaign.models import DeadlineRevision, Task
from campaign.rules import end_of
from campaign.services import (
    approve_deadline,
    refuse_deadline,
    request_deadline,
    revise_deadline,
)
from security.models import User
from tests.campaign.make import DEADLINE, NOON, make_campaign, make_task, owner_of
from tests.campaign.test_services import refused
from tests.campaign.test_views import client_of, head_of

pytestmark = pytest.mark.django_db
LATER = DEADLINE + timedelta(days=5)
LATEST = DEADLINE + timedelta(days=9)


def moved(head: User, task: Task, **wanted: object) -> set[str]:
    values = {"deadline": LATEST, "reason": "Theo tờ trình", "now": NOON, **wanted}
    return refused(lambda: revise_deadline(actor=head, task=task, **values))  # type: ignore[arg-type]


def test_a_deadline_does_not_move_into_the_past() -> None:
    task = make_task()
    head = head_of(task)
    yesterday = end_of((NOON - timedelta(days=1)).date(), before=False)
    assert moved(head, task, deadline=yesterday) == {"deadline_past"}
    assert moved(head, task, deadline=NOON) == {"deadline_past"}
    assert Task.objects.get(pk=task.pk).deadline == DEADLINE
    assert not DeadlineRevision.objects.exists()


def test_the_page_says_that_the_day_is_past_and_keeps_what_was_typed() -> None:
    today = timezone.localdate()
    start = today - timedelta(days=10)
    task = make_task(
        campaign=make_campaign(start=start),
        now=timezone.now() - timedelta(days=9),
        deadline=end_of(today + timedelta(days=3), before=False),
    )
    day = (today - timedelta(days=2)).isoformat()
    answer = client_of(head_of(task)).post(
        reverse("campaign:revise", args=[task.pk]),
        {"revise-day": day, "revise-reason": "Rút ngắn theo ý kiến"},
    )
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Thời hạn đã qua." in page
    assert "Rút ngắn theo ý kiến" in page
    assert day in page
    assert not DeadlineRevision.objects.exists()


def test_an_old_request_does_not_take_a_later_decision_back() -> None:
    task = make_task()
    head = head_of(task)
    asked = request_deadline(
        actor=owner_of(task), task=task, deadline=LATER, reason="Chờ số liệu", now=NOON
    )
    revise_deadline(actor=head, task=task, deadline=LATEST, reason="Giao thêm việc", now=NOON)
    assert refused(lambda: approve_deadline(actor=head, asked=asked, now=NOON)) == {"overtaken"}
    assert Task.objects.get(pk=task.pk).deadline == LATEST
    asked.refresh_from_db()
    assert asked.decision == "waiting"
    refuse_deadline(actor=head, asked=asked, reason="Đã lùi xa hơn", now=NOON)
    asked.refresh_from_db()
    assert asked.decision == "refused"


def test_the_page_says_to_which_day_it_was_moved() -> None:
    task = make_task()
    head = head_of(task)
    asked = request_deadline(
        actor=owner_of(task), task=task, deadline=LATER, reason="Chờ số liệu", now=NOON
    )
    revise_deadline(actor=head, task=task, deadline=LATEST, reason="Giao thêm việc", now=NOON)
    Task.objects.filter(pk=task.pk).update(deadline=timezone.now() + timedelta(days=90))
    DeadlineRevision.objects.all().delete()
    asked.new = timezone.now() + timedelta(days=60)
    asked.save(update_fields=["new"])
    told = f"{timezone.localdate() + timedelta(days=90):%d/%m/%Y}"
    answer = client_of(head).post(reverse("campaign:approve_deadline", args=[task.pk, asked.pk]))
    assert answer.status_code == 422
    assert told in answer.content.decode()
