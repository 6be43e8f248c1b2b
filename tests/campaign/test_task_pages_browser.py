"""The pages of a task in a real browser: a phone at work, a leader who decides, two who edit."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from campaign.models import Attachment, Comment, DeadlineRequest, Task
from campaign.services import edit_task
from security.models import User
from tests.campaign.make import make_draft, office_of, owner_of
from tests.campaign.test_task_pages import asked_for
from tests.campaign.test_task_pages_words import lived
from tests.campaign.test_views import head_of, running
from tests.dashboard.test_journeys import overflow, serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
PHOTO = FilePayload(name="hien-truong.jpg", mimeType="image/jpeg", buffer=b"\xff\xd8\xff anh")
PHONE = {"width": 390, "height": 844}


def named(user: User, name: str) -> User:
    user.full_name = name
    user.save(update_fields=["full_name"])
    return user


def test_an_owner_on_a_phone_reports_with_a_photo_and_calls_by_keys(signed_in: OpenPage) -> None:
    task = running()
    head = named(head_of(task), "Nguyễn Quốc Bảo")
    page = signed_in(owner_of(task), f"/tasks/{task.pk}/", **PHONE)
    page.get_by_role("link", name="Báo cáo tiến độ").click()
    report = page.locator("#report")
    expect(report).to_be_in_viewport()
    report.locator("[name=percent]").fill("45")
    report.locator("[name=note]").fill("Xong 4 trên 9 quy trình")
    report.locator("[name=proof]").set_input_files([PHOTO])
    report.get_by_role("button", name="Gửi báo cáo").click()
    expect(page.locator("#files")).to_contain_text("hien-truong.jpg")
    expect(page.locator("section[aria-labelledby=light]")).to_contain_text("45%")
    assert Attachment.objects.get().report is not None

    words = page.locator("#comments textarea")
    words.fill("Xin ý kiến ")
    words.press_sequentially("@bao")
    expect(page.get_by_role("option")).to_have_count(1)
    expect(page.get_by_role("option")).to_contain_text("Nguyễn Quốc Bảo")
    assert serious(page) == []
    words.press("Enter")
    expect(words).to_have_value(f"Xin ý kiến @{head.username} ")
    expect(page.get_by_role("listbox")).to_have_count(0)
    page.locator("#comments").get_by_role("button", name="Gửi ý kiến").click()
    expect(page.locator("#comments")).to_contain_text("Gọi: Nguyễn Quốc Bảo")
    assert list(Comment.objects.get().mentions.all()) == [head]
    assert overflow(page) == 0


def test_escape_closes_the_suggestions_and_leaves_the_words(signed_in: OpenPage) -> None:
    task = running()
    named(head_of(task), "Nguyễn Quốc Bảo")
    page = signed_in(owner_of(task), f"/tasks/{task.pk}/")
    words = page.locator("#comments textarea")
    words.press_sequentially("@")
    expect(page.get_by_role("listbox")).to_have_count(1)
    words.press("Escape")
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(words).to_have_value("@")
    words.fill("thu@")
    words.press_sequentially("bao")  # an address calls nobody
    page.wait_for_timeout(500)
    expect(page.get_by_role("listbox")).to_have_count(0)


def test_a_leader_decides_a_request_for_a_deadline(signed_in: OpenPage) -> None:
    task = running()
    row = asked_for(task)
    page = signed_in(head_of(task), f"/tasks/{task.pk}/")
    asked = page.locator("section[aria-labelledby=asked]")
    expect(asked).to_contain_text("Chờ số liệu của Vụ")
    assert serious(page) == []
    asked.get_by_role("button", name="Đồng ý").click()
    expect(asked).to_have_count(0)
    expect(page.locator("section[aria-labelledby=six]")).to_contain_text("hạn ban đầu")
    assert DeadlineRequest.objects.get().decision == "approved"
    task.refresh_from_db()
    assert task.deadline == row.new


def test_why_is_one_click_beside_the_light(signed_in: OpenPage) -> None:
    task = running()
    page = signed_in(head_of(task), f"/tasks/{task.pk}/", **PHONE)
    why = page.locator(".page-head details.why")
    why.locator("summary").click()
    expect(why.locator(".why-box")).to_contain_text("hạn")
    assert overflow(page) == 0


def test_two_versions_stand_side_by_side_and_on_a_phone_below_each_other(
    signed_in: OpenPage,
) -> None:
    task = running()
    page = signed_in(office_of(task), f"/tasks/{task.pk}/edit/", **PHONE)
    page.locator("[name=process]").fill("Cách làm của tôi")
    edit_task(
        actor=office_of(task),
        task=task,
        version=1,
        now=timezone.now(),
        process="Cách làm của người kia",
    )
    page.get_by_role("button", name="Lưu", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Người khác đã lưu")
    expect(page.locator(".clash-text")).to_have_text("Cách làm của người kia")
    expect(page.locator("[name=process]")).to_have_value("Cách làm của tôi")
    assert overflow(page) == 0
    assert serious(page) == []
    page.get_by_label("Bản của đồng chí").check()
    page.get_by_role("button", name="Lưu theo lựa chọn").click()
    expect(page.locator("section[aria-labelledby=six]")).to_contain_text("Cách làm của tôi")


LONG = "Số hóa, chuẩn hóa, đồng bộ hóa dữ liệu đảng viên " * 4


@pytest.mark.parametrize("width", [1440, 390])
def test_each_page_of_a_task_fits_and_has_no_serious_fault(signed_in: OpenPage, width: int) -> None:
    task = lived(running())
    Task.objects.filter(pk=task.pk).update(title=LONG.strip()[:200])
    draft = make_draft(
        campaign=task.campaign, unit=task.unit, process="", products=0, title="x" * 200
    )
    office = office_of(task)
    page = signed_in(office, f"/tasks/{task.pk}/", width=width)
    server = page.url.split("/tasks/")[0]
    for path in (
        f"/tasks/{task.pk}/",
        f"/tasks/{draft.pk}/",
        f"/tasks/{draft.pk}/edit/",
        f"/tasks/{task.pk}/products/",
        f"/tasks/{task.pk}/links/",
        f"/tasks/{task.pk}/units/",
        f"/tasks/{task.pk}/split/",
        f"/tasks/{task.pk}/hand-over/",
        "/tasks/drafts/",
        "/tasks/new/",
    ):
        page.goto(server + path)
        assert overflow(page) == 0, path
        assert serious(page) == [], path


def test_a_draft_is_filled_in_without_a_script(
    browser: object, live_server: object, signed_in: OpenPage
) -> None:
    task = running()
    draft = make_draft(
        campaign=task.campaign,
        unit=task.unit,
        process="",
        start=timezone.localdate(),
        deadline=timezone.now() + timedelta(days=20),
    )
    office = office_of(task)
    cookies = signed_in(office, "/").context.cookies()
    with browser.new_context(java_script_enabled=False) as plain:  # type: ignore[attr-defined]
        plain.add_cookies(cookies)
        page = plain.new_page()
        page.goto(f"{live_server.url}/tasks/drafts/")  # type: ignore[attr-defined]
        page.get_by_role("link", name="Chưa rõ quy trình").click()
        page.fill("[name=process]", "Theo hướng dẫn")
        page.get_by_role("button", name="Lưu và đưa lên bảng").click()
        expect(page.locator(".page-head .light")).to_have_count(1)
    draft.refresh_from_db()
    assert draft.state == "active"
    assert owner_of(draft).pk == draft.owner_id
