"""One's choices of notices: what is offered, kept, said beforehand, and what follows at once."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import translation

from campaign.services import sweep_lights
from dashboard.models import Delivery, Notice, NoticeChoice, NoticeHours, NoticeKind
from dashboard.notices import rules
from dashboard.notices.choosing import choose
from dashboard.notices.letterbox import put_in
from dashboard.notices.preview import preview
from dashboard.notices.rules import Hours
from dashboard.notices.telling import tell
from security.models import AuditEvent, User
from tests.campaign.make import NOON, make_task
from tests.dashboard.notice_rows import RED_AT, make_notice, make_place
from tests.dashboard.test_accessible import faults
from tests.security.make import make_user

pytestmark = pytest.mark.django_db
URL = "/notices/choices/"
USUAL = {f"way_{kind}": way for kind, way in rules.USUAL_WAY.items()}
HOURS = {"digest_at": "07:00", "quiet_from": "21:00", "quiet_until": "06:30"}


@pytest.fixture(autouse=True)
def _with_a_mail_server(settings: Any) -> None:
    settings.EMAIL_READY = True


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_everybody_finds_the_usual_ways_and_may_change_them() -> None:
    user = make_user(email="an@sauro.example")
    client = client_of(user)
    body = client.get(URL).content.decode()
    assert faults(body) == []
    sent = USUAL | HOURS | {"way_mentioned": "at_once", "quiet_from": "22:15"}
    assert client.post(URL, sent).headers["Location"] == URL
    assert NoticeChoice.objects.get(user=user, kind="mentioned").way == "at_once"
    assert NoticeHours.objects.get(user=user).quiet_from == time(22, 15)
    assert AuditEvent.objects.filter(action="notice.choices_set", actor_id=user.pk).exists()
    assert 'value="22:15"' in client.get(URL).content.decode()


@pytest.mark.parametrize("kind", sorted(rules.NEVER_OFF))
def test_what_always_reaches_somebody_cannot_be_switched_off(kind: str) -> None:
    user = make_user()
    answer = client_of(user).post(URL, USUAL | HOURS | {f"way_{kind}": "off"})
    assert answer.status_code == 422
    assert not NoticeChoice.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"), [("digest_at", "25:00"), ("quiet_from", ""), ("quiet_until", "sáng")]
)
def test_a_wrong_time_is_said_and_the_rest_comes_back(field: str, value: str) -> None:
    sent = USUAL | HOURS | {"way_mentioned": "at_once", field: value}
    answer = client_of(make_user()).post(URL, sent)
    body = answer.content.decode()
    assert answer.status_code == 422
    assert f'aria-describedby="id_{field}' in body
    assert '<option value="at_once" selected>' in body
    assert not NoticeHours.objects.exists()


def test_letters_that_wait_follow_the_new_hours() -> None:
    place = make_place()
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    letter = Delivery.objects.get(user=place.owner, way="at_once")
    assert letter.not_before > RED_AT  # in the night
    sent = USUAL | HOURS | {"quiet_from": "00:00", "quiet_until": "00:00"}
    client_of(place.owner).post(URL, sent)
    before, letter = letter, Delivery.objects.get(pk=letter.pk)
    assert letter.not_before != before.not_before


def waiting_letter(user: User, way: str, at: datetime, *kinds: str) -> Delivery:
    task = make_task()
    key = f"digest:{at.astimezone(rules.ZONE):%Y-%m-%d}" if way == "digest" else f"once:{at}"
    letter = Delivery.objects.create(user=user, way=way, subject_key=key, not_before=at)
    letter.notices.add(*(make_notice(user, task, at=NOON, kind=kind) for kind in kinds))
    return letter


@pytest.mark.parametrize("way", ["inbox", "off"])
def test_what_one_wants_no_letters_of_leaves_the_letters_that_wait(way: str) -> None:
    user = make_user(email="an@sauro.example")
    both = waiting_letter(user, "at_once", RED_AT, "turned_red", "mentioned")
    gone = waiting_letter(user, "digest", RED_AT, "mentioned")
    sent = waiting_letter(user, "digest", NOON, "mentioned")
    Delivery.objects.filter(pk=sent.pk).update(state="sent", sent_at=NOON)
    other = waiting_letter(make_user(), "digest", RED_AT, "mentioned")
    client_of(user).post(URL, USUAL | HOURS | {"way_mentioned": way})
    assert [one.kind for one in both.notices.all()] == ["turned_red"]
    assert not Delivery.objects.filter(pk=gone.pk).exists()
    assert (sent.notices.count(), other.notices.count()) == (1, 1)
    # The inbox keeps them.
    assert Notice.objects.filter(user=user, kind="mentioned").count() == 3


def at_clock(day: datetime, clock: str) -> datetime:
    return datetime.combine(
        day.astimezone(rules.ZONE), time.fromisoformat(clock), tzinfo=rules.ZONE
    )


def choose_digest_at(user: User, clock: str, *, now: datetime) -> None:
    choose(
        user=user, ways=rules.USUAL_WAY, hours=Hours(digest_at=time.fromisoformat(clock)), now=now
    )


def test_a_digest_moved_to_another_day_leaves_no_room_for_a_second_one() -> None:
    """At 08:00 the time is set from 17:00 to 07:00: today's digest comes tomorrow, and alone."""
    place = make_place()
    now = at_clock(NOON, "08:00")
    letter = waiting_letter(place.owner, "digest", at_clock(NOON, "17:00"), "mentioned")
    choose_digest_at(place.owner, "07:00", now=now)
    tomorrow = at_clock(NOON + timedelta(days=1), "07:00")
    letter.refresh_from_db()
    assert letter.not_before == tomorrow
    fresh = make_notice(place.owner, place.task, at=now, kind="mentioned")
    put_in([(fresh, "digest")], now=now)
    assert Delivery.objects.get(user=place.owner) == letter
    assert letter.notices.count() == 2


