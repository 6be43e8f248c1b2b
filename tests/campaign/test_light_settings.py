"""Thresholds of the lights: seen before they are saved, with a reason, kept in a history."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from campaign.models import LightPolicy, Task
from campaign.rules import end_of
from security.models import AuditEvent
from tests.campaign.make import make_campaign, make_task, office_of, owner_of
from tests.campaign.test_views import client_of, head_of

pytestmark = pytest.mark.django_db
PAGE = "campaign:lights"


def ahead(days: int) -> Task:
    """A running task, wholly reported, with its last day so many days ahead."""
    today = timezone.localdate()
    now = timezone.now()
    campaign = make_campaign(start=today - timedelta(days=1))
    return make_task(
        campaign=campaign, now=now, deadline=end_of(today + timedelta(days=days), before=False)
    )


def asked(days: int, points: int = 20, **more: Any) -> dict[str, Any]:
    return {"warning_days": days, "behind_points": points, **more}


def test_a_preview_says_which_lights_would_change_and_saves_nothing() -> None:
    near, far = ahead(5), None
    far = make_task(
        campaign=near.campaign, now=timezone.now(), deadline=timezone.now() + timedelta(days=60)
    )
    before = list(Task.objects.order_by("pk").values_list("pk", "light", "next_change_at"))
    client = client_of(office_of(near))
    page = client.get(reverse(PAGE), asked(7))
    assert page.status_code == 200
    html = page.content.decode()
    preview = html[html.index('id="preview"') : html.index('id="rules"')]
    assert page.context["counts"] == [("green", "yellow", 1)]
    assert near.code in preview
    assert f"{far.code} " not in preview
    assert not LightPolicy.objects.filter(campaign=near.campaign).exists()
    after = list(Task.objects.order_by("pk").values_list("pk", "light", "next_change_at"))
    assert after == before


def test_what_was_looked_at_is_put_in_force_with_its_reason() -> None:
    task = ahead(5)
    office = office_of(task)
    client = client_of(office)
    sent = asked(7, 30, reason="Theo kết luận giao ban 21/5")
    answer = client.post(reverse("campaign:lights_set"), sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, reverse(PAGE))
    task.refresh_from_db()
    assert task.light == "yellow"
    policy = LightPolicy.objects.get(campaign=task.campaign)
    assert (policy.warning_days, policy.behind_points, policy.set_by) == (7, 30, office)
    history = client_of(owner_of(task)).get(reverse(PAGE)).content.decode()
    assert "Theo kết luận giao ban 21/5" in history
    assert office.full_name in history
    assert AuditEvent.objects.filter(action="policy.set", actor_id=office.pk).exists()


@pytest.mark.parametrize(
    "sent",
    [
        asked(7, reason=" "),
        asked(31, reason="vì"),
        asked(-1, reason="vì"),
        asked(3, 0, reason="vì"),
        asked(3, 101, reason="vì"),
        asked(3, 20, reason="như cũ"),
        {"warning_days": "ba", "behind_points": "x", "reason": "vì"},
        {},
    ],
    ids=["no-reason", "31-days", "minus", "0-points", "101-points", "same", "words", "nothing"],
)
def test_what_does_not_hold_is_refused_and_changes_nothing(sent: dict[str, Any]) -> None:
    task = ahead(5)
    client = client_of(office_of(task))
    answer = client.post(reverse("campaign:lights_set"), sent)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode() or "errorlist" in answer.content.decode()
    assert not LightPolicy.objects.exists()
    task.refresh_from_db()
    assert task.light == "green"


def test_a_missing_reason_keeps_the_preview() -> None:
    task = ahead(5)
    answer = client_of(office_of(task)).post(reverse("campaign:lights_set"), asked(7, 25))
    assert answer.status_code == 422
    html = answer.content.decode()
    assert 'id="preview"' in html
    assert 'name="warning_days" value="7"' in html


def test_everybody_reads_the_thresholds_and_only_the_office_sets_them() -> None:
    task = ahead(5)
    for user in (owner_of(task), head_of(task)):
        client = client_of(user)
        html = client.get(reverse(PAGE), asked(7)).content.decode()
        assert 'id="preview"' not in html
        assert 'id="other"' not in html
        answer = client.post(reverse("campaign:lights_set"), asked(7, reason="vì"))
        assert answer.status_code == 422
        denied = AuditEvent.objects.filter(actor_id=user.pk, decision="denied")
        assert denied.get().action == "campaign:lights_set"
    assert not LightPolicy.objects.exists()


def test_a_closed_campaign_keeps_its_thresholds() -> None:
    task = ahead(5)
    task.campaign.closed_at = timezone.now()
    task.campaign.closed_by = head_of(task)
    task.campaign.save()
    client = client_of(office_of(task))
    assert 'id="other"' not in client.get(reverse(PAGE)).content.decode()
    answer = client.post(reverse("campaign:lights_set"), asked(7, reason="vì"))
    assert answer.status_code == 422
    assert not LightPolicy.objects.exists()


def test_a_judgement_is_shown_with_both_colours_everywhere() -> None:
    task = ahead(30)
    head = client_of(head_of(task))
    until = timezone.localdate() + timedelta(days=3)
    sent = {
        "judge-light": "red",
        "judge-reason": "Đối tác chưa bàn giao",
        "judge-expires_on": until.isoformat(),
    }
    address = reverse("campaign:judge", args=[task.pk])
    far = {**sent, "judge-expires_on": (until + timedelta(days=60)).isoformat()}
    refused = head.post(address, far)
    assert refused.status_code == 422
    assert 'id="id_judge-expires_on_error"' in refused.content.decode()
    assert head.post(address, {**sent, "judge-reason": ""}).status_code == 422
    assert head.post(address, sent).status_code == 302
    for page in (
        reverse("campaign:task_list"),
        reverse("campaign:task_detail", args=[task.pk]),
    ):
        html = head.get(page).content.decode()
        assert "lights-judged" in html, page
        assert "Đối tác chưa bàn giao" in html, page
    task.refresh_from_db()
    assert task.light == "green"  # the computed one stays
