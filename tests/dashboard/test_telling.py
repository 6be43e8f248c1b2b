"""From facts to notices: the right people, once ever, also late and by two clocks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.models import F, Value
from django.db.models.functions import Concat
from django.test.utils import CaptureQueriesContext

from campaign.models import LightTransition, Task
from campaign.services import (
    activate_task,
    add_comment,
    approve_deadline,
    hand_over,
    request_deadline,
    sweep_lights,
)
from dashboard.models import Delivery, Notice, NoticeChoice, ToldEvent
from dashboard.notices.letterbox import put_in
from dashboard.notices.mail import send_due
from dashboard.notices.rules import ZONE, Hours, digest_time, is_quiet
from dashboard.notices.saying import voices_of, words_of
from dashboard.notices.telling import tell
from security.models import RoleGrant, User
from tests.campaign.make import (
    DEADLINE,
    NOON,
    accept,
    make_draft,
    make_task,
    office_of,
    owner_of,
    submit,
)
from tests.dashboard.notice_rows import make_notice
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
RED_AT = DEADLINE + timedelta(minutes=1)
LATER = DEADLINE + timedelta(days=5)


@pytest.fixture(autouse=True)
def _with_a_mail_server(settings: Any) -> None:
    settings.EMAIL_READY = True


def give_addresses() -> None:
    User.objects.update(email=Concat(F("username"), Value("@sauro.example")))


def world() -> tuple[Task, User, User, User]:
    """A running task, its owner, the block's deputy and the head of its unit."""
    task = make_task()
    owner = owner_of(task)
    deputy, head = make_user(unit=task.campaign.unit), make_user(unit=task.unit)
    grant_role(deputy, "deputy", task.campaign.unit)
    grant_role(head, "unit_head", task.unit)
    assert task.block is not None
    task.block.deputy = deputy
    task.block.save()
    give_addresses()
    return task, owner, deputy, head


def told(kind: str) -> set[int]:
    return set(Notice.objects.filter(kind=kind).values_list("user_id", flat=True))


def test_a_task_turned_red_is_told_to_owner_deputy_and_head() -> None:
    task, owner, deputy, head = world()
    bystander = make_user(unit=task.unit)
    grant_role(bystander, "unit_staff", task.unit)
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert told("turned_red") == {owner.pk, deputy.pk, head.pk}
    one = Notice.objects.get(user=owner, kind="turned_red")
    assert (one.task, one.due_at, one.created_at) == (task, DEADLINE, RED_AT)
    assert one.said["to"] == "red"


def test_what_was_told_is_never_told_again() -> None:
    world()
    sweep_lights(now=RED_AT)
    first = tell(now=RED_AT)
    assert first > 0
    assert tell(now=RED_AT + timedelta(minutes=1)) == 0
    assert Notice.objects.count() == first


def test_who_may_not_see_the_task_hears_nothing_of_it() -> None:
    _task, owner, deputy, head = world()
    RoleGrant.objects.filter(user__in=[owner, head]).update(valid_to=NOON)
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert told("turned_red") == {deputy.pk}
    assert ToldEvent.objects.exists()


def test_three_days_without_a_clock_are_caught_up_by_one_run_with_both_times() -> None:
    task, owner, _deputy, _head = world()
    found = DEADLINE + timedelta(days=3)
    sweep_lights(now=found)
    tell(now=found)
    turns = LightTransition.objects.filter(task=task).exclude(from_light="").count()
    mine = Notice.objects.filter(user=owner, event__startswith="transition:")
    assert mine.count() == turns > 0
    red = mine.get(kind="turned_red")
    assert (red.due_at, red.created_at) == (DEADLINE, found)
    # Old news waits for the digest.
    assert not Delivery.objects.filter(user=owner, way="at_once").exists()


@pytest.mark.parametrize("clock", ["10:00", "23:00"])
def test_what_a_run_finds_after_a_stop_leaves_though_an_old_letter_waited(clock: str) -> None:
    """The house stood still for three days with a letter waiting: it takes along what is found."""
    task, owner, *_others = world()
    stopped = DEADLINE - timedelta(hours=3)
    old = make_notice(owner, task, at=stopped, kind="mentioned", said={})
    waiting = Delivery.objects.create(
        user=owner, way="at_once", subject_key="once:x", not_before=stopped
    )
    waiting.notices.add(old)
    hour = time.fromisoformat(clock)
    found = datetime.combine(stopped.date() + timedelta(days=3), hour, tzinfo=ZONE)
    sweep_lights(now=found)
    tell(now=found)
    assert Notice.objects.filter(user=owner, kind="turned_red").exists()
    send_due(now=found)
    send_due(now=digest_time(found, Hours()) + timedelta(hours=1))
    told_of = Notice.objects.filter(deliveries__state="sent", user=owner)
    assert told_of.filter(kind="turned_red").count() == 1
    mine = [one for one in mail.outbox if one.to == [f"{owner.username}@sauro.example"]]
    assert len(mine) == 1
    assert old not in told_of
    assert "Đỏ" in mine[0].body
    assert f"Sáu Rõ: {told_of.count()} thông báo" == mine[0].subject


