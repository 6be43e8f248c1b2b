"""The board in a real browser, for each who opens it: leader, deputy, office, unit, wall."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaign.models import Briefing, Campaign, Task
from campaign.rules import end_of, start_of
from campaign.services import report_progress, sweep_lights, take_snapshots
from security.models import User
from tests.campaign.make import make_task, office_of, owner_of, submit
from tests.dashboard.test_journeys import make_leader, overflow, running_campaign, serious
from tests.security.make import grant_role, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
WALL = {"width": 1920, "height": 1080}
SMALLEST_ON_THE_WALL = 30  # px; on a screen of 65 inches 22 mm, legible from five metres


def told_campaign() -> tuple[Campaign, Task, Task]:
    """A late task with its obstacle told, a frozen week, a briefing ahead, a hand-in to grade."""
    campaign, late, quiet = running_campaign()
    now = timezone.now()
    Briefing.objects.create(campaign=campaign, day=timezone.localdate() + timedelta(days=2))
    report_progress(
        actor=owner_of(late),
        task=late,
        percent=40,
        note="Thiếu biểu mẫu của hai vụ",
        obstacle=True,
        now=now,
    )
    sweep_lights(now=now)
    take_snapshots(now=now)
    return campaign, late, quiet


def make_deputy(campaign: Campaign) -> User:
    """Heads the only block of the campaign, and may see all of it."""
    user = make_user(unit=make_unit(parent=campaign.unit), full_name="Lê Thu Thủy")
    grant_role(user, "deputy", campaign.unit)
    campaign.blocks.update(deputy=user)
    return user


def make_unit_head(task: Task) -> User:
    user = make_user(unit=task.unit, full_name="Phan Văn Lợi")
    grant_role(user, "unit_head", task.unit)
    return user


def test_a_leader_comes_from_the_board_to_the_evidence_in_three_clicks(
    signed_in: OpenPage,
) -> None:
    campaign, late, _quiet = told_campaign()
    submit(late, now=timezone.now())
    page = signed_in(make_leader(campaign), "/board/")
    first = page.locator(".ledger-exceptions tbody tr").first
    expect(first).to_contain_text("Thiếu biểu mẫu của hai vụ")
    expect(page.locator("#checkpoint")).to_be_visible()
    expect(page.locator("svg.trend-lines")).to_be_visible()
    assert serious(page) == []
    first.locator(".ledger-title").click()
    page.get_by_role("link", name=re.compile("Sản phẩm 1")).first.click()
    expect(page.locator("main")).to_contain_text("Đủ tiêu chí")


def test_every_colour_is_explained_in_one_click(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    why = page.locator(".ledger-exceptions .why").first
    expect(why.locator(".why-box")).to_be_hidden()
    why.locator("summary").click()
    expect(why.locator(".why-box")).to_contain_text("muộn 3 ngày")
    assert serious(page) == []


def test_a_deputy_turns_from_his_blocks_to_the_rest(signed_in: OpenPage) -> None:
    campaign, _late, quiet = told_campaign()
    Task.objects.filter(pk=quiet.pk).update(block=None)
    page = signed_in(make_deputy(campaign), "/board/")
    figures = page.locator(".tiles-lights .tile-figure")
    assert sum(int(one) for one in figures.all_inner_texts()) == 1
    assert serious(page) == []
    page.get_by_role("link", name="Toàn bộ phần được xem").click()
    assert sum(int(one) for one in figures.all_inner_texts()) == 2
    expect(page.locator(".tabs [aria-current]")).to_have_text("Toàn bộ phần được xem")
    with page.expect_response("**/board/?scope=all") as asked:
        page.evaluate("htmx.trigger('#board-live', 'refresh')")
    assert asked.value.status == 204


def test_the_office_goes_from_a_number_to_whom_to_call(signed_in: OpenPage) -> None:
    _campaign, late, quiet = told_campaign()
    office = office_of(late)
    page = signed_in(office, "/board/")
    expect(page.locator("#chase")).to_be_visible()
    row = page.locator(".chases li").nth(2)
    expect(row.locator("b")).to_have_text("1")
    assert serious(page) == []
    row.locator("a").click()
    expect(page.locator(".ledger-title")).to_have_count(1)
    expect(page.locator(".ledger-exceptions")).to_contain_text(str(late.owner))
    assert serious(page) == []
    page.get_by_role("link", name="Chưa có báo cáo tiến độ tuần này").click()
    expect(page.locator("main")).not_to_contain_text(late.title)
    assert quiet.title


def test_a_unit_head_opens_his_unit(signed_in: OpenPage) -> None:
    _campaign, late, quiet = told_campaign()
    page = signed_in(make_unit_head(late), "/")
    expect(page.locator("#exceptions")).to_be_visible()
    expect(page.locator("main")).to_contain_text(late.title)
    expect(page.locator("main")).not_to_contain_text(quiet.title)
    assert serious(page) == []
    page.locator("#checkpoint ~ a, .checkpoint .panel-head a").first.click()
    expect(page.locator("h1")).to_contain_text("sẽ hỏi")
    assert serious(page) == []


def test_a_member_of_staff_has_his_own_on_a_phone(signed_in: OpenPage) -> None:
    _campaign, late, _quiet = told_campaign()
    page = signed_in(owner_of(late), "/", **PHONE)
    expect(page.locator(".work li").first).to_contain_text(late.title)
    assert overflow(page) == 0
    assert serious(page) == []


@pytest.mark.parametrize("path", ["/board/", "/board/chase/", "/board/checkpoint/", "/board/wall/"])
def test_the_boards_pages_fit_a_phone(signed_in: OpenPage, path: str) -> None:
    _campaign, late, _quiet = told_campaign()
    page = signed_in(office_of(late), path, **PHONE)
    assert overflow(page) == 0
    assert serious(page) == []


def test_thursdays_are_one_tap_apart(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    page.locator(".moments a[rel=prev]").click()
    expect(page.locator("body.is-past")).to_have_count(1)
    expect(page.locator(".notice-past")).to_contain_text("08:00")


def test_a_failed_refresh_keeps_the_last_data_and_says_so(signed_in: OpenPage) -> None:
    campaign, late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    page.context.set_offline(True)
    page.evaluate("htmx.trigger('#board-live', 'refresh')")
    expect(page.locator("[data-stale]")).to_be_visible()
    expect(page.locator(".ledger-exceptions")).to_contain_text(late.title)
    page.context.set_offline(False)
    page.evaluate("htmx.trigger('#board-live', 'refresh')")
    expect(page.locator("[data-stale]")).to_be_hidden()


def test_updates_can_be_paused(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/")
    button = page.locator("#board-live [data-pause]")
    expect(button).to_have_attribute("aria-pressed", "false")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("sessionStorage.getItem('sauro-paused')") == "1"


SMALLEST = """() => Math.min(...[...document.querySelectorAll('body *')]
  .filter((one) => one.offsetParent && !one.closest('.visually-hidden, svg')
    && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()))
  .map((one) => parseFloat(getComputedStyle(one).fontSize)))"""


def test_each_page_of_the_wall_is_legible_from_afar(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = many_tasks()
    page = signed_in(make_leader(campaign), "/board/wall/", **WALL)
    page.locator("[data-slide-pause]").click()
    pages = page.locator(".slide").count()
    assert pages >= 6
    for number in range(1, pages + 1):
        expect(page.locator("[data-slide-page]")).to_have_text(f"{number}/{pages}")
        expect(page.locator(".slide:visible")).to_have_count(1)
        assert page.evaluate(SMALLEST) >= SMALLEST_ON_THE_WALL
        assert page.evaluate("document.documentElement.scrollHeight") <= WALL["height"]
        assert overflow(page) == 0
        assert serious(page) == []
        page.keyboard.press("ArrowRight")
    expect(page.locator("[data-slide-page]")).to_have_text(f"1/{pages}")


def many_tasks() -> tuple[Campaign, Task, Task]:
    """So many late tasks with long titles that the wall needs several pages of them."""
    campaign, late, quiet = told_campaign()
    for number in range(11):
        make_task(
            campaign=campaign,
            unit=late.unit,
            now=start_of(campaign.start),
            title=f"Rà soát, chuẩn hóa danh mục dữ liệu dùng chung số {number} " + "rất dài " * 16,
            deadline=end_of(timezone.localdate() - timedelta(days=2), before=False),
        )
    sweep_lights(now=timezone.now())
    return campaign, late, quiet


def test_the_wall_turns_by_itself_until_it_is_stopped(signed_in: OpenPage) -> None:
    campaign, _late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/wall/", **WALL)
    first = page.locator("[data-slide-page]").inner_text()
    assert first.startswith("1/")
    page.evaluate("document.querySelector('[data-slides]').dataset.slides = '1'")
    expect(page.locator("[data-slide-page]")).not_to_have_text(first)
    page.locator("[data-slide-pause]").click()
    page.wait_for_timeout(300)
    kept = page.locator("[data-slide-page]").inner_text()
    page.wait_for_timeout(2000)
    assert page.locator("[data-slide-page]").inner_text() == kept
    page.evaluate("htmx.trigger('#wall-live', 'refresh')")
    page.wait_for_timeout(500)
    expect(page.locator(".slide:visible")).to_have_count(1)


def test_the_wall_without_a_script_shows_all_pages(browser: object, signed_in: OpenPage) -> None:
    campaign, _late, _quiet = told_campaign()
    page = signed_in(make_leader(campaign), "/board/wall/", **WALL)
    cookies, url = page.context.cookies(), page.url
    with browser.new_context(java_script_enabled=False) as plain:  # type: ignore[attr-defined]
        plain.add_cookies(cookies)
        still = plain.new_page()
        still.goto(url)
        expect(still.locator(".slide:visible")).to_have_count(page.locator(".slide").count())
