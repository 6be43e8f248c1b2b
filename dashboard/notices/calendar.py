"""Deadlines and checkpoints as an iCalendar file (RFC 5545): codes and titles, never a name.

What is on the board and its reader may see, if it is neither secret nor about persons: the file
lies in calendar programs that this house does not keep. What ended long ago is left out, and of very many tasks the
coming ones stand in it first. Dates are days in Asia/Ho_Chi_Minh, the last day in time.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Case, F, Q, When
from django.urls import reverse
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from campaign.models import Briefing, Product, Task
from campaign.rules import last_day
from dashboard.notices.writing import address
from dashboard.words import light_word
from security.models import User

ZONE = "Asia/Ho_Chi_Minh"
AT_MOST = 2000
KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Made:
    """``etag`` is weak: when the file was made is no part of it."""

    body: bytes
    etag: str
    tasks: list[int]


def calendar_of(user: User, *, now: datetime) -> Made:
    """The calendar of one person, also an empty one; four queries."""
    tasks = _tasks(user, now)
    by_pk = {task.pk: task for task in tasks}
    products = Product.objects.filter(task__in=by_pk, deadline__isnull=False).order_by("pk")
    briefings = Briefing.objects.filter(campaign__in={task.campaign_id for task in tasks})
    calendar = _empty()
    events = [
        *(_of_task(task) for task in tasks),
        *(_of_product(one, by_pk[one.task_id]) for one in products),
        *(_of_briefing(one) for one in briefings.select_related("campaign")),
    ]
    for event in events:
        event.add("dtstamp", now.replace(microsecond=0))
        calendar.add_component(event)
    body = calendar.to_ical()
    return Made(body, _etag(body), sorted(by_pk))


def _tasks(user: User, now: datetime) -> list[Task]:
    """Open tasks, and done ones until a month after their deadline; the coming ones first."""
    coming = Case(When(deadline__gte=now, then=F("deadline")))
    return list(
        Task.objects.visible_to(user)
        .on_board()
        .plain()
        .filter(Q(state=Task.State.ACTIVE) | Q(deadline__gte=now - KEPT))
        .filter(deadline__isnull=False, campaign__closed_at=None)
        .select_related("campaign")
        .order_by(coming.asc(nulls_last=True), "-deadline", "pk")[:AT_MOST]
    )


def _etag(body: bytes) -> str:
    """The same as long as nothing but the time of asking differs: a program that asks each hour
    gets the file when something changed. No text begins a line so: they are folded with a blank."""
    lasting = [line for line in body.splitlines() if not line.startswith(b"DTSTAMP:")]
    return f'W/"{hashlib.sha256(b" ".join(lasting)).hexdigest()[:32]}"'


def _empty() -> Calendar:
    calendar = Calendar()
    calendar.add("prodid", "-//Sau Ro//Deadlines//VI")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Sáu Rõ: deadlines and checkpoints"))
    calendar.add("x-wr-timezone", ZONE)
    calendar.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    return calendar


def _of_task(task: Task) -> Event:
    done = task.state == Task.State.DONE
    words = [_("Light: %(light)s") % {"light": light_word(task.light, task.late_days)}]
    if task.deadline_text:
        words.append(_("Deadline as printed: %(text)s") % {"text": task.deadline_text})
    event = _event(
        f"task-{task.pk}",
        _day_of(task.deadline),
        f"{'✓ ' if done else ''}{task.code} {task.title}",
        reverse("campaign:task_detail", args=[task.pk]),
    )
    event.add("description", "\n".join(words))
    event.add("sequence", task.version)
    return event


def _of_product(product: Product, task: Task) -> Event:
    title = _("Product %(name)s: %(title)s") % {
        "name": product.checklist_code or f"{task.code}/{product.position}",
        "title": product.title,
    }
    path = reverse("campaign:task_detail", args=[task.pk])
    return _event(f"product-{product.pk}", _day_of(product.deadline), title, path)


def _of_briefing(briefing: Briefing) -> Event:
    closing = _("Closing briefing: %(campaign)s") % {"campaign": briefing.campaign.title}
    usual = _("Briefing: %(campaign)s") % {"campaign": briefing.campaign.title}
    return _event(
        f"briefing-{briefing.pk}",
        briefing.day,
        closing if briefing.closing else usual,
        reverse("home"),
    )


def _day_of(deadline: datetime | None) -> date:
    """The last day in time; the queries asked for rows with a deadline alone."""
    assert deadline is not None  # noqa: S101 - for the type checker
    return last_day(deadline)


def _event(name: str, day: date, summary: str, path: str) -> Event:
    """A whole day that keeps nobody busy. Its UID is the row's own, whatever else changes."""
    event = Event()
    event.add("uid", f"{name}@{urlsplit(settings.SITE_URL).hostname or 'sauro'}")
    event.add("dtstart", day)
    event.add("dtend", day + timedelta(days=1))
    event.add("summary", " ".join(summary.split()))
    event.add("url", address(path))
    event.add("class", "PRIVATE")
    event.add("transp", "TRANSPARENT")
    return event
