"""Pages of one task: drafts and their gate, links, partners, products, hand-overs, requests."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaign.models import Campaign, DeadlineRequest, HandOver, Product, Task, TaskLink, TaskUnit
from campaign.rules import ZONE, end_of
from campaign.services import NewProduct, add_product, edit_task, link_tasks, request_deadline
from security.models import AuditEvent, User
from tests.campaign.make import make_draft, office_of, owner_of, submit
from tests.campaign.test_services import refused
from tests.campaign.test_views import client_of, head_of, running, url
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db

SAID = {"responsibility": "Chịu trách nhiệm", "process": "Rà soát, trình"}


def day(days: int) -> str:
    return (timezone.now().astimezone(ZONE).date() + timedelta(days=days)).isoformat()


def text_of(client: Client, name: str, task: Task, *args: int, query: str = "") -> str:
    return client.get(url(name, task, *args) + query).content.decode()


def left(user: User) -> User:
    user.is_active = False
    user.save(update_fields=["is_active"])
    return user


# --- drafts -----------------------------------------------------------------------------


def test_a_new_task_is_written_completed_and_put_on_the_board() -> None:
    task = running()
    office = client_of(office_of(task))
    new = reverse("campaign:task_new")
    unit = task.unit.code
    assert office.post(new, {"title": "  ", "kind": "week", "unit": unit}).status_code == 422
    made = office.post(new, {"title": "Đợt  tập\nhuấn", "kind": "week", "unit": unit})
    draft = Task.objects.get(title="Đợt tập huấn")
    assert made.headers["Location"] == url("task_detail", draft)
    page = office.get(url("task_detail", draft)).content.decode()
    for field in ("owner", "responsibility", "process", "start", "deadline"):
        assert f'href="{url("task_edit", draft)}#id_{field}"' in page, field
    assert f'href="{url("task_products", draft)}"' in page
    office.post(url("task_products", draft), {"title": "Giáo trình", "criteria": "Đủ\n\nĐúng"})
    assert draft.products.get().criteria == ["Đủ", "Đúng"]
    draft.refresh_from_db()
    assert task.owner is not None
    values = {
        "title": draft.title,
        "kind": "week",
        "unit": unit,
        "owner": task.owner.username,
        "responsibility": "Đầu mối",
        "process": "Theo hướng dẫn",
        "start": day(0),
        "deadline": day(10),
        "version": draft.version,
        "then": "activate",
    }
    office.post(url("task_edit", draft), values)
    draft.refresh_from_db()
    assert (draft.state, draft.light) == ("active", "green")


def test_a_draft_that_lacks_something_stays_a_draft_and_says_what() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit, process="", products=0)
    office = client_of(office_of(task))
    answer = office.post(url("activate", draft))
    assert answer.status_code == 422
    said = answer.content.decode()
    assert "Chưa rõ quy trình" in said
    assert "Chưa rõ sản phẩm" in said
    draft.refresh_from_db()
    assert draft.state == "draft"


def test_the_drafts_page_asks_as_often_for_two_as_for_twelve() -> None:
    task = running()
    office = client_of(office_of(task))
    first = make_draft(campaign=task.campaign, unit=task.unit, process="")
    make_draft(campaign=task.campaign, unit=task.unit)
    page = office.get(reverse("campaign:drafts")).content.decode()
    assert f"{url('task_edit', first)}#id_process" in page
    assert page.count(reverse("campaign:activate", args=[first.pk])) == 0
    few = _queries(office)
    for _ in range(10):
        make_draft(campaign=task.campaign, unit=task.unit, responsibility="")
    assert _queries(office) == few


def _queries(client: Client) -> int:
    with CaptureQueriesContext(connection) as found:
        assert client.get(reverse("campaign:drafts")).status_code == 200
    return len(found)


@pytest.mark.parametrize("length", [200, 201])
def test_a_title_has_200_characters_at_most(length: int) -> None:
    task = running()
    title = "x" * length
    values = {"title": title, "kind": "week", "unit": task.unit.code}
    answer = client_of(office_of(task)).post(reverse("campaign:task_new"), values)
    assert answer.status_code == (302 if length == 200 else 422)
    assert Task.objects.filter(title=title).exists() == (length == 200)
    if length == 201:
        assert title in answer.content.decode()  # what was typed comes back


def test_a_deadline_in_the_past_is_refused_where_it_was_typed() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit)
    values = {
        "title": draft.title,
        "kind": "week",
        "unit": task.unit.code,
        "deadline": day(-2),
        "version": draft.version,
        "process": "Lời đã gõ",
    }
    answer = client_of(office_of(task)).post(url("task_edit", draft), values)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert 'id="id_deadline_error"' in said
    assert "Lời đã gõ" in said
    assert Task.objects.get(pk=draft.pk).deadline == draft.deadline


def test_a_running_task_keeps_owner_lead_and_dates_whatever_is_posted() -> None:
    task = running()
    other = make_user(unit=task.unit)
    office = client_of(office_of(task))
    values = {
        **SAID,
        "title": "Tên mới",
        "version": task.version,
        "owner": other.username,
        "deadline": day(90),
        "start": day(1),
    }
    assert office.post(url("task_edit", task), values).status_code == 302
    row = Task.objects.get(pk=task.pk)
    assert (row.title, row.owner, row.deadline, row.start) == (
        "Tên mới", task.owner, task.deadline, task.start,
    )  # fmt: skip


def test_what_a_running_task_needs_cannot_be_emptied() -> None:
    task = running()
    values = {"title": task.title, "version": task.version, "process": " ", "responsibility": ""}
    answer = client_of(office_of(task)).post(url("task_edit", task), values)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert 'id="id_process_error"' in said
    assert 'id="id_responsibility_error"' in said
    row = Task.objects.get(pk=task.pk)
    assert (row.process, row.version) == (task.process, 1)
    lacking = {"actor": office_of(task), "task": task, "version": 1, "now": timezone.now()}
    assert refused(lambda: edit_task(process="", **lacking)) == {"process"}  # type: ignore[arg-type]


def test_whoever_does_not_run_the_campaign_finds_no_such_page() -> None:
    task = running()
    owner = client_of(owner_of(task))
    for name in ("task_edit", "task_products", "links", "partners", "split", "hand_over"):
        assert owner.get(url(name, task)).status_code == 404, name
    for name in ("task_new", "drafts"):
        assert owner.get(reverse(f"campaign:{name}")).status_code == 404, name
    assert owner.post(url("cancel", task), {"cancel-reason": "x"}).status_code == 422
    task.refresh_from_db()
    assert task.state == "active"


def test_a_person_out_of_reach_is_no_owner_and_the_attempt_is_on_the_trail() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit)
    stranger = make_user(full_name="Kẻ Không Liên Quan")
    values = {
        "title": draft.title,
        "kind": "week",
        "unit": task.unit.code,
        "owner": stranger.username,
        "version": draft.version,
    }
    answer = client_of(office_of(task)).post(url("task_edit", draft), values)
    assert answer.status_code == 422
    assert "Kẻ Không Liên Quan" not in answer.content.decode()
    assert AuditEvent.objects.filter(action="campaign:task_edit", decision="denied").exists()


def test_an_owner_who_is_out_of_reach_meanwhile_may_stay_in_a_draft() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit, deadline=task.deadline)
    office = client_of(office_of(task))
    assert draft.owner is not None
    left(draft.owner)
    values = {**SAID, "owner": draft.owner.username, "process": "Khác"}
    values["version"] = str(draft.version)
    assert office.post(url("complete", draft), values).status_code == 302
    row = Task.objects.get(pk=draft.pk)
    assert (row.owner, row.process) == (draft.owner, "Khác")


# --- products, links, partners, parts ---------------------------------------------------


def test_products_are_added_changed_and_taken_back_until_they_are_handed_in() -> None:
    task = running()
    office = client_of(office_of(task))
    office.post(url("task_products", task), {"title": "Sổ tay", "criteria": "Đủ mục"})
    added = task.products.get(title="Sổ tay")
    sent = {"title": "Cẩm nang", "criteria": "Gọn", "version": "2"}
    office.post(url("product_edit", task, added.pk), sent)
    added.refresh_from_db()
    assert (added.title, added.criteria) == ("Cẩm nang", ["Gọn"])
    assert office.post(url("product_remove", task, added.pk)).status_code == 302
    assert not Product.objects.filter(pk=added.pk).exists()
    first = task.products.get()
    submit(task, now=timezone.now())
    answer = office.post(url("product_edit", task, first.pk), {"title": "Khác", "version": "4"})
    assert "đã được nộp" in answer.content.decode()
    assert answer.status_code == 422
    first.refresh_from_db()
    assert first.title == "Sản phẩm 1"
    office.post(url("product_remove", task, first.pk))
    assert Product.objects.filter(pk=first.pk).exists()


def test_a_product_of_the_checklist_keeps_its_name() -> None:
    task = running()
    product = task.products.get()
    Product.objects.filter(pk=product.pk).update(checklist_code="S5")
    office = client_of(office_of(task))
    answer = office.post(url("product_edit", task, product.pk), {"title": "Khác", "version": "1"})
    assert answer.status_code == 422
    assert 'id="id_title_error"' in answer.content.decode()


def test_a_circle_of_links_is_refused_with_the_whole_chain() -> None:
    task = running()
    campaign, manager = task.campaign, office_of(task)
    second, third = (make_draft(campaign=campaign, unit=task.unit) for _ in range(2))
    now = timezone.now()
    link_tasks(actor=manager, task=task, other=second, kind="depends_on", now=now)
    link_tasks(actor=manager, task=second, other=third, kind="depends_on", now=now)
    office = client_of(manager)
    answer = office.post(url("links", third), {"kind": "depends_on", "other": task.code})
    assert answer.status_code == 422
    chain = " → ".join(one.code for one in (third, task, second, third))
    assert chain in answer.content.decode()
    assert TaskLink.objects.count() == 2
    hidden = make_draft(campaign=campaign, title="Việc kín")
    owner = client_of(owner_of(task))
    TaskLink.objects.create(task=task, other=hidden, kind="depends_on", at=now)
    page = owner.get(url("task_detail", task)).content.decode()
    assert second.code in page
    assert "Việc kín" not in page


def test_a_link_is_taken_back_and_one_to_a_task_unseen_cannot_be_made() -> None:
    task = running()
    other = make_draft(campaign=task.campaign, unit=task.unit)
    office = client_of(office_of(task))
    office.post(url("links", task), {"kind": "technical_part", "other": other.code.lower()})
    link = task.links.get()
    assert (link.kind, link.other) == ("technical_part", other)
    office.post(url("unlink", task, link.pk))
    assert not task.links.exists()
    assert office.post(url("links", task), {"kind": "depends_on", "other": "X9"}).status_code == 422


def test_partners_lead_parts_or_coordinate() -> None:
    task = running()
    office = client_of(office_of(task))
    one, two = (make_unit(parent=task.campaign.unit) for _ in range(2))
    sent = {"p0-unit": one.code, "p0-part": "Phần dữ liệu", "p1-unit": two.code, "version": "1"}
    assert office.post(url("partners", task), sent).status_code == 302
    rows = list(task.task_units.values_list("unit", "part", "role"))
    assert rows == [(one.pk, "Phần dữ liệu", "co_leads"), (two.pk, "", "coordinates")]
    page = text_of(office, "partners", task)
    assert one.code in page
    assert "Phần dữ liệu" in page
    wrong = {"p0-unit": task.unit.code, "p1-part": "Không đơn vị", "version": "2"}
    assert office.post(url("partners", task), wrong).status_code == 422
    assert TaskUnit.objects.filter(task=task).count() == 2
    assert office.post(url("partners", task), {"version": "2"}).status_code == 302
    assert not TaskUnit.objects.filter(task=task).exists()


def test_a_part_is_taken_out_with_its_products() -> None:
    task = running()
    manager = office_of(task)
    office = client_of(manager)
    second = add_product(
        actor=manager, task=task, product=NewProduct("Phần mềm"), now=timezone.now()
    )
    sent = {"title": "Phần kỹ thuật", "unit": task.unit.code, "products": [second.pk]}
    answer = office.post(url("split", task), sent)
    made = Task.objects.get(title="Phần kỹ thuật")
    assert answer.headers["Location"] == url("task_edit", made)
    assert (made.state, made.products.get()) == ("draft", second)
    assert "Phần kỹ thuật" in text_of(office, "task_detail", task)


def test_cancelling_needs_a_reason_and_the_page_stays() -> None:
    task = running()
    office = client_of(office_of(task))
    assert office.post(url("cancel", task), {"cancel-reason": " "}).status_code == 422
    assert office.post(url("cancel", task), {"cancel-reason": "Trùng việc"}).status_code == 302
    task.refresh_from_db()
    assert task.state == "cancelled"
    assert "Trùng việc" in text_of(office, "task_detail", task)


# --- people and dates -------------------------------------------------------------------


def test_an_owner_who_left_is_shown_and_the_task_handed_over() -> None:
    task = running()
    assert task.owner is not None
    left(task.owner)
    office = client_of(office_of(task))
    page = text_of(office, "task_detail", task)
    assert "đã nghỉ" in page
    assert url("hand_over", task) in page
    second = make_user(unit=task.unit, full_name="Người Nhận Việc")
    sent = {"owner": second.username, "unit": task.unit.code, "reason": "Người cũ nghỉ"}
    assert office.post(url("hand_over", task), {**sent, "reason": ""}).status_code == 422
    assert office.post(url("hand_over", task), sent).status_code == 302
    assert Task.objects.get(pk=task.pk).owner == second
    page = text_of(office, "task_detail", task)
    assert "đã nghỉ" not in page
    assert "Người cũ nghỉ" in page
    assert HandOver.objects.get().from_owner == task.owner


def test_a_dissolved_lead_unit_is_shown_and_not_offered_again() -> None:
    task = running()
    task.unit.dissolved_on = timezone.localdate()
    task.unit.save(update_fields=["dissolved_on"])
    office = client_of(office_of(task))
    assert "giải thể" in text_of(office, "task_detail", task)
    unit = make_unit(parent=task.campaign.unit)
    second = make_user(unit=unit)
    sent = {"owner": second.username, "unit": task.unit.code, "reason": "Giải thể"}
    assert office.post(url("hand_over", task), sent).status_code == 422
    assert office.post(url("hand_over", task), {**sent, "unit": unit.code}).status_code == 302
    row = Task.objects.get(pk=task.pk)
    assert (row.unit, row.owner) == (unit, second)


def test_a_head_hands_over_within_his_unit_without_choosing_a_unit() -> None:
    task = running()
    head, second = make_user(unit=task.unit), make_user(unit=task.unit)
    grant_role(head, "unit_head", task.unit)
    client = client_of(head)
    page = text_of(client, "hand_over", task)
    assert 'name="owner"' in page
    assert 'name="unit"' not in page
    sent = {"owner": second.username, "reason": "Nghỉ phép"}
    assert client.post(url("hand_over", task), sent).status_code == 302
    assert Task.objects.get(pk=task.pk).owner == second
    found = client.get(reverse("campaign:people_search"), {"owner": second.full_name[:6]})
    assert second.username in found.content.decode()


def asked_for(task: Task, *, days: int = 60) -> DeadlineRequest:
    last = timezone.now().astimezone(ZONE).date() + timedelta(days=days)
    return request_deadline(
        actor=owner_of(task),
        task=task,
        deadline=end_of(last, before=False),
        reason="Chờ số liệu của Vụ",
        now=timezone.now(),
    )


def test_a_deadline_is_asked_for_and_a_leader_agrees() -> None:
    task = running()
    owner, head = client_of(owner_of(task)), client_of(head_of(task))
    sent = {"ask-day": day(60), "ask-reason": "Chờ số liệu của Vụ"}
    assert owner.post(url("ask_deadline", task), sent).status_code == 302
    row = DeadlineRequest.objects.get()
    page = text_of(head, "task_detail", task)
    assert "Chờ số liệu của Vụ" in page
    assert url("approve_deadline", task, row.pk) in page
    assert url("approve_deadline", task, row.pk) not in text_of(owner, "task_detail", task)
    assert owner.post(url("approve_deadline", task, row.pk)).status_code == 422
    original = task.original_deadline
    assert head.post(url("approve_deadline", task, row.pk)).status_code == 302
    task.refresh_from_db()
    assert (task.deadline, task.original_deadline) == (row.new, original)
    page = text_of(owner, "task_detail", task)
    assert original is not None
    assert f"{(original - timedelta(microseconds=1)).astimezone(ZONE):%d/%m/%Y}" in page


@pytest.mark.parametrize("asked", [day(-1), "31/02/2026", "2026-02-31", "mai"])
def test_a_day_that_cannot_be_is_refused_at_its_field(asked: str) -> None:
    task = running()
    sent = {"ask-day": asked, "ask-reason": "Giữ lời này"}
    answer = client_of(owner_of(task)).post(url("ask_deadline", task), sent)
    assert answer.status_code == 422
    said = answer.content.decode()
    assert 'id="id_ask-day_error"' in said
    assert "Giữ lời này" in said
    assert not DeadlineRequest.objects.exists()


def test_a_refusal_says_why_and_a_request_is_taken_back_by_its_asker() -> None:
    task = running()
    row = asked_for(task)
    head = client_of(head_of(task))
    assert head.post(url("refuse_deadline", task, row.pk), {"refuse-reason": ""}).status_code == 422
    sent = {"refuse-reason": "Đã gia hạn một lần"}
    assert head.post(url("refuse_deadline", task, row.pk), sent).status_code == 302
    assert "Đã gia hạn một lần" in text_of(client_of(owner_of(task)), "task_detail", task)
    again = asked_for(task, days=70)
    assert head.post(url("withdraw_deadline", task, again.pk)).status_code == 422
    owner = client_of(owner_of(task))
    assert owner.post(url("withdraw_deadline", task, again.pk)).status_code == 302
    again.refresh_from_db()
    assert again.decision == "withdrawn"


# --- a closed campaign, hostile words ---------------------------------------------------


def test_a_closed_campaign_offers_no_form() -> None:
    task = running()
    office = office_of(task)
    Campaign.objects.filter(pk=task.campaign_id).update(closed_at=timezone.now(), closed_by=office)
    page = text_of(client_of(office), "task_detail", task)
    for name in ("task_edit", "links", "split", "hand_over", "comment", "attach", "cancel"):
        assert url(name, task) not in page, name


def test_markup_is_shown_as_it_was_typed() -> None:
    task = running()
    evil = "<script>alert(1)</script><b>đậm</b>"
    client = client_of(office_of(task))
    client.post(url("comment", task), {"text": evil})
    client.post(url("task_products", task), {"title": evil, "criteria": evil})
    task.refresh_from_db()
    said = {**SAID, "title": evil, "version": task.version, "risk": evil}
    assert client.post(url("task_edit", task), said).status_code == 302
    for name in ("task_detail", "task_edit", "task_products", "links", "split", "hand_over"):
        page = text_of(client, name, task)
        assert "<script>alert" not in page, name
        assert "<b>đậm" not in page, name
    assert "&lt;script&gt;alert(1)" in text_of(client, "task_detail", task)
