"""The whole demonstration in one transaction: all of it, or an untouched database."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone

from config.demo import accounts, database
from config.demo.papers import scan_papers
from config.demo.register import register_people

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
    counts = {"people": len(people.by_name), "plan_day": (timezone.localdate(now) - start).days + 1}
    counts |= register_people(people, now=now - timedelta(days=30))
    counts |= scan_papers(people, now=now)
    return counts
