"""Letters: what they say, how they fail, and that none leaves twice; the state of sending."""

from __future__ import annotations

import logging
import re
import smtplib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given
from hypothesis import settings as how
from hypothesis import strategies as st

from campaign.services import sweep_lights
from dashboard.models import Delivery, Notice, NoticeHours, NoticeKind
from dashboard.notices import rules
from dashboard.notices.mail import claim, leave_dead_claims, send_again, send_due
from dashboard.notices.telling import tell
from dashboard.notices.writing import letter_of, plain_code
from security import letters
from security.models import AuditEvent, RoleGrant, User
from tests.campaign.make import DEADLINE, NOON
from tests.dashboard.notice_rows import RED_AT, Place, make_notice, make_place
from tests.security.make import make_officer, make_user

pytestmark = pytest.mark.django_db
MORNING = DEADLINE + timedelta(hours=9)  # not quiet


@pytest.fixture(autouse=True)
def _with_a_mail_server(settings: Any) -> None:
    settings.EMAIL_READY = True


class Broken(BaseEmailBackend):
    """A mail server that goes wrong where the test says: when asked, or while taking a letter.

    ``while_sending`` is what happens meanwhile.
    """

    on_open: OSError | None = None
    on_send: OSError | None = None
    taken = 0
    while_sending: Callable[[], object] = staticmethod(lambda: None)

    def open(self) -> bool:
        if Broken.on_open:
            raise Broken.on_open
        return True

    def send_messages(self, messages: Any) -> int:
        Broken.taken += 1
        Broken.while_sending()
        if Broken.on_send:
            raise Broken.on_send
        return len(messages)


@pytest.fixture
def broken(settings: Any) -> type[Broken]:
    settings.EMAIL_BACKEND = f"{__name__}.Broken"
    Broken.on_open = Broken.on_send = None
    Broken.taken, Broken.while_sending = 0, lambda: None
    return Broken


def html_of(message: mail.EmailMessage) -> str:
    assert isinstance(message, mail.EmailMultiAlternatives)
    content, kind = message.alternatives[0]
    assert kind == "text/html"
    return str(content)


def letter_for(place: Place, *, at: datetime = MORNING, notices: int = 1) -> Delivery:
    rows = [make_notice(place.owner, place.task, at=NOON) for _time in range(notices)]
    letter = Delivery.objects.create(
        user=place.owner, way="at_once", subject_key=f"once:{rows[0].pk}", not_before=at
    )
    letter.notices.add(*rows)
    return letter


# --- from a red light to a mailbox -----------------------------------------------------------


def test_a_red_light_arrives_by_mail_once_for_each_of_its_people() -> None:
    place = make_place()
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert send_due(now=RED_AT) == (0, 0)  # in the night
    sent, failed = send_due(now=MORNING)
    assert (sent, failed) == (3, 0)
    assert sorted(one.to[0] for one in mail.outbox) == sorted(p.email for p in place.people)
    assert send_due(now=MORNING + timedelta(minutes=1)) == (0, 0)
    assert not Delivery.objects.exclude(state="sent").exists()


def test_a_letter_says_code_colour_and_link_as_text_and_as_html(settings: Any) -> None:
    settings.SITE_URL = "https://sauro.example/"
    place = make_place(code="W4.2")
    letter_for(place)
    send_due(now=MORNING)
    (message,) = mail.outbox
    html = html_of(message)
    url = f"https://sauro.example{reverse('campaign:task_detail', args=[place.task.pk])}"
    for said in (message.body, html):
        assert "W4.2" in said
        assert "Đỏ" in said
        assert url in said
    assert message.subject == "Sáu Rõ: 1 thông báo"


def test_a_long_letter_is_cut_and_counts_the_rest() -> None:
    place = make_place()
    letter_for(place, notices=55)
    send_due(now=MORNING)
    assert mail.outbox[0].body.count("/tasks/") == 40
    assert "và 15 thông báo khác" in mail.outbox[0].body


# --- privacy ---------------------------------------------------------------------------------

WORDS = st.text(min_size=3, max_size=60).filter(lambda one: one.strip() and "\0" not in one)


def test_no_person_title_or_typed_word_is_in_any_letter() -> None:
    place = make_place(title="CANARY tiêu đề", focus="CANARY trọng tâm", risk="CANARY")
    User.objects.filter(pk=place.owner.pk).update(full_name="CANARY Nguyễn Văn An", post="CANARY")
    place.task.unit.name = "CANARY đơn vị"
    place.task.unit.save()
    for kind in NoticeKind:
        make_notice(place.owner, place.task, at=NOON, kind=kind, said={"to": "red"})
        make_notice(place.owner, place.task, at=NOON, kind=kind, said={"grade": "B"})
    letter = Delivery.objects.create(
        user=place.owner, way="digest", subject_key="digest:x", not_before=MORNING
    )
    letter.notices.add(*Notice.objects.all())
    send_due(now=MORNING)
    (message,) = mail.outbox
    said = message.message().as_string() + message.body + html_of(message)
    assert "CANARY" not in said
    assert place.owner.username not in said.replace(place.owner.email, "")
    assert mail.outbox[0].from_email.endswith("@localhost")


