"""Notices in a real browser: told on a phone, opened, read; choices, and an address for a calendar."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaign.services import add_comment, sweep_lights
from dashboard.inbox import unread_count
from dashboard.models import CalendarFeed, Delivery, Notice, NoticeHours
from dashboard.notices.mail import send_due
from dashboard.notices.telling import tell
from security.models import User
from tests.campaign.make import office_of, owner_of
from tests.dashboard.test_journeys import (
    PASSWORD,
    OpenPage,
    make_leader,
    overflow,
    running_campaign,
    serious,
    sign_in,
)
from tests.security.make import make_officer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PICTURES = os.environ.get("NOTICE_PICTURES", "")


def picture(page: Page, name: str) -> None:
    """For whoever wants to look: NOTICE_PICTURES=directory."""
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


@pytest.fixture(autouse=True)
def _with_a_mail_server(settings: Any) -> None:
    settings.EMAIL_READY = True


def told_owner() -> User:
    """An owner with a late task, told of it three days later, and somebody's question."""
    _campaign, late, quiet = running_campaign()
    owner = owner_of(late)
    owner.email = "chuyenvien@sauro.example"
    owner.set_password(PASSWORD)
    owner.save()
    now = timezone.now()
    office = office_of(late)
    text = f"@{owner.username} Đề nghị báo cáo rõ phần còn vướng trước buổi giao ban thứ Năm."
    add_comment(actor=office, task=late, text=text, now=now - timedelta(hours=2))
    tell(now=now)
    Notice.objects.filter(user=owner, kind="turned_yellow").update(read_at=now)
    assert quiet.light != "red"
    return owner


@pytest.mark.parametrize("width", [390, 1440])
def test_a_late_task_is_found_from_the_badge_and_opening_it_marks_it_read(
    signed_in: OpenPage, width: int
) -> None:
    owner = told_owner()
    page = signed_in(owner, "/", width=width, height=844)
    before = unread_count(owner)
    expect(page.locator(".bell-count [aria-hidden]")).to_have_text(str(before))
    assert overflow(page) == 0
    picture(page, f"home-{width}")
    page.locator(".bell a").click()
    expect(page.locator("h1")).to_have_text("Thông báo")
    expect(page.locator(".told")).to_contain_text("muộn 3 ngày")
    expect(page.locator(".told")).to_contain_text("nhắc đến đồng chí")
    assert overflow(page) == 0
    assert serious(page) == []
    picture(page, f"inbox-{width}")
    with page.expect_response("**/notices/mark/") as marked:
        page.locator(".told .ledger-title").first.click()
    assert marked.value.status == 204
    expect(page.locator("h1")).to_contain_text("Danh mục và sơ đồ")
    assert unread_count(owner) < before


def test_the_inbox_goes_by_keyboard(signed_in: OpenPage) -> None:
    owner = told_owner()
    page = signed_in(owner, "/notices/")
    page.keyboard.press("j")
    expect(page.locator(".told-task.is-here")).to_have_count(1)
    page.keyboard.press("r")
    expect(page.locator(".told-task.is-unread")).to_have_count(0)
    assert unread_count(owner) == 0
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text("Danh mục và sơ đồ")


def test_marking_works_without_a_script(
    browser: Any, live_server: LiveServer, signed_in: OpenPage
) -> None:
    owner = told_owner()
    cookies = signed_in(owner, "/notices/").context.cookies()
    with browser.new_context(java_script_enabled=False) as plain:
        plain.add_cookies(cookies)
        page = plain.new_page()
        page.goto(f"{live_server.url}/notices/")
        page.get_by_role("button", name="Đánh dấu đã đọc hết").click()
        expect(page.locator(".messages")).to_contain_text("Đã đánh dấu đọc")
    assert unread_count(owner) == 0


def test_the_badge_follows_by_itself(signed_in: OpenPage) -> None:
    owner = told_owner()
    page = signed_in(owner, "/notices/choices/")
    ask = "htmx.trigger('#notices-badge', 'refresh')"
    with page.expect_response("**/notices/badge/") as same:
        page.evaluate(ask)
    assert same.value.status == 204
    Notice.objects.filter(user=owner).update(read_at=timezone.now())
    with page.expect_response("**/notices/badge/") as changed:
        page.evaluate(ask)
    assert changed.value.status == 200
    expect(page.locator(".bell-count")).to_have_count(0)
    with page.expect_response("**/notices/badge/") as again:
        page.evaluate(ask)
    assert again.value.status == 204