def test_a_hundred_reds_of_one_sweep_are_one_letter() -> None:
    task, owner, *_others = world()
    for _ in range(5):
        make_task(campaign=task.campaign, unit=task.unit, owner=owner, block=None)
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    letter = Delivery.objects.get(user=owner, way="at_once")
    assert letter.notices.filter(kind="turned_red").count() == 6
    assert letter.notices.count() == Notice.objects.filter(user=owner).count()


def test_a_choice_is_kept_but_a_red_light_always_reaches_the_inbox() -> None:
    _task, owner, _deputy, head = world()
    NoticeChoice.objects.create(user=owner, kind="turned_red", way="off")
    NoticeChoice.objects.create(user=head, kind="turned_yellow", way="off")
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert owner.pk in told("turned_red")
    assert not Delivery.objects.filter(user=owner, way="at_once").exists()
    assert not Notice.objects.filter(user=head, kind="turned_yellow").exists()


def test_mentions_hand_overs_grades_and_requests_reach_their_people() -> None:
    task, owner, deputy, _head = world()
    office = office_of(task)
    add_comment(actor=office, task=task, text=f"@{owner.username} xem", now=NOON)
    asked = request_deadline(actor=owner, task=task, deadline=LATER, reason="x", now=NOON)
    tell(now=NOON)
    assert (told("mentioned"), told("to_decide")) == ({owner.pk}, {deputy.pk})
    leader = make_user(unit=task.campaign.unit)
    grant_role(leader, "head", task.campaign.unit)
    approve_deadline(actor=leader, asked=asked, now=NOON)
    submission = submit(task, now=NOON)
    accept(submission, actor=office, grade="A", now=NOON)
    tell(now=NOON + timedelta(minutes=1))
    decided = Notice.objects.filter(kind="decided", user=owner)
    assert {one.event.split(":")[0] for one in decided} == {"decided", "grade"}


def test_a_new_owner_hears_that_a_task_is_his() -> None:
    task, _owner, *_others = world()
    second = make_user(unit=task.unit)
    grant_role(second, "unit_staff", task.unit)
    hand_over(actor=office_of(task), task=task, owner=second, reason="x", now=NOON)
    tell(now=NOON)
    assert told("given") == {second.pk}


def draft_in(place: Task, **fields: Any) -> tuple[Task, User]:
    """A draft in the same unit and block, and its owner with a role."""
    draft = make_draft(campaign=place.campaign, unit=place.unit, **fields)
    owner = owner_of(draft)
    give_addresses()
    return draft, owner


def test_who_owns_a_task_hears_that_it_was_put_on_the_board_once() -> None:
    task, *_others = world()
    draft, owner = draft_in(task)
    office = office_of(task)
    activate_task(actor=office, task=draft, now=NOON)
    assert tell(now=NOON) == 1
    assert tell(now=NOON + timedelta(minutes=1)) == 0
    notice = Notice.objects.get()
    assert (notice.user, notice.kind, notice.task) == (owner, "given", draft)
    assert Delivery.objects.get().way == "at_once"
    said = words_of(notice, voices_of([notice])[notice.event], NOON)
    assert str(said.text).startswith(office.full_name)


def test_many_put_on_the_board_at_once_are_one_letter_to_their_owner() -> None:
    task, *_others = world()
    first, owner = draft_in(task)
    drafts = [first, *(draft_in(task, owner=owner)[0] for _ in range(4))]
    office = office_of(task)
    for draft in drafts:
        activate_task(actor=office, task=draft, now=NOON)
    assert tell(now=NOON) == 5
    assert Delivery.objects.get().notices.count() == 5


def test_nobody_is_told_of_what_he_put_on_the_board_himself() -> None:
    task, *_others = world()
    office = office_of(task)
    draft, _owner = draft_in(task, owner=office)
    activate_task(actor=office, task=draft, now=NOON)
    assert tell(now=NOON) == 0
    assert ToldEvent.objects.exists()