@how(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    title=WORDS, name=WORDS, code=st.text(min_size=1, max_size=20).filter(lambda c: "\0" not in c)
)
def test_whatever_people_typed_a_letter_holds_words_of_the_product_alone(
    title: str, name: str, code: str
) -> None:
    """The letter of a task with these words is that of any other task with such a code."""
    place = _only_place()
    fields = {"title": title, "code": code, "note": name, "deadline_text": name}
    type(place.task).objects.filter(pk=place.task.pk).update(**fields)
    User.objects.filter(pk=place.owner.pk).update(full_name=name[:120])
    rows = list(Notice.objects.filter(user=place.owner))
    first = letter_of(rows)
    plain = {"title": "x", "code": code, "note": "x", "deadline_text": ""}
    type(place.task).objects.filter(pk=place.task.pk).update(**plain)
    User.objects.filter(pk=place.owner.pk).update(full_name="x")
    assert letter_of(rows) == first
    assert plain_code(code) == code or code not in first.text.split(" – ")[0].splitlines()


def _only_place() -> Place:
    notice = Notice.objects.select_related("user", "task").first()
    if notice is None:
        place = make_place()
        make_notice(place.owner, place.task, at=NOON)
        return place
    assert notice.task is not None
    return Place(notice.task, notice.user, notice.user, notice.user)


@pytest.mark.parametrize(
    ("code", "leaves"),
    [("W4.2", True), ("T-12", True), ("NGUYEN-VAN-AN", False), ("Bảy 7", False), ("7 An", False)],
)
def test_a_code_leaves_only_if_it_is_one(code: str, leaves: bool) -> None:
    assert (plain_code(code) == code) is leaves


def test_the_log_of_the_process_holds_no_address(
    broken: type[Broken], caplog: pytest.LogCaptureFixture
) -> None:
    place = make_place()
    letter = letter_for(place)
    broken.on_send = smtplib.SMTPRecipientsRefused({place.owner.email: (550, b"unknown")})
    with caplog.at_level(logging.DEBUG):
        send_due(now=MORNING)
    letter.refresh_from_db()
    assert place.owner.email not in caplog.text
    assert (letter.state, letter.error) == ("waiting", letters.ADDRESS)


# --- what goes wrong -------------------------------------------------------------------------


def test_a_server_that_is_away_is_asked_again_later_and_later_then_given_up(
    broken: type[Broken],
) -> None:
    place = make_place()
    letter = letter_for(place)
    broken.on_open = ConnectionRefusedError()
    now, gaps = MORNING, []
    for _time in rules.WAITS:
        assert send_due(now=now) == (0, 1)
        letter.refresh_from_db()
        assert (letter.state, letter.error) == ("waiting", letters.UNREACHABLE)
        gaps.append(letter.not_before - now)
        now = letter.not_before
    assert gaps == sorted(gaps)
    assert gaps[0] == timedelta(minutes=1)
    send_due(now=now)
    letter.refresh_from_db()
    assert (letter.state, letter.attempts) == ("failed", len(rules.WAITS) + 1)
    assert broken.taken == 0


def test_one_unreachable_server_is_not_asked_for_every_letter(broken: type[Broken]) -> None:
    place = make_place()
    for _time in range(5):
        letter_for(place)
    broken.on_open = TimeoutError()
    assert send_due(now=MORNING) == (0, 1)
    assert Delivery.objects.filter(attempts=0).count() == 4


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (smtplib.SMTPDataError(554, b"no"), "waiting", letters.REFUSED),
        (smtplib.SMTPSenderRefused(550, b"no", "a@b"), "waiting", letters.REFUSED),
        (smtplib.SMTPRecipientsRefused({}), "waiting", letters.ADDRESS),
        (smtplib.SMTPServerDisconnected("lost"), "unsure", letters.CUT),
        (TimeoutError(), "unsure", letters.CUT),
        (ConnectionResetError(), "unsure", letters.CUT),
    ],
)
def test_what_certainly_did_not_leave_is_tried_again_and_nothing_else(
    broken: type[Broken], error: OSError, state: str, code: str
) -> None:
    place = make_place()
    letter = letter_for(place)
    broken.on_send = error
    send_due(now=MORNING)
    letter.refresh_from_db()
    assert (letter.state, letter.error) == (state, code)
    broken.on_send = None
    send_due(now=MORNING + timedelta(hours=1))
    letter.refresh_from_db()
    assert letter.state == ("sent" if state == "waiting" else "unsure")
    assert broken.taken == (2 if state == "waiting" else 1)


