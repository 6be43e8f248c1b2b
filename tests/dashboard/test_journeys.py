"""What people come for, in a real browser: see why it is red, report from a phone, read a scan."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaign.models import Campaign, ProgressReport, Task
from campaign.rules import end_of, start_of
from campaign.services import sweep_lights
from security.models import User
from tests.campaign.make import make_campaign, make_task, owner_of
from tests.digitization.make import make_room
from tests.digitization.screens import read_page
from tests.security.make import grant_role, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
PASSWORD = "a long enough phrase"
AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
SCANS = settings.BASE_DIR / "digitization" / "demo_scans"
SCAN_IS_READ_WITHIN = 120_000  # ms; several suites may share two cores


def running_campaign() -> tuple[Campaign, Task, Task]:
    """A campaign in its second week with a task that is late and one that is not yet due."""
    today = timezone.localdate()
    friday = today - timedelta(days=(today.weekday() - 4) % 7 + 7)
    campaign = make_campaign(start=friday)
    begun = start_of(friday)
    late = make_task(
        campaign=campaign,
        now=begun,
        title="Danh mục và sơ đồ quy trình ưu tiên",
        deadline=end_of(today - timedelta(days=3), before=False),
    )
    quiet = make_task(
        campaign=campaign,
        now=begun,
        title="Tập huấn đầu mối các đơn vị",
        deadline=end_of(today + timedelta(days=30), before=False),
    )
    sweep_lights(now=timezone.now())
    return campaign, late, quiet


def make_leader(campaign: Campaign) -> User:
    user = make_user(unit=make_unit(parent=campaign.unit), full_name="Trần Quốc Bảo")
    user.set_password(PASSWORD)
    user.save()
    grant_role(user, "head", campaign.unit)
    return user


def sign_in(page: Page, server: LiveServer, user: User) -> None:
    page.goto(server.url)
    page.fill("#id_login", user.username)
    page.fill("#id_password", PASSWORD)
    page.keyboard.press("Enter")


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    wider: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return max(0, wider)


def serious(page: Page) -> list[str]:
    """Serious and critical findings of axe on the page as it stands."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate(
        "axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21aa', 'wcag22aa']})"
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        if one["impact"] in {"serious", "critical"}
        for node in one["nodes"]
    ]


# --- the leader -------------------------------------------------------------------------


def test_a_leader_signs_in_and_finds_out_why_it_is_red(page: Page, live_server: LiveServer) -> None:
    campaign, late, _quiet = running_campaign()
    sign_in(page, live_server, make_leader(campaign))
    expect(page.locator("h1")).to_have_text(campaign.title)
    first = page.locator(".ledger-exceptions tbody tr").first
    expect(first.locator(".light-red")).to_have_count(1)
    expect(first).to_contain_text("muộn 3 ngày")
    expect(first).to_contain_text(late.unit.name)
    expect(first.locator(".c-wait")).to_contain_text(str(late.owner))
    first.locator(".ledger-title").click()
    expect(page.locator("h1")).to_contain_text(late.title)
    expect(page.locator("section[aria-labelledby=light]")).to_contain_text("muộn 3 ngày")


def test_a_number_leads_to_its_list(signed_in: OpenPage) -> None:
    campaign, late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    tile = page.locator(".tile").filter(has_text="Đỏ")
    expect(tile.locator(".tile-figure")).to_have_text("1")
    tile.click()  # anywhere on it
    expect(page.locator(".ledger tbody tr")).to_have_count(1)
    expect(page.locator(".ledger-title")).to_have_text(late.title)


