"""Real processes: two clocks that tell at once, one of them killed; a sender killed over a letter."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db.models import Count

from campaign.models import LightTransition
from dashboard.models import Delivery, Notice, ToldEvent
from dashboard.notices import rules
from dashboard.notices.mail import send_due
from dashboard.notices.telling import tell
from tests import conftest
from tests.campaign.make import DEADLINE, NOON
from tests.dashboard.notice_rows import make_notice, make_place

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
MORNING = DEADLINE + timedelta(hours=9)
TURNS = 1800
WITHIN = 120  # seconds; several suites may share two cores
BEGIN = """
import os, sys
from datetime import datetime
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
import django
django.setup()
now = datetime.fromisoformat(sys.argv[1])
"""
TELL = BEGIN + "from dashboard.notices.telling import tell; tell(now=now)"
# A server that takes the letter and never answers: the sender cannot know whether it left.
SEND = (
    BEGIN
    + """
import time
from django.conf import settings
from django.core.mail.backends import locmem
def taken(self, messages):
    with open(sys.argv[2], "a") as box:
        box.write("letter\\n")
    time.sleep(600)
locmem.EmailBackend.send_messages = taken
settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
settings.EMAIL_READY = True
from dashboard.notices.mail import send_due
send_due(now=now)
"""
)
Start = Callable[..., subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    """A process of its own on the tests' database; none outlives its test."""
    children: list[subprocess.Popen[bytes]] = []

    def begin(code: str, now: datetime, *more: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": conftest.test_database_url(),
            "SECRET_KEY": django_settings.SECRET_KEY,
            "FILE_NAME_KEY": django_settings.FILE_NAME_KEY,
            "EMAIL_URL": "memorymail://",
        }
        child = subprocess.Popen(
            [sys.executable, "-c", code, now.isoformat(), *more],
            cwd=django_settings.BASE_DIR,
            env=environment,
        )
        children.append(child)
        return child

    yield begin
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait(10)


def wait_for(what: Callable[[], Any]) -> None:
    until = time.monotonic() + WITHIN
    while not what():
        assert time.monotonic() < until, "nothing happened"
        time.sleep(0.02)


def test_two_clocks_one_of_them_killed_tell_everything_once(start: Start, settings: Any) -> None:
    settings.EMAIL_READY = True
    place = make_place()
    LightTransition.objects.bulk_create(
        LightTransition(
            task=place.task, number=1000 + number, from_light="yellow", to_light="red",
            reasons=[{"code": "overdue", "days": 1}], effective_at=DEADLINE, detected_at=MORNING,
        )
        for number in range(TURNS)
    )  # fmt: skip
    first, second = start(TELL, MORNING), start(TELL, MORNING + timedelta(seconds=1))
    wait_for(ToldEvent.objects.exists)
    first.send_signal(signal.SIGKILL)
    assert first.wait(10) == -signal.SIGKILL
    assert second.wait(WITHIN) == 0
    # What the killed one held in its transaction, the next run tells.
    tell(now=MORNING + timedelta(seconds=60))
    assert tell(now=MORNING + timedelta(seconds=120)) == 0
    assert ToldEvent.objects.count() == TURNS
    twice = Notice.objects.values("user", "event").annotate(n=Count("pk")).filter(n__gt=1)
    assert not twice.exists()
    assert Notice.objects.count() == TURNS * len(place.people)
    # And one letter holds it all, for each of them.
    for person in place.people:
        assert Delivery.objects.filter(user=person).count() == 1
        assert Delivery.objects.get(user=person).notices.count() == TURNS


def test_a_sender_killed_over_a_letter_is_not_followed_by_another(
    start: Start, settings: Any, tmp_path: Path
) -> None:
    settings.EMAIL_READY = True
    place, box = make_place(), tmp_path / "box"
    letter = Delivery.objects.create(
        user=place.owner, way="at_once", subject_key="once:x", not_before=MORNING
    )
    letter.notices.add(make_notice(place.owner, place.task, at=NOON))
    sender = start(SEND, MORNING, str(box))
    wait_for(box.exists)
    sender.kill()
    sender.wait(10)
    for minutes in (0, 1, 30, 60):
        assert send_due(now=MORNING + timedelta(minutes=minutes)) == (0, 0)
    letter.refresh_from_db()
    assert (letter.state, letter.error) == ("unsure", "killed")
    assert letter.claimed_at is not None
    assert letter.claimed_at < MORNING + rules.CLAIM_DEAD_AFTER
    assert box.read_text() == "letter\n"