def test_a_process_that_died_over_a_letter_never_lets_another_send_it() -> None:
    place = make_place()
    letter_for(place)
    taken = claim(now=MORNING)  # and the process dies here, before or after handing it over
    assert taken is not None
    assert send_due(now=MORNING + timedelta(minutes=5)) == (0, 0)
    later = MORNING + rules.CLAIM_DEAD_AFTER + timedelta(minutes=1)
    assert send_due(now=later) == (0, 0)
    taken.refresh_from_db()
    assert (taken.state, taken.error) == ("unsure", "killed")
    assert mail.outbox == []
    # A person may decide to send it after all.
    keeper = make_officer("administrator")
    assert send_again(actor=keeper, now=later, unsure=True) == 1
    assert send_due(now=later) == (1, 0)


def test_a_living_claim_is_left_alone_by_a_clock_ten_minutes_ahead() -> None:
    place = make_place()
    letter_for(place)
    assert claim(now=MORNING) is not None
    assert leave_dead_claims(now=MORNING + timedelta(minutes=10)) == 0


def test_a_slow_server_makes_no_living_claim_look_dead(broken: type[Broken]) -> None:
    """Two minutes for each letter: another run, begun meanwhile, leaves the one being sent alone."""
    place = make_place()
    for _time in range(20):
        letter_for(place)
    time = [MORNING]

    def two_minutes_later() -> None:
        time[0] += timedelta(minutes=2)
        assert leave_dead_claims(now=time[0]) == 0

    broken.while_sending = two_minutes_later
    sent, failed = send_due(now=MORNING, clock=lambda: time[0])
    # Three began within five minutes; each says when it was sent.
    assert (sent, failed) == (3, 0)
    minutes = [2, 4, 6]
    times = Delivery.objects.filter(state="sent").order_by("sent_at").values_list("sent_at")
    assert list(times) == [(MORNING + timedelta(minutes=number),) for number in minutes]
    assert send_due(now=time[0], clock=lambda: time[0]) == (3, 0)
    assert not Delivery.objects.filter(state="unsure").exists()


def test_a_run_that_passes_into_the_night_stops_there(broken: type[Broken]) -> None:
    place, evening = make_place(), at(MORNING, "20:58")
    for _time in range(4):
        letter_for(place, at=evening)
    time = [evening]

    def a_minute_later() -> None:
        time[0] += timedelta(minutes=1)

    broken.while_sending = a_minute_later
    assert send_due(now=evening, clock=lambda: time[0]) == (2, 0)
    assert (
        Delivery.objects.filter(
            state="waiting", not_before=at(MORNING, "06:30") + timedelta(1)
        ).count()
        == 2
    )


def test_what_was_read_meanwhile_or_is_out_of_sight_is_not_sent() -> None:
    place = make_place()
    read, hidden = letter_for(place), letter_for(place)
    read.notices.update(read_at=NOON)
    send_due(now=MORNING)
    assert len(mail.outbox) == 1
    read.refresh_from_db()
    assert (read.state, read.error) == ("skipped", "nothing")
    third = letter_for(place)
    RoleGrant.objects.filter(user=place.owner).update(valid_to=NOON)
    send_due(now=MORNING)
    third.refresh_from_db()
    hidden.refresh_from_db()
    assert (third.state, hidden.state, len(mail.outbox)) == ("skipped", "sent", 1)


def test_the_day_before_yesterday_is_not_sent_any_more() -> None:
    place = make_place()
    letter = letter_for(place, at=MORNING - timedelta(days=3))
    send_due(now=MORNING)
    letter.refresh_from_db()
    assert (letter.state, letter.error, mail.outbox) == ("skipped", "too_old", [])


def test_who_left_gets_nothing() -> None:
    place = make_place()
    letter = letter_for(place)
    User.objects.filter(pk=place.owner.pk).update(is_active=False)
    send_due(now=MORNING)
    letter.refresh_from_db()
    assert (letter.state, mail.outbox) == ("skipped", [])


def test_without_a_server_nothing_is_touched(settings: Any) -> None:
    settings.EMAIL_READY = False
    place = make_place()
    letter = letter_for(place)
    assert send_due(now=MORNING) == (0, 0)
    letter.refresh_from_db()
    assert letter.state == "waiting"


def test_letters_can_be_files(settings: Any, tmp_path: Path) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = str(tmp_path)
    letter_for(make_place(code="W4.2"))
    assert send_due(now=MORNING) == (1, 0)
    (file,) = tmp_path.iterdir()
    assert re.search(r"^Subject: ", file.read_text("utf-8"), re.MULTILINE)


# --- at night --------------------------------------------------------------------------------