def test_what_the_installation_puts_on_the_board_floods_nobody() -> None:
    """Neither a plan nor the demonstration: seventy tasks at a time, red ones among them."""
    task, *_others = world()
    draft, _owner = draft_in(task)
    activate_task(actor=None, task=draft, now=LATER)
    assert tell(now=LATER) == 0
    # Also not when somebody changes it later.
    second = make_user(unit=task.unit)
    grant_role(second, "unit_staff", task.unit)
    hand_over(actor=office_of(task), task=draft, owner=second, reason="x", now=LATER)
    tell(now=LATER)
    assert not Notice.objects.filter(event__startswith="given:").exists()


def test_a_first_light_that_is_red_reaches_whom_a_turn_to_red_would() -> None:
    task, _owner, deputy, head = world()
    draft, owner = draft_in(task, block=task.block)
    activate_task(actor=office_of(task), task=draft, now=RED_AT)
    draft.refresh_from_db()
    assert draft.light == "red"
    tell(now=RED_AT)
    assert told("turned_red") == {owner.pk, deputy.pk, head.pk}
    assert told("given") == {owner.pk}
    first = LightTransition.objects.get(task=draft)
    assert {one.event for one in Notice.objects.filter(task=draft)} == {
        f"given:{first.pk}",
        f"transition:{first.pk}",
    }


def test_a_task_handed_over_before_it_was_told_is_told_to_its_new_owner_alone() -> None:
    task, *_others = world()
    draft, _owner = draft_in(task)
    second = make_user(unit=task.unit)
    grant_role(second, "unit_staff", task.unit)
    office = office_of(task)
    activate_task(actor=office, task=draft, now=NOON)
    hand_over(actor=office, task=draft, owner=second, reason="x", now=NOON)
    assert tell(now=NOON) == 1
    assert told("given") == {second.pk}


def test_notices_of_a_task_that_one_may_no_longer_see_are_gone() -> None:
    _task, owner, *_others = world()
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert Notice.objects.visible_to(owner).exists()
    RoleGrant.objects.filter(user=owner).update(valid_to=RED_AT)
    owner._scopes = None
    assert not Notice.objects.visible_to(owner).exists()


@pytest.mark.django_db(transaction=True)
def test_two_clocks_at_once_tell_everything_once() -> None:
    task, owner, *_others = world()
    for _ in range(20):
        make_task(campaign=task.campaign, unit=task.unit, owner=owner)
    sweep_lights(now=RED_AT)

    def run(at: datetime) -> int:
        try:
            return tell(now=at)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        made = sum(pool.map(run, [RED_AT, RED_AT + timedelta(microseconds=1)]))
    events = Notice.objects.values_list("user_id", "event")
    assert made == len(events) == len(set(events))
    assert Notice.objects.filter(user=owner, kind="turned_red").count() == 21


def test_a_run_that_dies_in_its_middle_leaves_everything_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world()
    sweep_lights(now=RED_AT)

    def dies(*_args: object, **_named: object) -> None:
        raise RuntimeError("power cut")

    with monkeypatch.context() as cut:
        cut.setattr("dashboard.notices.telling.put_in", dies)
        with pytest.raises(RuntimeError):
            tell(now=RED_AT)
    assert not ToldEvent.objects.exists()
    assert tell(now=RED_AT) > 0


def test_nobody_without_an_address_and_no_house_without_a_server_gets_letters(
    settings: Any,
) -> None:
    task, owner, deputy, _head = world()
    User.objects.filter(pk=owner.pk).update(email="")
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    assert not Delivery.objects.filter(user=owner).exists()
    assert Delivery.objects.filter(user=deputy).exists()
    assert owner.pk in told("turned_red")
    settings.EMAIL_READY = False
    make_task(campaign=task.campaign, unit=task.unit, owner=owner)
    sweep_lights(now=RED_AT)
    before = Delivery.objects.count()
    assert tell(now=RED_AT) > 0
    assert Delivery.objects.count() == before


def test_progress_behind_its_plan_is_told_at_once_and_a_near_deadline_is_not() -> None:
    """The duty of 24 hours begins with the one and not with the other."""
    task, owner, *_others = world()
    lags = task.next_change_at
    assert lags is not None
    sweep_lights(now=lags)
    turned = LightTransition.objects.filter(task=task, to_light="yellow").get()
    assert {reason["code"] for reason in turned.reasons} == {"behind"}
    tell(now=lags)
    assert owner.pk in told("lagging")
    assert not told("turned_yellow")
    letter = Delivery.objects.get(user=owner, way="at_once")
    assert not is_quiet(letter.not_before, Hours())


