"""The whole demonstration in one transaction: all of it, or an untouched database."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from campaign.models import Campaign
from campaign.rules import start_of
from campaign.services import compare_lights, load_plan, sweep_lights, take_snapshots
from config.demo import accounts, database
from config.demo.papers import scan_papers
from config.demo.register import register_people
from config.demo.roadmap import live_the_roadmap
from config.demo.story import live_through

FRIDAY = 4
WEEK = timedelta(days=7)


def plan_start(today: date) -> date:
    """The Friday that puts ``today`` into week 4 of a plan whose weeks begin on Fridays."""
    this_week = today - timedelta(days=(today.weekday() - FRIDAY) % 7)
    return this_week - 3 * WEEK


@transaction.atomic
def build(*, now: datetime) -> dict[str, int]:
    """Create everything as if people had worked here for weeks; returns how many of what.

    Workers are woken when the transaction commits, so the scans are read while one looks on.
    """
    start = plan_start(timezone.localdate(now))
    hired = now - timedelta(days=60)
    database.mark(demo=True, now=hired)
    accounts.create_units()
    people = accounts.create_people(password=accounts.demo_password())
    accounts.give_roles(people, now=hired)
    accounts.waive_second_factor(now=hired)
    counts = {"people": len(people.by_name), "plan_day": (timezone.localdate(now) - start).days + 1}
    counts |= live_the_roadmap(people, now=now)
    counts |= run_campaign(people, start=start, now=now)
    counts |= register_people(people, now=now - timedelta(days=30))
    counts |= scan_papers(people, now=now)
    return counts


def run_campaign(people: accounts.People, *, start: date, now: datetime) -> dict[str, int]:
    """Load the plan as on its first morning and live through the weeks since."""
    report = load_plan(accounts.PLAN, actor=None, now=start_of(start), start=start)
    campaign = Campaign.objects.get(code=report.campaign)
    events = live_through(campaign, people, now=now)
    sweep_lights(now=now)
    take_snapshots(now=now)
    compare_lights(now=now)
    return {"tasks": report.tasks, "active": len(report.activated), "events": events}
