"""The calendar feed: whom its key serves, what stands in the file, and how it ends."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar, Event

from campaign.models import Briefing, Task
from campaign.rules import end_of
from config.keeping.reapplying import DONE, reapply
from dashboard.models import CalendarFeed
from dashboard.notices import feeds
from dashboard.notices.calendar import calendar_of
from security.models import AuditEvent, RoleGrant, User
from security.seals.revocations import WATCHED
from security.services import open_emergency
from tests.campaign.make import DEADLINE, NOON, make_draft, make_task
from tests.dashboard.notice_rows import make_place
from tests.dashboard.test_accessible import faults
from tests.security.make import make_classified, make_unit, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _empty_counters() -> None:
    cache.clear()


def address_of(user: User) -> str:
    plain = feeds.make_feed(actor=user, now=NOON)
    return reverse("calendar_feed_file", args=[plain])


def events_of(user: User) -> list[Event]:
    found = Calendar.from_ical(calendar_of(user, now=NOON).body).walk("VEVENT")
    return [one for one in found if isinstance(one, Event)]


def by_uid(user: User) -> dict[str, Event]:
    return {str(event["UID"]).split("@")[0]: event for event in events_of(user)}


# --- whom it serves --------------------------------------------------------------------------


def test_a_key_gives_the_calendar_of_its_person_without_a_session() -> None:
    place = make_place(code="W4.2", title="Danh mục quy trình")
    answer = Client().get(address_of(place.owner))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "sessionid" not in answer.cookies
    assert "W4.2 Danh mục quy trình" in answer.content.decode().replace("\r\n ", "")


def test_only_what_the_person_may_see_stands_in_it() -> None:
    place = make_place()
    hidden = make_task(unit=make_unit())
    secret = make_task(campaign=place.task.campaign, unit=place.task.unit, owner=place.owner)
    make_classified(secret, 2)
    draft = make_draft(campaign=place.task.campaign, unit=place.task.unit, owner=place.owner)
    there = by_uid(place.owner)
    assert f"task-{place.task.pk}" in there
    assert not {f"task-{one.pk}" for one in (hidden, secret, draft)} & there.keys()


@pytest.mark.parametrize("sensitivity", [1, 2])
def test_a_task_about_persons_and_its_products_stay_in_the_house(sensitivity: int) -> None:
    place = make_place(title="Kỷ luật một người")
    place.task.products.update(deadline=DEADLINE - timedelta(days=2))
    Task.objects.filter(pk=place.task.pk).update(sensitivity=sensitivity)
    RoleGrant.objects.filter(user=place.owner).update(max_sensitivity=2)
    assert Task.objects.visible_to(User.objects.get(pk=place.owner.pk)).count() == 1
    assert events_of(place.owner) == []


def test_an_emergency_is_opened_before_a_screen_and_not_for_a_calendar_program() -> None:
    place = make_place()
    far = make_unit(parent=place.task.campaign.unit)
    hidden = make_task(campaign=place.task.campaign, unit=far)
    open_emergency(
        actor=place.head, unit=far, action="campaign.view", hours=2, now=timezone.now(),
        reason="Cháy kho hồ sơ, cần tra người trực ngay",
    )  # fmt: skip
    head = User.objects.get(pk=place.head.pk)
    assert Task.objects.visible_to(head).filter(pk=hidden.pk).exists()
    body = Client().get(address_of(place.head)).content.decode()
    assert f"UID:task-{place.task.pk}@" in body
    assert f"UID:task-{hidden.pk}@" not in body


@pytest.mark.parametrize("key", ["x", "A" * 43, "%20", "ä"])
def test_a_wrong_key_is_a_plain_404_and_writes_nothing(key: str) -> None:
    address_of(make_place().owner)
    answer = Client().get(f"/feeds/{key}/tasks.ics")
    assert (answer.status_code, answer.content) == (404, b"404")
    assert not AuditEvent.objects.filter(action="feed.read").exists()


def test_whoever_left_gets_410_and_whoever_lost_the_right_an_empty_calendar() -> None:
    place = make_place()
    url = address_of(place.owner)
    RoleGrant.objects.filter(user=place.owner).update(valid_to=NOON)
    Task.objects.update(owner=place.head)
    answer = Client().get(url)
    assert answer.status_code == 200
    assert b"VEVENT" not in answer.content
    assert Calendar.from_ical(answer.content)["VERSION"] == "2.0"
    User.objects.filter(pk=place.owner.pk).update(is_active=False)
    assert Client().get(url).status_code == 410


def test_replacing_and_revoking_end_an_address_at_once() -> None:
    place = make_place()
    first = address_of(place.owner)
    second = address_of(place.owner)
    assert (Client().get(first).status_code, Client().get(second).status_code) == (410, 200)
    client = Client()
    client.force_login(place.owner)
    assert client.post(reverse("calendar_feed_end")).status_code == 302
    assert Client().get(second).status_code == 410
    assert CalendarFeed.objects.filter(user=place.owner, revoked_at=None).count() == 0
    made = AuditEvent.objects.filter(action__in=["feed.made", "feed.revoked"])
    assert made.count() == 4  # made, revoked by the second, made, revoked


def test_the_key_is_kept_nowhere() -> None:
    place = make_place()
    plain = address_of(place.owner).split("/")[2]
    feed = CalendarFeed.objects.get()
    assert feed.key_hash == feeds.hash_of(plain)
    assert plain not in str(feed.__dict__)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(e::text, ' ') FROM security_auditevent e")
        assert plain not in (cursor.fetchone()[0] or "")


def test_too_many_questions_are_answered_by_429_for_this_feed_alone() -> None:
    place = make_place()
    url, other = address_of(place.owner), address_of(place.head)
    client = Client()
    for _time in range(feeds.READS_AN_HOUR):
        assert client.get(url).status_code == 200
    answer = client.get(url)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3600")
    assert client.get(other).status_code == 200


def test_the_trail_gets_one_line_an_hour_and_the_page_the_last_use() -> None:
    place = make_place()
    url, client = address_of(place.owner), Client()
    now = timezone.now()
    for minutes in (0, 5, 59, 61):
        with time_machine.travel(now + timedelta(minutes=minutes), tick=False):
            assert client.get(url).status_code == 200
    lines = AuditEvent.objects.filter(action="feed.read")
    assert lines.count() == 2
    assert lines[0].object_ids == [place.task.pk]
    assert lines[0].actor_id == place.owner.pk
    assert CalendarFeed.objects.get().last_used_at == now + timedelta(minutes=61)


def test_the_same_calendar_is_not_sent_again() -> None:
    place = make_place()
    url, client = address_of(place.owner), Client()
    with time_machine.travel(NOON, tick=False):
        first = client.get(url)
        second = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
        assert (second.status_code, second.content) == (304, b"")
    etag = first.headers["ETag"]
    with time_machine.travel(NOON + timedelta(hours=5), tick=False):
        assert client.get(url, headers={"If-None-Match": etag}).status_code == 304
        assert client.get(url, headers={"If-None-Match": etag[2:]}).status_code == 304
        Task.objects.filter(pk=place.task.pk).update(title="Khác")
        third = client.get(url, headers={"If-None-Match": etag})
    assert third.status_code == 200


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_it_is_only_read(method: str) -> None:
    url = address_of(make_place().owner)
    assert getattr(Client(), method)(url).status_code == 405


# --- what stands in it -----------------------------------------------------------------------


def test_a_deadline_is_the_whole_last_day_in_time_in_hanoi() -> None:
    place = make_place()
    before = make_task(
        campaign=place.task.campaign, unit=place.task.unit, owner=place.owner,
        deadline=end_of(date(2026, 6, 1), before=True),
    )  # fmt: skip
    there = by_uid(place.owner)
    event = there[f"task-{place.task.pk}"]
    assert (event.decoded("DTSTART"), event.decoded("DTEND")) == (
        date(2026, 5, 28),
        date(2026, 5, 29),
    )
    assert there[f"task-{before.pk}"].decoded("DTSTART") == date(2026, 5, 31)
    assert str(event["TRANSP"]) == "TRANSPARENT"


def test_products_with_a_date_of_their_own_and_briefings_stand_in_it() -> None:
    place = make_place()
    product = place.task.products.get()
    product.deadline = DEADLINE - timedelta(days=2)
    product.save()
    briefing = Briefing.objects.create(campaign=place.task.campaign, day=date(2026, 5, 21))
    Briefing.objects.create(campaign=make_task().campaign, day=date(2026, 5, 21))
    there = by_uid(place.owner)
    assert there[f"product-{product.pk}"].decoded("DTSTART") == date(2026, 5, 26)
    found = [uid for uid in there if uid.startswith("briefing-")]
    assert found == [f"briefing-{briefing.pk}"]


def test_the_file_keeps_to_rfc_5545(settings: Any) -> None:
    settings.SITE_URL = "https://sauro.example"
    title = "Sơ đồ hóa; kiểm tra, đối chiếu \\ rà soát “mười hai” đầu mục\nvà lập báo cáo " * 3
    place = make_place(title=title)
    body = calendar_of(place.owner, now=NOON).body
    lines = body.split(b"\r\n")
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-1] == b""
    assert all(len(line) <= 75 for line in lines)
    assert all(line.decode("utf-8") for line in lines[:-1])  # no letter is cut in two
    assert b"\n" not in body.replace(b"\r\n", b"")
    text = body.replace(b"\r\n ", b"").decode()
    assert "hóa\\; kiểm tra\\, đối chiếu \\\\ rà" in text
    assert "X-WR-TIMEZONE:Asia/Ho_Chi_Minh" in text
    assert "VALARM" not in text
    assert f"UID:task-{place.task.pk}@sauro.example" in text
    event = by_uid(place.owner)[f"task-{place.task.pk}"]
    assert str(event["SUMMARY"]) == f"{place.task.code} {' '.join(title.split())}"


def test_what_ended_long_ago_is_left_out_and_what_is_open_never() -> None:
    place = make_place()
    ends = {"here": NOON - timedelta(days=29), "gone": NOON - timedelta(days=31)}
    near: dict[str, Any] = {
        "campaign": place.task.campaign,
        "unit": place.task.unit,
        "owner": place.owner,
    }
    late = make_task(**near, deadline=ends["gone"])
    done = {name: make_task(**near, deadline=end) for name, end in ends.items()}
    for task in done.values():
        Task.objects.filter(pk=task.pk).update(state="done", light="done", done_at=NOON)
    found = {uid for uid in by_uid(place.owner) if uid.startswith("task-")}
    assert found == {f"task-{one.pk}" for one in (place.task, late, done["here"])}


def test_of_too_many_the_coming_ones_stand_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    place = make_place(deadline=NOON + timedelta(days=1))
    near: dict[str, Any] = {
        "campaign": place.task.campaign,
        "unit": place.task.unit,
        "owner": place.owner,
    }
    made = {days: make_task(**near, deadline=NOON + timedelta(days=days)) for days in (-9, -2, 5)}
    monkeypatch.setattr("dashboard.notices.calendar.AT_MOST", 3)
    assert set(by_uid(place.owner)) == {f"task-{one.pk}" for one in (place.task, made[5], made[-2])}


def test_a_uid_outlives_every_change() -> None:
    place = make_place()
    before = set(by_uid(place.owner))
    Task.objects.filter(pk=place.task.pk).update(
        title="Khác", code="Z9", deadline=DEADLINE + timedelta(days=9), version=7
    )
    assert set(by_uid(place.owner)) == before
    assert by_uid(place.owner)[f"task-{place.task.pk}"].decoded("SEQUENCE") == 7


def test_no_name_of_a_person_stands_in_it() -> None:
    place = make_place()
    text = calendar_of(place.owner, now=NOON).body.replace(b"\r\n ", b"").decode()
    for person in place.people:
        assert person.full_name not in text
        assert person.username not in text
    assert place.task.unit.name not in text


def test_no_number_of_tasks_raises_the_queries() -> None:
    place = make_place()

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            calendar_of(User.objects.get(pk=place.owner.pk), now=NOON)
        return len(queries)

    few = cost()
    for _time in range(5):
        make_task(campaign=place.task.campaign, unit=place.task.unit, owner=place.owner)
    assert cost() == few


# --- its page --------------------------------------------------------------------------------


def test_the_page_says_whether_there_is_an_address_and_when_it_was_used() -> None:
    place = make_place()
    client = Client()
    client.force_login(place.owner)
    page = reverse("calendar_feed")
    empty = client.get(page).content.decode()
    assert "Chưa có địa chỉ" in empty
    assert faults(empty) == []
    Client().get(address_of(place.owner))
    body = client.get(page).content.decode()
    assert "Thay địa chỉ" in body
    assert "chưa dùng" not in body


def test_making_an_address_asks_first_who_one_is(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    place = make_place()
    place.owner.set_password("một câu đủ dài")
    place.owner.save()
    client = Client()
    client.force_login(place.owner)
    for answer in (
        client.get(reverse("calendar_feed_new")),
        client.post(reverse("calendar_feed_new")),
    ):
        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert not CalendarFeed.objects.exists()


def test_who_has_no_tasks_is_offered_no_address() -> None:
    client = Client()
    client.force_login(make_user())
    assert client.get(reverse("calendar_feed")).status_code == 404


def test_an_address_revoked_after_a_backup_is_revoked_again_after_the_restore() -> None:
    place = make_place()
    url = address_of(place.owner)  # as the restored backup has it
    entry = {
        "id": 1, "action": "feed.revoked", "object_type": feeds.KIND, "detail": "", "ids": [],
        "object_id": str(CalendarFeed.objects.get().pk), "fields": [], "actor": place.owner.pk,
    }  # fmt: skip
    assert "feed.revoked" in WATCHED
    assert reapply(entry, now=timezone.now()) == DONE
    assert Client().get(url).status_code == 410
