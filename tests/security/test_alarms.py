"""Late sealing is told to whoever runs the machine, without his looking for it."""

from __future__ import annotations

import logging
import smtplib
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security import alarms, audit
from security.models import User
from security.seals.state import seal_state
from security.tasks import seal_trail, tell_alarms
from tests.security.make import make_officer
from tests.security.seals import forge, sealing, write

__all__ = ["sealing"]
BAR = "chưa được niêm phong kịp thời"


@pytest.fixture(autouse=True)
def _no_letter_yet(db: None) -> None:
    cache.clear()


def page(user: User, name: str = "home") -> str:
    client = Client()
    client.force_login(user)
    return client.get(reverse(name), follow=True).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["administrator", "security_officer"])
def test_the_home_of_whoever_can_mend_it_says_that_sealing_is_late(role: str) -> None:
    officer = make_officer(role)
    name = "security:people" if role == "administrator" else "security:trail_unusual"
    assert BAR not in page(officer, name)
    with time_machine.travel(timezone.now() + timedelta(minutes=8)):
        assert BAR in page(officer, name)


@pytest.mark.django_db
def test_nobody_else_is_told() -> None:
    head = make_officer("head")
    audit.record("read", actor=None)
    with time_machine.travel(timezone.now() + timedelta(minutes=8)):
        assert BAR not in page(head)


@pytest.mark.django_db
def test_the_trails_own_page_says_it_once() -> None:
    officer = make_officer("security_officer")
    audit.record("read", actor=None)
    with time_machine.travel(timezone.now() + timedelta(minutes=8)):
        body = page(officer, "security:trail")
    assert BAR not in body
    assert "đang chậm" in body


@pytest.mark.django_db
def test_the_short_question_agrees_with_the_long_one() -> None:
    audit.record("read", actor=None)
    for minutes in (0, 4, 7):
        now = timezone.now() + timedelta(minutes=minutes)
        assert alarms.sealing_is_late(now=now) == seal_state(now=now).late


def make_late() -> None:
    write(2)
    forge("UPDATE security_auditevent SET at = at - interval '9 min'")


def test_a_letter_with_numbers_alone_goes_out_once_an_hour(sealing: Path, settings: Any) -> None:
    settings.ALERT_EMAIL = ["truc@may.example"]
    settings.AUDIT_SEAL_KEY_FILE.unlink()  # so that nothing can be sealed
    audit.record("read", actor=make_officer("keeper", full_name="Nguyễn Văn Ân"))
    forge("UPDATE security_auditevent SET at = at - interval '9 min'")
    for _minute in range(3):
        seal_trail()
    tell_alarms()
    (letter,) = mail.outbox
    assert letter.to == ["truc@may.example"]
    assert "seal_key" in letter.body
    assert "seals_late rows=" in letter.body
    assert "minutes=9" in letter.body
    assert "Ân" not in f"{letter.subject}{letter.body}"
    cache.delete(alarms.SENT)  # an hour later
    seal_trail()
    assert len(mail.outbox) == 2


def test_nothing_leaves_the_machine_unless_somebody_is_named(sealing: Path, settings: Any) -> None:
    assert settings.ALERT_EMAIL == []
    settings.AUDIT_SEAL_KEY_FILE.unlink()
    make_late()
    seal_trail()
    tell_alarms()
    assert mail.outbox == []


def test_seals_that_were_thrown_away_are_told_by_letter(sealing: Path, settings: Any) -> None:
    settings.ALERT_EMAIL = ["truc@may.example"]
    write(2)
    seal_trail()
    write(2)
    seal_trail()
    assert mail.outbox == []
    forge("TRUNCATE security_auditcheckpoint")
    seal_trail()
    (letter,) = mail.outbox
    assert "seal_copy" in letter.body


def test_a_letter_that_cannot_be_sent_stops_nothing_and_is_tried_again(
    sealing: Path, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.ALERT_EMAIL = ["truc@may.example"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # nobody listens there
    settings.AUDIT_SEAL_KEY_FILE.unlink()
    make_late()
    with caplog.at_level(logging.ERROR):
        seal_trail()
    assert "was not sent: ConnectionRefusedError" in caplog.text
    assert cache.get(alarms.SENT) is None
    assert issubclass(smtplib.SMTPException, OSError)
