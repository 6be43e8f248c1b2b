"""The inbox: what stands in it, in which words, for whom, and what reading and marking cost."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from campaign.services import add_comment, hand_over, sweep_lights, withdraw_comment
from dashboard.inbox import A_PAGE, NoticeFilter, inbox_page, unread_count
from dashboard.models import Notice
from dashboard.notices.telling import tell
from security.models import AuditEvent, RoleGrant, User
from tests.campaign.make import DEADLINE, NOON, make_task, office_of
from tests.dashboard.notice_rows import RED_AT, Place, make_notice, make_place
from tests.dashboard.test_accessible import faults
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
INBOX = "/notices/"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(user: User, **query: str) -> str:
    return client_of(user).get(INBOX, query).content.decode()


def red_place() -> Place:
    place = make_place(title="Danh mục quy trình")
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    return place


def test_a_red_light_is_told_in_words_with_its_reason_and_leads_to_the_task() -> None:
    place = red_place()
    with time_machine.travel(DEADLINE + timedelta(days=2, hours=5), tick=False):
        body = page_of(place.owner)
    assert "muộn 3 ngày" in body
    assert 'class="light light-red"' in body
    assert f'href="{reverse("campaign:task_detail", args=[place.task.pk])}"' in body
    assert place.task.code in body
    assert faults(body) == []


def test_both_times_stand_there_where_it_was_found_late_and_one_where_it_was_not() -> None:
    place = make_place()
    late = DEADLINE + timedelta(days=3)
    make_notice(place.owner, place.task, at=DEADLINE, found=late)
    assert f"phát hiện lúc {timezone.localtime(late):%H:%M, %d/%m/%Y}" in page_of(place.owner)
    Notice.objects.update(created_at=DEADLINE + timedelta(minutes=1))
    assert "phát hiện lúc" not in page_of(place.owner)


def test_a_mention_says_who_and_what_until_it_is_withdrawn() -> None:
    place = make_place()
    office = office_of(place.task)
    text = f"@{place.owner.username} <b>xem</b> lại"
    comment = add_comment(actor=office, task=place.task, text=text, now=NOON)
    tell(now=NOON)
    body = page_of(place.owner)
    assert f"{office.full_name} nhắc đến đồng chí" in body
    assert "&lt;b&gt;xem&lt;/b&gt; lại" in body
    assert "<b>xem</b>" not in body
    withdraw_comment(actor=office, comment=comment, now=NOON + timedelta(minutes=5))
    assert "xem&lt;/b&gt; lại" not in page_of(place.owner)


def test_a_hand_over_says_who_and_why() -> None:
    place = make_place()
    office, second = office_of(place.task), make_user(unit=place.task.unit)
    grant_role(second, "unit_staff", place.task.unit)
    hand_over(actor=office, task=place.task, owner=second, reason="Chuyển công tác", now=NOON)
    tell(now=NOON)
    body = page_of(second)
    assert f"{office.full_name} bàn giao nhiệm vụ" in body
    assert "Chuyển công tác" in body


def test_notices_are_grouped_by_day_and_task_the_newest_first() -> None:
    place = make_place()
    other = make_task(campaign=place.task.campaign, unit=place.task.unit, owner=place.owner)
    for days, task in ((0, place.task), (1, other), (1, place.task), (1, place.task)):
        make_notice(place.owner, task, at=NOON + timedelta(days=days))
    now = NOON + timedelta(days=1, hours=3)
    with translation.override("vi"):
        page = inbox_page(place.owner, NoticeFilter(), now)
    assert [len(day.groups) for day in page.days] == [2, 1]
    assert page.days[0].label.startswith("Hôm nay")
    assert page.days[1].label.startswith("Hôm qua")
    sizes = {group.task_id: len(group.lines) for group in page.days[0].groups}
    assert sizes == {place.task.pk: 2, other.pk: 1}


def test_kinds_and_unread_ones_can_be_asked_for_alone() -> None:
    place = make_place()
    make_notice(place.owner, place.task, at=NOON)
    make_notice(place.owner, place.task, at=NOON, kind="mentioned", said={}, read_at=NOON)
    assert inbox_page(place.owner, NoticeFilter(kind="mentioned"), NOON).total == 1
    assert inbox_page(place.owner, NoticeFilter(unread=True), NOON).total == 1
    assert inbox_page(place.owner, NoticeFilter(kind="mentioned", unread=True), NOON).total == 0
    assert "Không có thông báo phù hợp" in page_of(place.owner, kind="mentioned", show="unread")


@pytest.mark.parametrize("page", ["0", "-1", "x", "²", "9" * 30, ""])
def test_a_page_that_no_link_names_is_the_first(page: str) -> None:
    assert NoticeFilter.from_query({"page": page, "kind": "nonsense"}) == NoticeFilter()


def test_fifty_a_page_and_every_one_on_one_of_them() -> None:
    place = make_place()
    for number in range(A_PAGE + 7):
        make_notice(place.owner, place.task, at=NOON + timedelta(minutes=number))
    first = inbox_page(place.owner, NoticeFilter(page=1), NOON)
    second = inbox_page(place.owner, NoticeFilter(page=2), NOON)
    shown = [
        [line.pk for day in page.days for group in day.groups for line in group.lines]
        for page in (first, second)
    ]
    assert [len(some) for some in shown] == [A_PAGE, 7]
    assert not set(shown[0]) & set(shown[1])
    assert (first.older_url, second.newer_url) == ("/notices/?page=2", "/notices/")
    assert f"51–57 trong {A_PAGE + 7}" in page_of(place.owner, page="2")


def test_no_number_of_notices_raises_the_queries() -> None:
    place = make_place()
    client = client_of(place.owner)
    office = office_of(place.task)

    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(INBOX).status_code == 200
        return len(queries)

    def more() -> None:
        add_comment(actor=office, task=place.task, text=f"@{place.owner.username} xem", now=NOON)
        make_task(campaign=place.task.campaign, unit=place.task.unit, owner=place.owner)
        sweep_lights(now=RED_AT)
        tell(now=RED_AT)

    more()
    client.get(INBOX)
    few = cost()
    for _time in range(4):
        more()
    assert cost() == few <= 15


# --- who sees what -------------------------------------------------------------------------


def test_an_empty_inbox_says_what_will_come_and_a_read_one_that_it_is_read() -> None:
    place = make_place()
    assert "Chưa có thông báo" in page_of(place.owner)
    make_notice(place.owner, place.task, at=NOON, read_at=NOON)
    assert "Đã đọc hết" in page_of(place.owner, show="unread")


def test_nobody_sees_notices_of_others_nor_of_tasks_out_of_his_sight() -> None:
    place = red_place()
    stranger = make_officer("unit_staff", unit=make_unit())
    assert place.task.title not in page_of(stranger)
    assert place.task.title in page_of(place.owner)
    RoleGrant.objects.filter(user=place.owner).update(valid_to=NOON)
    place.owner._scopes = None
    body = page_of(place.owner)
    assert place.task.title not in body
    assert unread_count(User.objects.get(pk=place.owner.pk)) == 0


def test_reading_is_on_the_trail_and_nothing_new_is_not() -> None:
    place = red_place()
    client = client_of(place.owner)
    answer = client.get(INBOX)
    event = AuditEvent.objects.get(action="notices.read")
    assert event.object_ids == [place.task.pk]
    again = client.get(
        INBOX, headers={"If-None-Match": answer.headers["ETag"], "HX-Request": "true"}
    )
    assert (again.status_code, again.content) == (204, b"")
    assert AuditEvent.objects.filter(action="notices.read").count() == 1


# --- marking -------------------------------------------------------------------------------


def test_marking_as_read_unread_and_all() -> None:
    place = make_place()
    rows = [make_notice(place.owner, place.task, at=NOON) for _time in range(3)]
    client = client_of(place.owner)
    mark = reverse("notices_mark")
    back = "/notices/?show=unread"
    answer = client.post(mark, {"notice": [rows[0].pk, rows[1].pk], "back": back})
    assert (answer.status_code, answer.headers["Location"]) == (302, back)
    assert unread_count(place.owner) == 1
    client.post(mark, {"notice": rows[0].pk, "as": "unread"})
    assert unread_count(place.owner) == 2
    client.post(mark, {"all": "1"})
    assert unread_count(place.owner) == 0
    assert "đã đọc hết" in page_of(place.owner)


@pytest.mark.parametrize("wrong", ["foreign", "x", "", "9" * 40])
def test_a_foreign_notice_cannot_be_marked_and_is_a_denial(wrong: str) -> None:
    place = make_place()
    own = make_notice(place.owner, place.task, at=NOON)
    foreign = make_notice(place.head, place.task, at=NOON)
    sent = foreign.pk if wrong == "foreign" else wrong
    answer = client_of(place.owner).post(reverse("notices_mark"), {"notice": [own.pk, sent]})
    assert answer.status_code == 404
    assert not Notice.objects.exclude(read_at=None).exists()
    assert AuditEvent.objects.filter(action="notices_mark", decision="denied").exists()


@pytest.mark.parametrize("back", ["https://evil.example/notices/", "//evil.example", "/board/"])
def test_marking_leads_nowhere_but_to_the_inbox(back: str) -> None:
    place = make_place()
    answer = client_of(place.owner).post(reverse("notices_mark"), {"all": "1", "back": back})
    assert answer.headers["Location"] == INBOX


# --- the badge -----------------------------------------------------------------------------


def test_the_badge_counts_what_is_unread_on_every_page() -> None:
    place = red_place()
    body = client_of(place.owner).get("/").content.decode()
    unread = unread_count(place.owner)
    assert unread > 0
    assert f'aria-hidden="true">{unread}<' in body


def test_the_badge_costs_one_query_and_none_where_nobody_is_signed_in() -> None:
    place = red_place()
    place.owner._scopes = None
    reader = User.objects.get(pk=place.owner.pk)
    Notice.objects.visible_to(reader)  # the scopes, which every page needs anyway
    with CaptureQueriesContext(connection) as queries:
        unread_count(reader)
    assert len(queries) == 1
    body = Client().get(reverse("account_login")).content.decode()
    assert "notices-badge" not in body


def test_who_has_no_tasks_has_no_badge() -> None:
    keeper = make_officer("member")
    assert "notices-badge" not in client_of(keeper).get(reverse("account_home")).content.decode()


def test_a_badge_that_is_up_to_date_costs_less_than_a_kilobyte() -> None:
    place = red_place()
    client, url = client_of(place.owner), reverse("notices_badge")
    unread = unread_count(place.owner)
    same = client.get(url, headers={"If-None-Match": f'"{unread}"', "HX-Request": "true"})
    assert (same.status_code, same.content) == (204, b"")
    assert sum(len(name) + len(value) + 4 for name, value in same.items()) < 1024
    other = client.get(url, headers={"If-None-Match": '"0"', "HX-Request": "true"})
    assert f">{unread}<" in other.content.decode()
    assert len(other.content) < 1024


def test_above_ninety_nine_the_badge_stops_counting() -> None:
    place = make_place()
    Notice.objects.bulk_create(
        Notice(user=place.owner, task=place.task, kind="turned_red", event=f"t:{number}",
               said={}, due_at=NOON, created_at=NOON)
        for number in range(120)
    )  # fmt: skip
    assert unread_count(place.owner) == 100
    assert ">99+<" in page_of(place.owner)