def test_the_board_changes_its_language(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    expect(page.locator("#exceptions")).to_have_text("Cần xử lý ngay")
    page.locator(".who > summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("#exceptions")).to_have_text("To be dealt with now")
    expect(page.locator(".ledger-exceptions")).to_contain_text("3 days late")


def test_the_board_follows_by_itself_and_says_from_when(signed_in: OpenPage) -> None:
    campaign, _late, quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    page.evaluate("document.querySelector('[data-as-of]').textContent = 'old'")
    with page.expect_response("**/board/") as unchanged:
        page.evaluate("htmx.trigger('#board-live', 'refresh')")
    assert unchanged.value.status == 204
    expect(page.locator("[data-as-of]")).not_to_have_text("old")
    Task.objects.filter(pk=quiet.pk).update(light="red")
    with page.expect_response("**/board/") as changed:
        page.evaluate("htmx.trigger('#board-live', 'refresh')")
    assert changed.value.status == 200
    expect(page.locator(".ledger-exceptions tbody tr")).to_have_count(2)
    with page.expect_response("**/board/") as again:
        page.evaluate("htmx.trigger('#board-live', 'refresh')")
    assert again.value.status == 204


def test_another_day_is_two_taps_away_and_looks_different(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    page.locator(".other-day > summary").click()
    before = timezone.localtime() - timedelta(days=5)
    page.fill("#board-at", before.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_role("button", name="Xem thời điểm đó").click()
    expect(page.locator("body.is-past")).to_have_count(1)
    expect(page.locator(".ledger-exceptions .late")).to_have_count(0)
    page.get_by_role("link", name="Về hiện tại").click()
    expect(page.locator("body.is-past")).to_have_count(0)


@pytest.mark.parametrize("path", ["/board/", "/board/?at=2020-01-01T08:00"])
def test_the_board_fits_a_phone(signed_in: OpenPage, path: str) -> None:
    campaign, _late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), path, width=390, height=844)
    assert overflow(page) == 0


# --- the unit ---------------------------------------------------------------------------


def test_a_report_is_filed_from_a_phone(signed_in: OpenPage) -> None:
    _campaign, late, _quiet = running_campaign()
    page = signed_in(owner_of(late), "/", width=390, height=844)
    expect(page.locator(".work li").first).to_contain_text(late.title)
    assert overflow(page) == 0
    page.get_by_role("link", name="Báo cáo tiến độ").first.click()
    form = page.locator("#report")
    expect(form).to_be_in_viewport()
    form.locator("[name=percent]").fill("65")
    form.locator("[name=note]").fill("Xong 5 trên 7 quy trình")
    form.locator("button").click()
    expect(page.locator("#task")).to_contain_text("65%")
    report = ProgressReport.objects.get()
    assert (report.percent, report.note, report.by_id) == (
        65,
        "Xong 5 trên 7 quy trình",
        late.owner_id,
    )
    page.goto(page.url.split("/tasks/")[0])
    expect(page.locator(".work li").first).to_contain_text("65%")
    expect(page.locator("section[aria-labelledby=changes]")).to_contain_text("Xong 5 trên 7")


def test_reporting_works_without_a_script(
    browser: Any, live_server: LiveServer, signed_in: OpenPage
) -> None:
    _campaign, late, _quiet = running_campaign()
    cookies = signed_in(owner_of(late), "/").context.cookies()
    with browser.new_context(java_script_enabled=False) as plain:
        plain.add_cookies(cookies)
        page = plain.new_page()
        page.goto(live_server.url)
        page.get_by_role("link", name="Báo cáo tiến độ").first.click()
        page.fill("#report [name=percent]", "30")
        page.locator("#report button").click()
        expect(page.locator("body")).to_contain_text("30%")
    assert ProgressReport.objects.get().percent == 30


# --- the operator -----------------------------------------------------------------------


@pytest.mark.ocr
def test_a_scan_dropped_in_the_browser_is_read_by_a_worker(
    celery_worker_process: Any, signed_in: OpenPage
) -> None:
    room = make_room()
    pages = json.loads((SCANS / "manifest.json").read_text("utf-8"))["documents"]
    scan = next(one for one in pages if one["pages"][0]["degradation"] == "clean")
    page = signed_in(room.operator, "/digitization/")
    page.fill("#id_code", "HS-2026-01")
    page.set_input_files("#id_files", SCANS / scan["pdf"])
    page.click("form[data-upload] button[type=submit]")
    row = page.locator("[data-upload-rows] li a")
    expect(row).to_have_count(1, timeout=30_000)
    row.click()
    living = page.locator("#dossier-live")
    expect(living).to_contain_text(f"{len(scan['pages'])}/{len(scan['pages'])}",
                                   timeout=SCAN_IS_READ_WITHIN)  # fmt: skip
    page.locator("#dossier-live a[href*='/digitization/pages/']").first.click()
    words = page.locator("#words")
    expect(words).to_contain_text("ĐẢNG", ignore_case=True)
    assert len(words.inner_text()) > 200


# --- for everybody ----------------------------------------------------------------------


def test_the_sign_in_page_has_no_serious_fault(page: Page, live_server: LiveServer) -> None:
    page.goto(live_server.url)
    assert serious(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_board_and_task_have_no_serious_fault(signed_in: OpenPage, width: int) -> None:
    campaign, late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), "/board/", width=width)
    assert serious(page) == []
    page.goto(page.url.replace("/board/", f"/tasks/{late.pk}/"))
    assert serious(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_home_and_report_have_no_serious_fault(signed_in: OpenPage, width: int) -> None:
    _campaign, late, _quiet = running_campaign()
    page = signed_in(owner_of(late), "/", width=width)
    assert serious(page) == []
    page.get_by_role("link", name="Báo cáo tiến độ").first.click()
    assert serious(page) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_upload_and_reading_room_have_no_serious_fault(signed_in: OpenPage, width: int) -> None:
    room = make_room()
    row = read_page(room)
    page = signed_in(room.operator, "/digitization/", width=width)
    assert serious(page) == []
    page.goto(page.url + f"pages/{row.pk}/")
    assert serious(page) == []