def at(day: datetime, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    return day.astimezone(rules.ZONE).replace(hour=hour, minute=minute, second=0, microsecond=0)


def sent_at_night(letter: Delivery, night: datetime) -> None:
    """It neither leaves nor is lost: it leaves once in the morning, and the night was no attempt."""
    attempts = letter.attempts
    assert send_due(now=night) == (0, 0)
    assert mail.outbox == []
    letter.refresh_from_db()
    morning = rules.quiet_end(night, rules.Hours())
    assert (letter.state, letter.attempts, letter.not_before) == ("waiting", attempts, morning)
    assert send_due(now=morning - timedelta(minutes=1)) == (0, 0)
    assert send_due(now=morning) == (1, 0)
    assert len(mail.outbox) == 1


@pytest.mark.parametrize("way", ["at_once", "digest"])
def test_a_letter_that_could_not_leave_by_day_waits_for_the_morning(way: str) -> None:
    """The mail server or the clock was away from 18:00 to 23:00."""
    letter = letter_for(make_place(), at=at(MORNING, "18:00"))
    Delivery.objects.update(way=way)
    sent_at_night(letter, at(MORNING, "23:00"))


def test_a_letter_that_was_tried_by_day_keeps_its_attempts_over_the_night(
    broken: type[Broken], settings: Any
) -> None:
    letter = letter_for(make_place(), at=at(MORNING, "20:58"))
    broken.on_open = ConnectionRefusedError()
    assert send_due(now=at(MORNING, "20:58")) == (0, 1)
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    letter.refresh_from_db()
    assert (letter.attempts, letter.not_before) == (1, at(MORNING, "20:59"))
    sent_at_night(letter, at(MORNING, "21:00"))


def test_sending_again_at_night_wakes_nobody() -> None:
    letter = letter_for(make_place())
    Delivery.objects.update(state="failed", attempts=6)
    night = at(MORNING, "22:00")
    assert send_again(actor=make_officer("administrator"), now=night, unsure=False) == 1
    letter.refresh_from_db()
    sent_at_night(letter, night + timedelta(minutes=1))


def test_the_night_is_that_of_the_reader() -> None:
    place = make_place()
    letter_for(place, at=at(MORNING, "18:00"))
    NoticeHours.objects.create(user=place.owner, quiet_from="00:00", quiet_until="00:00")
    assert send_due(now=at(MORNING, "23:00")) == (1, 0)


# --- the lists -------------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everybody_sees_his_own_letters_and_what_was_in_the_way(broken: type[Broken]) -> None:
    place = make_place()
    letter_for(place, notices=3)
    broken.on_send = smtplib.SMTPRecipientsRefused({place.owner.email: (550, b"unknown")})
    send_due(now=MORNING)
    url = reverse("notice_deliveries")
    body = client_of(place.owner).get(url).content.decode()
    assert "máy chủ thư từ chối địa chỉ nhận" in body
    assert ">3<" in body
    assert "Chưa có thư nào" in client_of(place.head).get(url).content.decode()


def test_the_state_of_sending_is_numbers_alone_and_can_be_mended(broken: type[Broken]) -> None:
    place = make_place()
    letter_for(place)
    broken.on_send = smtplib.SMTPDataError(554, b"no")
    now = MORNING
    for _time in range(len(rules.WAITS) + 1):
        send_due(now=now)
        now = Delivery.objects.get().not_before
    keeper = make_officer("administrator")
    url = reverse("notice_sending")
    body = client_of(keeper).get(url).content.decode()
    assert "Gửi lại 1 thư không gửi được" in body
    for person in place.people:
        assert person.full_name not in body
        assert person.email not in body
    answer = client_of(keeper).post(reverse("notice_send_again"))
    assert answer.headers["Location"] == url
    letter = Delivery.objects.get()
    assert (letter.state, letter.attempts) == ("waiting", 0)
    assert AuditEvent.objects.filter(action="letters.sent_again", actor_id=keeper.pk).exists()


@pytest.mark.parametrize("role", ["head", "unit_staff", "keeper"])
def test_others_neither_see_the_state_of_sending_nor_send_again(role: str) -> None:
    place = make_place()
    letter_for(place)
    Delivery.objects.update(state="failed")
    client = client_of(make_officer(role))
    assert client.get(reverse("notice_sending")).status_code == 404
    assert client.post(reverse("notice_send_again")).status_code == 404
    assert Delivery.objects.get().state == "failed"


def test_who_watches_the_trail_sees_the_state_and_mends_nothing() -> None:
    Delivery.objects.create(
        user=make_user(), way="digest", subject_key="x", not_before=NOON, state="failed"
    )
    client = client_of(make_officer("security_officer"))
    assert "thư không gửi được" not in client.get(reverse("notice_sending")).content.decode()
    assert client.post(reverse("notice_send_again")).status_code == 404