@pytest.mark.parametrize("width", [390, 1440])
def test_choices_say_beforehand_what_they_do(signed_in: OpenPage, width: int) -> None:
    owner = told_owner()
    page = signed_in(owner, "/notices/choices/", width=width, height=844)
    assert overflow(page) == 0
    assert serious(page) == []
    with page.expect_response("**/notices/choices/?preview=1*"):
        page.fill("#id_digest_at", "16:45")
        page.locator("#id_digest_at").blur()
    expect(page.locator("#preview")).to_contain_text("lúc 16:45")
    picture(page, f"choices-{width}")
    page.get_by_role("button", name="Lưu lựa chọn").click()
    expect(page.locator(".messages")).to_contain_text("Đã lưu")
    assert f"{NoticeHours.objects.get(user=owner).digest_at:%H:%M}" == "16:45"


@pytest.mark.parametrize("width", [390, 1440])
def test_an_address_is_made_shown_once_and_revoked(
    page: Page, live_server: LiveServer, width: int
) -> None:
    owner = told_owner()
    page.set_viewport_size({"width": width, "height": 844})
    sign_in(page, live_server, owner)
    expect(page.locator(".topbar")).to_contain_text("Thông báo")
    page.goto(f"{live_server.url}/notices/calendar/")
    assert serious(page) == []
    picture(page, f"calendar-{width}")
    page.locator(".page-tools").get_by_role("link", name="Tạo địa chỉ của tôi").click()
    page.fill("#id_password", PASSWORD)  # an address outlives the session: who asks for it?
    page.get_by_role("button", name="Xác nhận").click()
    expect(page.locator("h1")).to_have_text("Tạo địa chỉ của tôi")
    assert serious(page) == []
    picture(page, f"calendar-new-{width}")
    page.get_by_role("button", name="Tạo địa chỉ").click()
    url = page.locator("#address").input_value()
    assert overflow(page) == 0
    picture(page, f"calendar-made-{width}")
    path = url.split("/feeds/")[1]
    answer = page.request.get(f"{live_server.url}/feeds/{path}")
    assert answer.ok
    assert "Danh mục và sơ đồ quy trình" in answer.text().replace("\r\n ", "")
    page.goto(f"{live_server.url}/notices/calendar/")
    assert path.split("/")[0] not in page.content()
    page.locator(".fold > summary").click()
    page.get_by_role("button", name="Thu hồi").last.click()
    expect(page.locator(".messages")).to_contain_text("Đã thu hồi")
    assert not CalendarFeed.objects.filter(revoked_at=None).exists()


@pytest.mark.parametrize("width", [390, 1440])
def test_letters_and_the_state_of_sending_fit_and_have_no_serious_fault(
    signed_in: OpenPage, width: int
) -> None:
    owner = told_owner()
    Delivery.objects.update(not_before=timezone.now())
    send_due(now=timezone.now())
    for number, (state, error) in enumerate(
        [("failed", "unreachable"), ("unsure", "cut"), ("skipped", "nothing")]
    ):
        Delivery.objects.create(
            user=owner, way="digest", subject_key=f"digest:{number}", state=state, error=error,
            not_before=timezone.now(), attempts=6, claimed_at=timezone.now(),
        )  # fmt: skip
    page = signed_in(owner, "/notices/letters/", width=width, height=844)
    expect(page.locator(".ledger tbody tr")).to_have_count(4)
    assert (overflow(page), serious(page)) == (0, [])
    picture(page, f"letters-{width}")
    page = signed_in(make_officer("administrator"), "/notices/sending/", width=width, height=844)
    assert (overflow(page), serious(page)) == (0, [])
    picture(page, f"sending-{width}")
    page.get_by_role("button", name="Gửi lại 1 thư").click()
    expect(page.locator(".messages")).to_contain_text("1 thư chờ gửi lại")


def test_an_empty_inbox_of_a_leader(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/notices/", width=390, height=844)
    expect(page.locator(".blank-title")).to_have_text("Chưa có thông báo")
    assert (overflow(page), serious(page)) == (0, [])
    sweep_lights(now=timezone.now())
    picture(page, "empty-390")
