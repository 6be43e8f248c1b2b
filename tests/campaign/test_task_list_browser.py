"""The standing office at its list in a real browser: filter, keep the view, change many by keys."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaign.models import Block, Campaign, SavedView, Task
from campaign.rules import end_of, start_of
from campaign.services import sweep_lights
from security.models import User
from tests.campaign.make import make_campaign, make_draft, make_task, office_of
from tests.dashboard.test_journeys import overflow, serious
from tests.security.make import make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
TITLES = (
    "Danh mục và sơ đồ 07 quy trình ưu tiên của Ban, thống nhất cách gọi giữa các vụ, cục",
    "Rà soát dữ liệu đảng viên",
    "Tập huấn đầu mối các đơn vị",
    "Báo cáo tiến độ tuần",
    "Thử nghiệm phần mềm trên hồ sơ mẫu",
)


def office_with_tasks() -> tuple[User, list[Task]]:
    """A campaign in its second week: two tasks late, three not yet due, one draft, two blocks."""
    today = timezone.localdate()
    friday = today - timedelta(days=(today.weekday() - 4) % 7 + 7)
    campaign = make_campaign(start=friday)
    Block.objects.create(campaign=campaign, no=2, name="Khối tổ chức đảng", in_charge="Phó ban")
    unit = make_unit(parent=campaign.unit)
    owner = make_user(unit=unit, full_name="Trần Thị Hạnh")
    tasks = [
        make_task(
            campaign=campaign,
            unit=unit,
            owner=owner,
            now=start_of(friday),
            code=f"W{number}.1",
            title=title,
            deadline=end_of(today + timedelta(days=-3 if number < 3 else 30), before=False),
        )
        for number, title in enumerate(TITLES, start=1)
    ]
    make_draft(campaign=campaign, unit=unit, owner=owner, code="BS1", title="Việc bổ sung")
    sweep_lights(now=timezone.now())
    return office_of(tasks[0]), tasks


def test_the_office_filters_keeps_the_view_and_changes_many_by_keys_alone(
    signed_in: OpenPage,
) -> None:
    office, tasks = office_with_tasks()
    page = signed_in(office, "/tasks/")
    keys = page.keyboard
    expect(page.locator("[data-row]")).to_have_count(5)

    # A filter by keys: the red ones.
    page.locator(".light-pick input[value=red]").focus()
    keys.press("Space")
    expect(page.locator("[data-row]")).to_have_count(2)
    expect(page.locator(".chip")).to_have_count(1)
    assert "light=red" in page.url

    # Kept under a name; it becomes a tab.
    page.locator(".list-tabs summary").focus()
    keys.press("Enter")
    page.locator("#view-name").focus()
    keys.type("Đỏ của tuần / jx?")  # letters of keys are letters while one writes
    keys.press("Enter")
    expect(page.locator(".list-tabs a[aria-current]")).to_have_text("Đỏ của tuần / jx?")
    assert SavedView.objects.get().query == "light=red"

    # Help and back.
    keys.press("?")
    expect(page.locator("#list-keys")).to_be_visible()
    keys.press("Escape")
    expect(page.locator("#list-keys")).not_to_be_visible()

    # Down twice and up once, both chosen, then the change.
    keys.press("j")
    keys.press("x")
    keys.press("j")
    keys.press("k")
    keys.press("j")
    keys.press("x")
    focused = page.evaluate("document.activeElement.className")
    assert focused == "ledger-title"
    expect(page.locator("[data-picked]")).to_contain_text("2")
    keys.press("b")
    expect(page.locator("h1")).to_contain_text("2")
    page.locator(".kinds button[value=block]").focus()
    keys.press("Enter")
    page.locator("select[name=block]").focus()
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    page.locator(".form .btn-primary").focus()
    keys.press("Enter")
    expect(page.locator("#going")).to_contain_text("2")
    assert not Task.objects.filter(block__no=2).exists()  # a preview changes nothing
    page.locator("[data-first]").focus()
    keys.press("Enter")
    expect(page.locator(".notice-ok")).to_contain_text("2")
    assert set(Task.objects.filter(block__no=2)) == set(tasks[:2])
    assert "light=red" in page.url  # back where he was

    # Enter opens the row in hand.
    keys.press("j")
    keys.press("Enter")
    expect(page.locator("h1")).to_contain_text(tasks[0].title)


def test_searching_writes_no_keys_and_finds_while_one_types(signed_in: OpenPage) -> None:
    office, _tasks = office_with_tasks()
    page = signed_in(office, "/tasks/")
    page.keyboard.press("/")
    expect(page.locator("#f_q")).to_be_focused()
    page.keyboard.type("tập huấn")
    expect(page.locator("[data-row]")).to_have_count(1)
    expect(page.locator("#f_q")).to_be_focused()
    expect(page.locator("#f_q")).to_have_value("tập huấn")


def test_without_a_script_rows_are_chosen_and_changed(
    signed_in: OpenPage, browser: Any, live_server: Any
) -> None:
    office, tasks = office_with_tasks()
    cookies: Any = signed_in(office, "/tasks/").context.cookies()
    context = browser.new_context(java_script_enabled=False, locale="vi")
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{live_server.url}/tasks/?sort=code")
    page.locator(f"input[name=task][value='{tasks[0].pk}']").check()
    page.locator("[data-pick-go]").click()
    page.locator(".kinds button[value=block]").click()
    page.locator("select[name=block]").select_option(label="2. Khối tổ chức đảng")
    page.locator(".form .btn-primary").click()
    page.locator("[data-first]").click()
    assert list(Task.objects.filter(block__no=2)) == [tasks[0]]
    context.close()


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_one_turns_to_another_campaign_from_the_head(
    signed_in: OpenPage, width: int, height: int
) -> None:
    office, tasks = office_with_tasks()
    older = make_campaign(
        unit=tasks[0].campaign.unit, start=timezone.localdate() - timedelta(days=90)
    )
    Campaign.objects.filter(pk=older.pk).update(title="Chiến dịch năm trước, một tên gọi dài hơn")
    for path in ("/board/", "/tasks/"):
        page = signed_in(office, path, width=width, height=height)
        page.locator(".switch > summary").click()
        menu = page.locator(".switch-menu")
        expect(menu.get_by_role("button")).to_have_count(2)
        box = menu.bounding_box()
        assert box is not None
        assert 0 <= box["x"] <= box["x"] + box["width"] <= width
        assert overflow(page) == 0
    assert serious(page) == []
    menu.get_by_role("button", name="Chiến dịch năm trước").click()
    expect(page.locator(".page-head")).to_contain_text("Chiến dịch năm trước")
    expect(page.locator("[data-row]")).to_have_count(0)
    page.goto(page.url.replace("/tasks/", "/tasks/campaigns/"))
    page.get_by_text("Đóng chiến dịch này").click()
    assert serious(page) == []
    assert overflow(page) == 0


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_the_pages_are_accessible_and_fit(signed_in: OpenPage, width: int, height: int) -> None:
    office, tasks = office_with_tasks()
    SavedView.objects.create(user=office, name="Đỏ của tuần", query="light=red", position=1)
    ids = "&".join(f"task={task.pk}" for task in tasks)
    page = signed_in(office, "/tasks/?light=red&light=yellow&group=1", width=width, height=height)
    for path in (
        "",
        "/tasks/?light=grey&group=99",
        f"/tasks/bulk/?{ids}&list=",
        f"/tasks/bulk/?{ids}&list=&change=owner",
        "/tasks/views/",
        "/tasks/campaigns/",
    ):
        if path:
            page.goto(f"{page.url.split('/tasks/')[0]}{path}")
        assert serious(page) == []
        assert overflow(page) == 0
    page.goto(f"{page.url.split('/tasks/')[0]}/tasks/?light=red")
    first = page.locator("[data-row]").first.bounding_box()
    assert first is not None
    assert first["y"] < height * 0.6
    page.locator(".list-filters summary").click()
    assert serious(page) == []
    assert overflow(page) == 0
    page.locator("[data-row] input[name=task]").first.check()
    expect(page.locator(".pick-bar.is-on")).to_be_in_viewport()