def test_a_digest_moved_to_a_day_that_has_one_joins_it() -> None:
    user, now = make_user(email="an@sauro.example"), at_clock(NOON, "08:00")
    waiting_letter(user, "digest", at_clock(NOON, "17:00"), "mentioned")
    waiting_letter(user, "digest", at_clock(NOON + timedelta(days=1), "17:00"), "decided")
    choose_digest_at(user, "07:00", now=now)
    letter = Delivery.objects.get(user=user)
    assert letter.not_before == at_clock(NOON + timedelta(days=1), "07:00")
    assert {one.kind for one in letter.notices.all()} == {"mentioned", "decided"}


def test_a_digest_is_not_moved_to_a_day_whose_digest_has_left() -> None:
    """Today's left at 07:00; set to 17:00 at noon, tomorrow's stays tomorrow's."""
    user, now = make_user(email="an@sauro.example"), at_clock(NOON, "12:00")
    sent = waiting_letter(user, "digest", at_clock(NOON, "07:00"), "mentioned")
    Delivery.objects.filter(pk=sent.pk).update(state="sent", sent_at=now)
    letter = waiting_letter(user, "digest", at_clock(NOON + timedelta(days=1), "07:00"), "decided")
    choose_digest_at(user, "17:00", now=now)
    letter.refresh_from_db()
    assert letter.not_before == at_clock(NOON + timedelta(days=1), "17:00")


def test_a_script_sees_beforehand_what_would_come_of_it_and_nothing_is_kept() -> None:
    client = client_of(make_user(email="an@sauro.example"))
    query = USUAL | HOURS | {"preview": "1", "digest_at": "16:45"}
    answer = client.get(URL, query, headers={"HX-Request": "true"})
    body = answer.content.decode()
    assert "lúc 16:45 gộp trong một thư" in body
    assert "<form" not in body
    assert not NoticeHours.objects.exists()


def said(hours: Hours, *, reached: bool = True, **ways: str) -> str:
    with translation.override("vi"):
        return " ".join(preview(rules.USUAL_WAY | ways, hours, reached=reached))


def test_the_preview_tells_what_the_night_does() -> None:
    assert "xảy ra lúc 22:00 thì thư đến lúc 06:30" in said(Hours())
    assert "xảy ra lúc 13:00 thì thư đến lúc 14:00" in said(
        Hours(quiet_from=time(12), quiet_until=time(14))
    )
    assert "thì thư đến lúc" not in said(Hours(quiet_from=time(8), quiet_until=time(8)))


def test_the_preview_names_a_digest_that_the_quiet_hours_move() -> None:
    moved = said(Hours(digest_at=time(6)))
    assert "Hằng ngày lúc 06:30" in moved
    assert "06:00 nằm trong giờ yên lặng nên thư đến lúc 06:30" in moved


def test_the_preview_says_what_nobody_will_hear_of_and_that_no_mail_comes() -> None:
    with translation.override("vi"):
        yellow = str(NoticeKind.TURNED_YELLOW.label).lower()
    assert f"Không báo: {yellow}." in said(Hours(), turned_yellow="off")
    alone = said(Hours(), reached=False)
    assert "Hiện không gửi thư" in alone
    assert "Gửi thư ngay" not in alone


def test_the_preview_is_true() -> None:
    """What it says of a letter at once is what the product then does."""
    place = make_place()
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    letter = Delivery.objects.get(user=place.owner, way="at_once")
    assert f"{letter.not_before.astimezone(rules.ZONE):%H:%M}" == "06:30"
    assert "thư đến lúc 06:30" in said(Hours())


def test_every_kind_is_offered_with_a_word_and_the_account_leads_here() -> None:
    user = make_user()
    body = client_of(user).get(reverse("account_home")).content.decode()
    assert f'href="{URL}"' in body
    page = client_of(user).get(URL).content.decode()
    with translation.override("vi"):
        for kind in NoticeKind:
            assert str(kind.label) in page
