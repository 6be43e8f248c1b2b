"""The second factor as a person meets it: Chromium, a virtual security key, the strict policy."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.core.cache import cache
from django.urls import reverse
from playwright.sync_api import CDPSession, Page, expect
from pytest_django.live_server_helper import LiveServer

from security.models import AuditEvent, Role, User
from tests.dashboard.test_journeys import overflow, serious
from tests.security.factor import PASSWORD, code_now, give_app, make_keeper

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# The path itself: a page that only carries it as its "next" is not yet there, and a test that ends
# on it leaves a request under way whose line the following test finds in its trail.
INDEX = re.compile("^[^?]*" + reverse("mfa_index") + "$")
MEMBERS = re.compile("^[^?]*" + reverse("records:member_list"))
CODES = re.compile("^[^?]*" + reverse("mfa_view_recovery_codes"))


@pytest.fixture(autouse=True)
def _asked_for(transactional_db: None) -> None:
    cache.clear()
    Role.objects.filter(code="keeper").update(mfa_required=True)


@pytest.fixture
def quiet(page: Page) -> Iterator[Page]:
    """A page whose console must stay empty: the policy refuses nothing, no script fails."""
    said: list[str] = []
    page.on("console", lambda one: said.append(one.text) if one.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    # A refused code is answered with 200, so nothing here is an error of the network either.
    assert said == []


@pytest.fixture
def key(quiet: Page) -> CDPSession:
    """A security key in the USB port that is touched whenever it is asked."""
    session = quiet.context.new_cdp_session(quiet)
    session.send("WebAuthn.enable")
    options: dict[str, Any] = {
        "protocol": "ctap2",
        "transport": "usb",
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return session


def sign_in(page: Page, server: LiveServer, user: User) -> None:
    page.goto(server.url + reverse("account_login"))
    page.fill("#id_login", user.username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.context.clear_cookies()


def looks_right(page: Page) -> None:
    """Readable for everybody, on a desk and on a phone."""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert overflow(page) == 0, page.url
        assert serious(page) == [], page.url
    page.set_viewport_size({"width": 1440, "height": 900})


def test_an_app_is_set_up_and_opens_the_door(quiet: Page, live_server: LiveServer) -> None:
    page, user = quiet, make_keeper()
    sign_in(page, live_server, user)
    expect(page).to_have_url(INDEX)
    expect(page.locator(".topnav")).to_have_count(0)
    looks_right(page)
    page.goto(live_server.url + reverse("records:member_list"))
    expect(page).to_have_url(INDEX)

    page.click("text=Thiết lập ứng dụng")
    expect(page.locator("img.factor-code")).to_be_visible()
    assert page.locator("img.factor-code").evaluate("picture => picture.naturalWidth") > 0
    page.click("details.fold summary")
    secret = page.locator("#totp_secret").inner_text()
    looks_right(page)
    page.fill("#id_code", "12")
    page.keyboard.press("Enter")
    expect(page.locator("#id_code_error")).to_be_visible()
    expect(page.locator("#totp_secret")).to_have_text(secret)
    page.fill("#id_code", code_now(secret))
    page.keyboard.press("Enter")
    expect(page).to_have_url(CODES)
    codes = page.locator(".factor-codes code").all_inner_texts()
    assert len(codes) == 10
    looks_right(page)
    page.click("text=Đã cất mã")
    expect(page).to_have_url(MEMBERS)

    sign_out(page)
    sign_in(page, live_server, user)
    expect(page.locator("#id_code")).to_be_focused()
    looks_right(page)
    page.fill("#id_code", codes[3])
    page.keyboard.press("Enter")
    expect(page).to_have_url(MEMBERS)
    assert AuditEvent.objects.filter(action="mfa.code_used", actor_id=user.pk).count() == 1


def test_a_code_of_the_app_opens_the_door(quiet: Page, live_server: LiveServer) -> None:
    user = make_keeper()
    give_app(user)
    sign_in(quiet, live_server, user)
    quiet.fill("#id_code", code_now())
    quiet.keyboard.press("Enter")
    expect(quiet).to_have_url(MEMBERS)


def test_a_key_is_registered_opens_the_door_and_is_removed(
    quiet: Page, key: CDPSession, live_server: LiveServer
) -> None:
    page, user = quiet, make_keeper()
    give_app(user)
    RecoveryCodes.activate(user)
    sign_in(page, live_server, user)
    page.fill("#id_code", code_now())
    page.keyboard.press("Enter")
    expect(page).to_have_url(MEMBERS)
    page.goto(live_server.url + reverse("mfa_add_webauthn"))
    page.fill("#id_password", PASSWORD)  # a change needs the password once more
    page.keyboard.press("Enter")
    expect(page.locator("#id_name")).to_be_visible()
    looks_right(page)
    page.fill("#id_name", "Khóa ở két sắt")
    page.click("text=Đăng ký khóa")
    expect(page).to_have_url(INDEX)
    expect(page.get_by_text("Khóa ở két sắt")).to_be_visible()
    looks_right(page)

    page.goto(live_server.url + reverse("mfa_add_webauthn"))
    page.click("text=Đăng ký khóa")  # the same key again
    expect(page.locator("[data-webauthn-says=known]")).to_be_visible()

    sign_out(page)
    sign_in(page, live_server, user)
    page.click("text=Dùng khóa bảo mật")
    expect(page).to_have_url(MEMBERS)
    shown = AuditEvent.objects.filter(action="mfa.shown", reason="webauthn")
    assert shown.filter(actor_id=user.pk).count() == 1

    page.goto(live_server.url + reverse("mfa_list_webauthn"))
    looks_right(page)
    page.get_by_role("link", name="Gỡ").click()
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    expect(page.locator("button:has-text('Gỡ khóa')")).to_be_visible()
    looks_right(page)
    page.click("button:has-text('Gỡ khóa')")
    expect(page).to_have_url(re.compile("^[^?]*" + reverse("mfa_list_webauthn")))
    assert not Authenticator.objects.filter(user=user, type="webauthn").exists()


def test_a_first_key_brings_recovery_codes_and_shows_it_again_later(
    quiet: Page, key: CDPSession, live_server: LiveServer
) -> None:
    page, user = quiet, make_keeper()
    sign_in(page, live_server, user)
    page.click("text=Thêm khóa")
    page.click("text=Đăng ký khóa")
    expect(page).to_have_url(CODES)
    page.goto(live_server.url + reverse("mfa_list_webauthn"))
    expect(page.get_by_role("link", name="Gỡ")).to_have_count(0)  # the last one stays

    page.goto(live_server.url + reverse("mfa_reauthenticate_webauthn") + "?next=/records/members/")
    looks_right(page)
    page.click("text=Dùng khóa bảo mật")
    expect(page).to_have_url(MEMBERS)


def test_a_key_that_does_not_answer_is_told_and_can_be_tried_again(
    quiet: Page, live_server: LiveServer
) -> None:
    page = quiet
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")  # no key plugged in; nobody touches anything
    sign_in(page, live_server, make_keeper())
    page.click("text=Thêm khóa")
    page.evaluate(
        "() => { navigator.credentials.create = async () => {"
        " throw new DOMException('no', 'NotAllowedError') } }"
    )
    page.click("text=Đăng ký khóa")
    expect(page.locator("[data-webauthn-says=refused]")).to_be_visible()
    expect(page.locator("button:has-text('Đăng ký khóa')")).to_be_enabled()


def test_keys_need_the_sites_name(quiet: Page, live_server: LiveServer) -> None:
    """Opened by its number, the browser lets no key answer: the page says so, not the console."""
    page = quiet
    here = live_server.url.replace("localhost", "127.0.0.1")
    user = make_keeper()
    page.goto(here + reverse("account_login"))
    page.fill("#id_login", user.username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")
    page.click("text=Thêm khóa")
    page.click("text=Đăng ký khóa")
    expect(page.locator("[data-webauthn-says=host]")).to_be_visible()


def test_a_browser_without_keys_is_told_so(quiet: Page, live_server: LiveServer) -> None:
    page = quiet
    page.add_init_script("delete window.PublicKeyCredential")
    sign_in(page, live_server, make_keeper())
    page.click("text=Thêm khóa")
    expect(page.locator("[data-webauthn-says=unsupported]")).to_be_visible()
    expect(page.locator("button:has-text('Đăng ký khóa')")).to_be_disabled()
