"""The date of one product: a leader moves it, the original stays, the past keeps its own."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.facts import facts_of
from campaign.models import Product, ProductRevision, Task
from campaign.rules import RED, end_of, last_day
from campaign.selectors.history import happenings
from campaign.services import revise_product_deadline, sweep_lights
from security.models import AuditEvent, User
from security.services import RefusedError
from tests.campaign.make import BEGIN, DEADLINE, accept, make_task, office_of, owner_of, submit
from tests.campaign.test_selectors import make_head

pytestmark = pytest.mark.django_db
DUE = end_of(last_day(DEADLINE) - timedelta(days=6), before=False)
LATE = DUE + timedelta(hours=9)
NEW = DUE + timedelta(days=3)


def late_task() -> Task:
    """Red for its product alone, whose own date is over."""
    task = make_task()
    task.products.update(deadline=DUE)
    sweep_lights(now=LATE)
    task.refresh_from_db()
    assert task.light == RED
    return task


def move(task: Task, actor: User, **asked: Any) -> ProductRevision:
    wanted = {"deadline": NEW, "reason": "Chờ văn bản", "now": LATE, **asked}
    return revise_product_deadline(actor=actor, product=task.products.get(), **wanted)


def test_a_leader_moves_it_and_the_original_stays() -> None:
    task = late_task()
    head = make_head(task.campaign)
    revision = move(task, head)
    task.refresh_from_db()
    assert (revision.old, revision.new, revision.approved_by) == (DUE, NEW, head)
    assert task.products.get().deadline == NEW
    assert task.light != RED
    assert AuditEvent.objects.filter(action="task.product_deadline_revised").count() == 1
    told = happenings(task)
    assert "Chờ văn bản" in {one.note for one in told if one.kind == "deadline"}


def test_the_past_keeps_the_date_of_then() -> None:
    task = late_task()
    move(task, make_head(task.campaign))
    then = Task.objects.filter(pk=task.pk).lit(LATE - timedelta(seconds=1)).get()
    assert then.lit == RED
    known = facts_of([task], LATE - timedelta(seconds=1), past=True)[task.pk]
    assert [one.deadline for one in known.products] == [DUE]
    assert [one.deadline for one in facts_of([task], LATE)[task.pk].products] == [NEW]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"reason": " "}, "reason"),
        ({"deadline": DUE}, "same_deadline"),
        ({"deadline": LATE - timedelta(hours=1)}, "deadline_past"),
        ({"deadline": BEGIN - timedelta(days=9)}, "before_start"),
        ({"deadline": DEADLINE + timedelta(days=1)}, "after_task"),
    ],
)
def test_what_does_not_fit_is_refused(asked: dict[str, Any], code: str) -> None:
    task = late_task()
    with pytest.raises(RefusedError) as refused:
        move(task, make_head(task.campaign), **asked)
    assert code in {problem.code for problem in refused.value.problems}
    assert task.products.get().deadline == DUE
    assert not ProductRevision.objects.exists()


def test_an_accepted_product_keeps_its_date() -> None:
    task = late_task()
    accept(submit(task, now=LATE), actor=office_of(task), now=LATE)
    assert Product.objects.get(task=task).deadline == DUE
    with pytest.raises(RefusedError):
        move(task, make_head(task.campaign))


def test_nobody_else_moves_it() -> None:
    task = late_task()
    for actor in (owner_of(task), office_of(task)):
        with pytest.raises(RefusedError) as refused:
            move(task, actor)
        assert [problem.code for problem in refused.value.problems] == ["not_allowed"]
    assert task.products.get().deadline == DUE


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def test_from_the_page_of_the_product() -> None:
    now = timezone.now()
    task = make_task(
        now=now, start=now.date() - timedelta(days=3), deadline=now + timedelta(days=30)
    )
    product = task.products.get()
    head, owner = client_of(make_head(task.campaign)), client_of(owner_of(task))
    page = reverse("campaign:product", args=[task.pk, product.pk])
    form = reverse("campaign:product_deadline", args=[task.pk, product.pk])
    assert form in head.get(page).content.decode()
    assert form not in owner.get(page).content.decode()
    assert owner.get(form).status_code == 404
    assert task.deadline is not None
    assert f"{last_day(task.deadline):%d/%m/%Y}" in head.get(form).content.decode()
    day = now.date() + timedelta(days=9)
    wrong = head.post(form, {"day": day.isoformat(), "reason": ""})
    assert wrong.status_code == 422
    assert day.isoformat() in wrong.content.decode()
    answer = head.post(form, {"day": day.isoformat(), "reason": "Chờ phiếu"}, follow=True)
    assert answer.redirect_chain[-1][0] == page
    product.refresh_from_db()
    assert product.deadline == end_of(day, before=False)
    said = answer.content.decode()
    assert "Chờ phiếu" in said
    assert f"moved from {last_day(task.deadline):%d/%m/%Y}" in said
