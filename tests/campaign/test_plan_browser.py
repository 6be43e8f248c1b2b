"""The plan pages in a real browser: wide and on a phone, by keyboard, on paper."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaign.models import TaskLink
from tests.campaign.make import make_draft
from tests.dashboard.test_journeys import make_leader, overflow, running_campaign, serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
PAGES = ("matrix_six", "matrix_progress", "matrix_blocks", "matrix_units", "timeline", "calendar")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_every_plan_page_fits_and_has_no_barrier(
    signed_in: OpenPage, width: int, height: int
) -> None:
    campaign, late, quiet = running_campaign()
    TaskLink.objects.create(task=quiet, other=late, kind="depends_on", by=None, at=timezone.now())
    make_draft(campaign=campaign, process="", owner=late.owner, title="Ậ" * 60)
    leader = make_leader(campaign)
    wrong = []
    for name in PAGES:
        page = signed_in(leader, reverse(f"campaign:{name}"), width=width, height=height)
        wrong += [f"{name}: {one}" for one in serious(page)]
        if overflow(page):
            wrong.append(f"{name}: {overflow(page)} px too wide")
        page.close()
    assert not wrong


def test_from_a_missing_process_to_the_draft_that_lacks_it(signed_in: OpenPage) -> None:
    campaign, late, _quiet = running_campaign()
    draft = make_draft(campaign=campaign, process="", owner=late.owner, title="Việc chưa rõ")
    page = signed_in(make_leader(campaign), reverse("campaign:matrix_six"))
    cell = page.locator("tr", has_text=draft.title).locator("td.lacks")
    expect(cell).to_have_count(1)
    expect(cell).to_have_text("thiếu")
    page.locator(".lacking-some").click()
    expect(page.locator(".matrix-six tbody tr")).to_have_count(1)
    page.locator(".matrix-six tbody a").first.click()
    expect(page.locator("h1")).to_contain_text(draft.title)


def test_a_filter_applies_at_once_and_stays_when_one_turns_to_the_timeline(
    signed_in: OpenPage,
) -> None:
    campaign, late, quiet = running_campaign()
    page = signed_in(make_leader(campaign), reverse("campaign:matrix_six"))
    page.select_option("#f_light", "red")
    expect(page.locator(".matrix-six tbody tr")).to_have_count(1)
    page.locator(".tabs a", has_text="Dòng thời gian").click()
    expect(page.locator(".gantt-row")).to_have_count(1)
    expect(page.locator(".gantt-row")).to_contain_text(late.code)
    expect(page.locator("body")).not_to_contain_text(quiet.title)


def test_bars_are_reached_and_opened_by_keyboard(signed_in: OpenPage) -> None:
    campaign, late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), reverse("campaign:timeline"))
    page.locator(".gantt-section").first.focus()
    page.keyboard.press("Tab")
    here = page.evaluate("document.activeElement.querySelector('title').textContent")
    assert late.code in here
    page.keyboard.press("Enter")
    expect(page.locator("h1")).to_contain_text(late.title)


def test_a_phone_shows_lists_in_place_of_bars_and_grids(signed_in: OpenPage) -> None:
    campaign, late, _quiet = running_campaign()
    leader = make_leader(campaign)
    page = signed_in(leader, reverse("campaign:timeline"), width=390, height=844)
    expect(page.locator(".gantt-wrap")).to_be_hidden()
    expect(page.locator(".ledger-timeline .ledger-title", has_text=late.title)).to_be_visible()
    page = signed_in(leader, reverse("campaign:calendar"), width=390, height=844)
    expect(page.locator("table.cal")).to_be_hidden()
    expect(page.locator(".agenda")).to_be_visible()


@pytest.mark.parametrize("name", PAGES)
def test_on_paper_it_is_a4_landscape(signed_in: OpenPage, tmp_path: Path, name: str) -> None:
    campaign, _late, _quiet = running_campaign()
    page = signed_in(make_leader(campaign), reverse(f"campaign:{name}"))
    paper = tmp_path / "page.pdf"
    page.pdf(path=str(paper), prefer_css_page_size=True)
    with pikepdf.open(paper) as made:
        for sheet in made.pages:
            left, bottom, right, top = (float(value) for value in sheet.mediabox)
            assert (round(right - left), round(top - bottom)) == (842, 595)
