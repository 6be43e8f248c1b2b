"""The way in, on a phone: a link, a password, home, and another device signed out from there."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect
from pytest_django.live_server_helper import LiveServer

from security import sessions
from security.models import User
from security.services import invite
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "thuyền ra khơi 9"
AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
# Pictures for a person's eye, where somebody asks for them.
PICTURES = os.environ.get("PICTURES", "")
OpenPage = Callable[..., Page]


def look(page: Page, name: str) -> None:
    """What must hold on each page of this way: no side scrolling, nothing axe complains about."""
    page.wait_for_load_state("load")
    page.evaluate("document.fonts.ready.then(() => true)")
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [one["id"] for one in found["violations"]] == [], name


def make_invited() -> tuple[User, str]:
    user = make_user(full_name="Đỗ Thị Mùa Thu", post="Chuyên viên", unit=make_unit(name="Vụ Bưởi"))
    grant_role(user, "security_officer", valid_to=timezone.now() + timedelta(days=40))
    return user, invite(actor=None, user=user, purpose="first", now=timezone.now())


@pytest.mark.parametrize("width", [390, 1440])
def test_an_invited_person_comes_in_and_signs_out_another_device(
    live_server: LiveServer, browser: Browser, width: int
) -> None:
    user, token = make_invited()
    phone = browser.new_context(viewport={"width": width, "height": 844}, locale="en-US")
    heard: list[str] = []
    page = phone.new_page()
    page.on("console", lambda m: heard.append(m.text) if m.type == "error" else None)
    page.goto(live_server.url + reverse("account_invitation", args=[token]))
    expect(page.get_by_role("heading", name="Xin chào Đỗ Thị Mùa Thu")).to_be_visible()
    assert token not in page.url
    look(page, f"invited-{width}")

    page.get_by_label("Mật khẩu mới", exact=True).fill("matkhau123456")
    page.get_by_label("Nhập lại mật khẩu mới").fill("matkhau123456")
    page.get_by_role("button", name="Đặt mật khẩu và đăng nhập").click()
    expect(page.get_by_text("quá dễ đoán")).to_be_visible()
    look(page, f"refused-{width}")

    page.get_by_label("Mật khẩu mới", exact=True).fill(PASSWORD)
    page.get_by_label("Nhập lại mật khẩu mới").fill(PASSWORD)
    page.get_by_role("button", name="Đặt mật khẩu và đăng nhập").click()
    expect(page.locator("header.topbar")).to_be_visible()
    assert [one for one in heard if "422" not in one] == []

    desk = Client(headers={"user-agent": "Mozilla/5.0 (Windows NT 10.0) Firefox/140.0"})
    desk.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    assert desk.get(reverse("account_home")).status_code == 200

    page.locator("details.who summary").click()
    page.get_by_role("link", name="Tài khoản của tôi").click()
    expect(page.get_by_role("heading", name="Tài khoản của tôi")).to_be_visible()
    look(page, f"account-{width}")
    page.get_by_role("link", name="Thiết bị đang đăng nhập").click()
    look(page, f"sessions-{width}")
    page.get_by_role("button", name="Đăng xuất ở đó: Firefox trên Windows").click()
    expect(page.get_by_text("Đã đăng xuất ở thiết bị đó.")).to_be_visible()
    assert desk.get(reverse("account_home")).status_code == 302
    assert UserSession.objects.filter(user=user).count() == 1

    page.goto(live_server.url + reverse("account_invitation", args=[token]))
    expect(page.get_by_role("heading", name="Đường dẫn không dùng được")).to_be_visible()
    look(page, f"gone-{width}")
    phone.close()


def test_a_page_left_alone_leads_to_the_sign_in_with_the_reason(
    live_server: LiveServer, signed_in: OpenPage
) -> None:
    user = make_officer("security_officer")
    page = signed_in(user, reverse("security:trail"))
    name = settings.SESSION_COOKIE_NAME
    key = next(c["value"] for c in page.context.cookies() if c["name"] == name)
    store = Client()
    store.cookies[name] = key
    session = store.session
    session[sessions.SEEN] -= settings.SESSION_IDLE_LIMIT
    session.save()
    page.reload()
    expect(page.get_by_text("nửa giờ không có thao tác")).to_be_visible()
    look(page, "ended")
    assert not Session.objects.filter(pk=key).exists()


def test_a_page_that_asks_by_itself_says_so_and_leaves_when_it_is_over(
    live_server: LiveServer, signed_in: OpenPage
) -> None:
    user = make_officer("operator")
    page = signed_in(user, reverse("digitization:home"))
    with page.expect_request(lambda r: r.headers.get("hx-request") == "true") as asked:
        pass  # every five seconds by itself
    assert asked.value.headers.get("x-refresh") == "1"
    name = settings.SESSION_COOKIE_NAME
    store = Client()
    store.cookies[name] = next(c["value"] for c in page.context.cookies() if c["name"] == name)
    session = store.session
    session[sessions.SEEN] -= settings.SESSION_IDLE_LIMIT
    session.save()
    page.wait_for_url("**/accounts/login/?ended=idle*", timeout=15_000)
    assert "next=%2Fdigitization%2F" in page.url
    expect(page.get_by_text("nửa giờ không có thao tác")).to_be_visible()
