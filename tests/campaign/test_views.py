"""Task and product pages: each role, page and partial, refusals beside the form."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import ProgressReport, Task
from campaign.rules import ZONE
from security.models import AuditEvent, User
from tests.campaign.make import (
    make_campaign,
    make_draft,
    make_task,
    office_of,
    owner_of,
    submit,
)
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def running() -> Task:
    """A task of a campaign that began on the last Friday."""
    today = timezone.now().astimezone(ZONE).date()
    start = today - timedelta(days=(today.weekday() - 4) % 7)
    campaign = make_campaign(start=start)
    deadline = timezone.now() + timedelta(days=40)  # green whatever the weekday
    return make_task(campaign=campaign, now=timezone.now(), deadline=deadline)


def head_of(task: Task) -> User:
    head = make_user(unit=task.campaign.unit)
    grant_role(head, "head", task.campaign.unit)
    return head


def url(name: str, task: Task, *args: int) -> str:
    return reverse(f"campaign:{name}", args=[task.pk, *args])


# --- who sees what ----------------------------------------------------------------------


def test_the_list_shows_visible_tasks_only() -> None:
    task = running()
    foreign = make_task(campaign=task.campaign, title="Việc của đơn vị khác")
    page = client_of(owner_of(task)).get(reverse("campaign:task_list"))
    assert page.status_code == 200
    text = page.content.decode()
    assert task.code in text
    assert foreign.title not in text
    assert AuditEvent.objects.filter(action="list", object_ids=[task.pk]).exists()


def test_a_foreign_task_and_an_absent_one_look_alike() -> None:
    task = running()
    foreign = make_task(campaign=task.campaign)
    client = client_of(owner_of(task))
    hidden = client.get(url("task_detail", foreign))
    absent = client.get(reverse("campaign:task_detail", args=[987654]))
    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert client.post(url("report", foreign), {"percent": 1}).status_code == 404
    assert AuditEvent.objects.filter(decision="denied", object_id=str(foreign.pk)).exists()


@pytest.mark.parametrize("role", ["operator", "keeper", "administrator", "security_officer"])
def test_roles_without_the_action_find_no_page(role: str) -> None:
    task = running()
    user = make_user(unit=task.campaign.unit)
    grant_role(user, role, task.campaign.unit)
    client = client_of(user)
    for name in ("task_list", "product_list"):
        assert client.get(reverse(f"campaign:{name}")).status_code == 404
    assert client.get(url("task_detail", task)).status_code == 404


@pytest.mark.parametrize("name", ["task_list", "product_list"])
def test_pages_without_a_campaign(name: str) -> None:
    user = make_user()
    grant_role(user, "office")
    assert client_of(user).get(reverse(f"campaign:{name}")).status_code == 200


def test_nobody_gets_in_without_signing_in() -> None:
    task = running()
    for path in (reverse("campaign:task_list"), url("task_detail", task)):
        assert Client().get(path).status_code == 302


# --- lists ------------------------------------------------------------------------------


def test_the_list_filters_and_answers_htmx_with_its_part() -> None:
    task = running()
    client = client_of(head_of(task))
    path = reverse("campaign:task_list")
    assert task.code in client.get(path, {"light": "green", "week": "1"}).content.decode()
    assert task.code not in client.get(path, {"light": "red"}).content.decode()
    part = client.get(path, {"light": "green"}, **HTMX)  # type: ignore[arg-type]
    assert "<html" not in part.content.decode()
    assert part.headers["Vary"].count("HX-Request") == 1


def test_past_lists_say_so() -> None:
    task = running()
    at = (timezone.now() - timedelta(days=30)).isoformat()
    text = client_of(head_of(task)).get(reverse("campaign:task_list"), {"at": at}).content.decode()
    assert "is-past" in text
    assert task.code not in text


def test_product_lists() -> None:
    task = running()
    product = task.products.get()
    client = client_of(head_of(task))
    path = reverse("campaign:product_list")
    assert product.title not in client.get(path).content.decode()  # not on the checklist
    assert product.title in client.get(path, {"show": "all"}).content.decode()
    assert product.title not in client.get(path, {"show": "waiting"}).content.decode()
    submit(task, now=timezone.now())
    assert product.title in client.get(path, {"show": "waiting"}).content.decode()


# --- the task ---------------------------------------------------------------------------


def test_the_owner_reports_with_and_without_a_script() -> None:
    task = running()
    client = client_of(owner_of(task))
    assert 'name="percent"' in client.get(url("task_detail", task)).content.decode()
    answer = client.post(url("report", task), {"percent": 30, "note": "Xong phần đầu"})
    assert (answer.status_code, answer.headers["Location"]) == (302, url("task_detail", task))
    part = client.post(url("report", task), {"percent": 40}, **HTMX)  # type: ignore[arg-type]
    assert part.status_code == 200
    assert "<html" not in part.content.decode()
    assert "40%" in part.content.decode()
    assert list(task.reports.values_list("percent", flat=True)) == [40, 30]


def test_a_refusal_stands_beside_the_form() -> None:
    task = running()
    client = client_of(owner_of(task))
    answer = client.post(url("report", task), {"percent": 30, "obstacle": "on"})
    assert answer.status_code == 422
    assert b'id="id_note_error"' in answer.content
    assert client.post(url("report", task), {"percent": 300}).status_code == 422
    assert not ProgressReport.objects.exists()


def test_a_hidden_form_is_refused_too() -> None:
    task = running()
    head = head_of(task)
    answer = client_of(head).post(url("report", task), {"percent": 30})
    assert answer.status_code == 422
    assert not ProgressReport.objects.exists()
    assert AuditEvent.objects.filter(
        action="campaign:report", actor_id=head.pk, decision="denied"
    ).exists()


def test_posting_to_a_form_nobody_offered_lists_no_people() -> None:
    task = running()
    make_user(full_name="Kẻ Không Liên Quan")
    answer = client_of(owner_of(task)).post(url("complete", task), {"process": "x"})
    assert answer.status_code == 422
    assert "Kẻ Không Liên Quan" not in answer.content.decode()
    assert 'role="alert"' in answer.content.decode()


def test_from_hand_in_to_done() -> None:
    task = running()
    product = task.products.get()
    owner, office = client_of(owner_of(task)), client_of(office_of(task))
    sent = {"statement": "Đủ tiêu chí", "link": "HS-12"}
    assert owner.post(url("submit", task, product.pk), sent).status_code == 302
    submission = product.submissions.get()
    graded = {"grade": "B"}
    refused = office.post(url("accept", task, submission.pk), graded)
    assert refused.status_code == 422
    assert 'id="id_remediate_on_error"' in refused.content.decode()
    graded = {"grade": "A", "note": "Tốt"}
    assert owner.post(url("accept", task, submission.pk), graded).status_code == 422
    assert office.post(url("accept", task, submission.pk), graded).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.light) == ("done", "done")
    assert office.get(url("task_detail", task)).status_code == 200


def test_products_and_submissions_of_other_tasks_are_not_found() -> None:
    task = running()
    other = make_task(campaign=task.campaign, now=timezone.now())
    submission = submit(other, now=timezone.now())
    client = client_of(office_of(task))
    assert client.post(url("submit", task, other.products.get().pk), {}).status_code == 404
    assert client.post(url("accept", task, submission.pk), {}).status_code == 404


def test_a_leader_moves_a_deadline_and_judges() -> None:
    task = running()
    client = client_of(head_of(task))
    day = (timezone.localdate() + timedelta(days=20)).isoformat()
    moved = client.post(url("revise", task), {"revise-day": day, "revise-reason": "Chờ"})
    assert moved.status_code == 302
    seen = {"judge-light": "red", "judge-reason": "Kém", "judge-expires_on": day}
    assert client.post(url("judge", task), seen).status_code == 302
    bare = client.post(url("judge", task), {**seen, "judge-reason": ""})
    assert bare.status_code == 422
    text = client.get(url("task_detail", task)).content.decode()
    assert "Chờ" in text
    assert "Kém" in text
    unit_head = make_user(unit=task.unit)
    grant_role(unit_head, "unit_head")
    assert client_of(unit_head).post(url("judge", task), seen).status_code == 422


def test_the_office_completes_and_activates_a_draft() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, process="")
    office = office_of(draft)
    client = client_of(office)
    assert (
        draft.code in client.get(reverse("campaign:task_list"), {"state": "draft"}).content.decode()
    )
    assert client.post(url("activate", draft)).status_code == 422
    assert draft.owner is not None
    values = {"owner": draft.owner.username, "responsibility": "Có", "process": "Có", "version": 1}
    assert client.post(url("complete", draft), values).status_code == 302
    assert client.post(url("activate", draft)).status_code == 302
    draft.refresh_from_db()
    assert draft.state == "active"


# --- API --------------------------------------------------------------------------------


def test_the_api_lists_and_shows_visible_tasks_only() -> None:
    task = running()
    foreign = make_task(campaign=task.campaign, now=timezone.now())
    client = client_of(owner_of(task))
    rows = client.get("/api/v1/tasks/").json()["results"]
    assert [row["code"] for row in rows] == [task.code]
    assert rows[0]["lead_unit"] == task.unit.code
    assert client.get("/api/v1/tasks/", {"light": "red"}).json()["results"] == []
    one = client.get(f"/api/v1/tasks/{task.pk}/").json()
    assert [p["title"] for p in one["products"]] == ["Sản phẩm 1"]
    assert client.get(f"/api/v1/tasks/{foreign.pk}/").status_code == 404
    assert client.post("/api/v1/tasks/", {}).status_code in {403, 405}
    assert Client().get("/api/v1/tasks/").status_code == 401
    outsider = make_user(unit=make_unit())
    assert client_of(outsider).get("/api/v1/tasks/").status_code == 404


def test_the_list_tells_no_unit_that_the_reader_has_no_task_of() -> None:
    task = running()
    make_unit(code="KIN", name="Đơn vị kín")
    page = client_of(owner_of(task)).get(reverse("campaign:task_list"), {"unit": "KIN"})
    assert page.status_code == 200
    assert "Đơn vị kín" not in page.content.decode()