def test_a_request_is_never_left_to_an_empty_post() -> None:
    """Without a deputy head, or where he asks himself, the head of the whole decides."""
    task, owner, deputy, _head = world()
    leader = make_user(unit=task.campaign.unit)
    grant_role(leader, "head", task.campaign.unit)
    assert task.block is not None
    task.block.deputy = None
    task.block.save()
    request_deadline(actor=owner, task=task, deadline=LATER, reason="x", now=NOON)
    tell(now=NOON)
    assert told("to_decide") == {leader.pk}
    assert deputy.pk not in told("to_decide")


def test_a_hand_over_to_another_unit_is_told_to_its_head() -> None:
    task, _owner, *_others = world()
    unit = make_unit(parent=task.campaign.unit)
    second, boss = make_user(unit=unit), make_user(unit=unit)
    grant_role(second, "unit_staff", unit)
    grant_role(boss, "unit_head", unit)
    hand_over(actor=office_of(task), task=task, unit=unit, owner=second, reason="x", now=NOON)
    tell(now=NOON)
    assert told("given") == {second.pk, boss.pk}


def test_a_hundred_turns_found_at_once_are_one_letter_a_person() -> None:
    task, owner, deputy, head = world()
    for number in range(99):
        make_task(campaign=task.campaign, unit=task.unit, owner=owner,
                  deadline=DEADLINE - timedelta(days=number % 3))  # fmt: skip
    found = DEADLINE + timedelta(hours=2)
    turns = sweep_lights(now=found)
    assert turns >= 100
    tell(now=found)
    # Again, with news of the same quarter of an hour, before anything has left.
    make_task(campaign=task.campaign, unit=task.unit, owner=owner)
    sweep_lights(now=found + timedelta(seconds=50))
    tell(now=found + timedelta(minutes=1))
    for person in (owner, deputy, head):
        letters = Delivery.objects.filter(user=person)
        assert letters.count() == 1, list(letters)
    letter = Delivery.objects.get(user=owner)
    assert (
        letter.notices.count()
        == Notice.objects.filter(user=owner).exclude(kind="turned_better").count()
    )


def test_no_number_of_people_raises_the_queries_of_their_letters() -> None:
    task, owner, *_others = world()

    def queries_for(people: list[User]) -> int:
        rows = [(make_notice(one, task, at=NOON), "at_once") for one in people]
        rows += [(make_notice(one, task, at=NOON, kind="mentioned"), "digest") for one in people]
        with CaptureQueriesContext(connection) as queries:
            put_in(rows, now=NOON)
        return len(queries)

    alone = queries_for([owner])
    many = [make_user(email=f"n{number}@sauro.example") for number in range(9)]
    assert queries_for(many) <= alone
    assert Delivery.objects.count() == 10
    assert all(letter.notices.count() == 2 for letter in Delivery.objects.all())


def test_what_comes_after_a_letter_has_left_goes_into_the_next_one() -> None:
    task, owner, *_others = world()
    sweep_lights(now=RED_AT)
    tell(now=RED_AT)
    Delivery.objects.update(state="sent", sent_at=RED_AT)
    first = Delivery.objects.get(user=owner, way="at_once")
    make_task(campaign=task.campaign, unit=task.unit, owner=owner)
    sweep_lights(now=RED_AT + timedelta(minutes=1))
    tell(now=RED_AT + timedelta(minutes=1))
    second = Delivery.objects.exclude(pk=first.pk).get(user=owner, way="at_once")
    assert second.not_before >= first.not_before
    assert not first.notices.filter(deliveries=second).exists()


def test_the_letter_after_one_that_has_left_is_not_in_the_night_either() -> None:
    """Told 20:46, sent at once; told 20:50: the next span would begin with the quiet hours."""
    task, owner, *_others = world()
    evening = DEADLINE.astimezone(ZONE).replace(hour=20, minute=46)
    for minute in (46, 50, 55):
        found = evening.replace(minute=minute)
        task = make_task(campaign=task.campaign, unit=task.unit, owner=owner, deadline=found)
        sweep_lights(now=found)
        tell(now=found)
        letter = Delivery.objects.filter(user=owner, way="at_once").latest("not_before")
        assert not is_quiet(letter.not_before, Hours()), letter
        Delivery.objects.update(state="sent", sent_at=found)
    assert Delivery.objects.filter(user=owner, way="at_once").count() >= 3


def test_a_clock_ten_minutes_behind_loses_and_doubles_nothing() -> None:
    world()
    sweep_lights(now=RED_AT)
    assert tell(now=RED_AT - timedelta(minutes=10)) > 0
    assert tell(now=RED_AT) == 0
