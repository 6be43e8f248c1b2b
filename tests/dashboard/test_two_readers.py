"""Two people with different rights read the same board: other counts, and each adds up."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from campaign.models import Task
from campaign.rules import end_of, start_of
from campaign.services import sweep_lights
from security.models import Unit, User
from tests.campaign.make import make_campaign, make_task
from tests.security.make import grant_role, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
SEEN_BY_BOTH, SEEN_BY_HEAD_ONLY = (2, 1), (1, 2)  # (red, not red)


def readers() -> tuple[User, User]:
    """The head of everything, and somebody who holds the same role on one department only."""
    today = timezone.localdate()
    friday = today - timedelta(days=(today.weekday() - 4) % 7 + 7)
    campaign = make_campaign(start=friday)
    one, other = (make_unit(parent=campaign.unit) for _ in range(2))
    for unit, (red, quiet) in ((one, SEEN_BY_BOTH), (other, SEEN_BY_HEAD_ONLY)):
        for number in range(red + quiet):
            days = -3 if number < red else 30
            make_task(
                campaign=campaign,
                unit=unit,
                now=start_of(friday),
                deadline=end_of(today + timedelta(days=days), before=False),
            )
    sweep_lights(now=timezone.now())
    return _reader(campaign.unit), _reader(one)


def _reader(unit: Unit) -> User:
    user = make_user(unit=unit)
    grant_role(user, "head", unit)
    return user


def lights_on(page: Page) -> dict[str, int]:
    """What the tiles of the open board say, by their address."""
    tiles = page.locator("a.tile-all")
    return {
        str(tile.get_attribute("href")): int(tile.locator(".tile-figure").inner_text())
        for tile in tiles.all()
    }


def adds_up(page: Page) -> int:
    """Follow every tile to its list; returns the sum, which is the list of all."""
    total = 0
    for address, number in lights_on(page).items():
        if "light=" not in address:
            continue
        total += number
        page.goto(page.url.split("/board/")[0] + address)
        expect(page.locator(".ledger-title")).to_have_count(number)
        page.go_back()
    return total


def test_each_reader_counts_what_he_may_see_and_it_adds_up(signed_in: OpenPage) -> None:
    head, department = readers()
    seen: dict[str, tuple[int, int]] = {}
    for name, user in (("head", head), ("department", department)):
        page = signed_in(user, "/board/")
        reds = [n for url, n in lights_on(page).items() if re.search(r"light=red\b", url)]
        seen[name] = (sum(reds), adds_up(page))
        page.close()
    assert seen["department"] == (SEEN_BY_BOTH[0], sum(SEEN_BY_BOTH))
    everything = [sum(pair) for pair in zip(SEEN_BY_BOTH, SEEN_BY_HEAD_ONLY, strict=True)]
    assert seen["head"] == (everything[0], sum(everything))
    assert Task.objects.count() == sum(everything)
