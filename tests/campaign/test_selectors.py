"""The board and the lists: what they count, what they show to whom, and at what price."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from campaign.models import Campaign, Light, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.rules import Policy, days_late
from campaign.selectors import Board, TaskFilter, board_for, task_detail
from campaign.selectors.board import EXCEPTIONS_SHOWN
from campaign.selectors.lines import lines_of, with_people
from campaign.selectors.past import then_at
from campaign.services import cancel_task, hand_over, judge, report_progress, sweep_lights
from security.models import Unit, User
from tests.campaign.make import (
    BEGIN,
    DEADLINE,
    NOON,
    accept,
    load_real_plan,
    make_campaign,
    make_draft,
    make_task,
    office_of,
    owner_of,
    submit,
)
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
WEEK_4 = BEGIN + timedelta(days=24, hours=9)  # 8/6, Monday of week 4


def make_head(campaign: Campaign) -> User:
    head = make_user(unit=campaign.unit)
    grant_role(head, "head", campaign.unit)
    return head


def board(user: User, at: datetime | None = None, *, now: datetime = WEEK_4) -> Board:
    found = board_for(user, at, now=now)
    assert found is not None
    return found


def listed(query: str, user: User, campaign: Campaign, now: datetime) -> TaskQuerySet:
    return TaskFilter.from_query(QueryDict(query), now=now).apply(user, campaign)


def test_there_is_no_board_without_a_campaign() -> None:
    assert board_for(make_user(), now=NOON) is None


def test_every_number_of_the_board_is_the_length_of_its_list() -> None:
    load_real_plan()
    sweep_lights(now=WEEK_4)
    head = User.objects.get(username="truongban")
    for at in (None, WEEK_4 - timedelta(days=9)):
        now_board = board(head, at)
        campaign = now_board.campaign
        for count in now_board.lights:
            assert listed(count.query, head, campaign, WEEK_4).count() == count.count
        for part in (*now_board.groups, *now_board.blocks, *now_board.units):
            assert listed(part.query, head, campaign, WEEK_4).count() == part.total
            for light, number in part.bars:
                query = f"{part.query}&light={light}"
                assert listed(query, head, campaign, WEEK_4).count() == number
        for line in now_board.matrix:
            assert listed(line.query, head, campaign, WEEK_4).count() == line.total
        assert now_board.total == sum(c.count for c in now_board.lights) == 74
        assert (
            listed(now_board.exceptions_query, head, campaign, WEEK_4).count()
            == now_board.exceptions_total
            == len(now_board.exceptions)
        )


def test_the_matrix_has_the_45_cells_and_the_worst_of_each_row() -> None:
    load_real_plan()
    sweep_lights(now=WEEK_4)
    found = board(User.objects.get(username="truongban"))
    assert [len(line.cells) for line in found.matrix] == [7] * 8
    cells = [cell for line in found.matrix for cell in line.cells if cell.words]
    assert len(cells) == 45
    assert all(cell.light for cell in cells)
    assert found.matrix[2].cells[3].words == "Đầu bài số"
    assert {line.light for line in found.matrix} == {"red"}
    assert found.phase is not None
    assert (found.phase.no, found.day_number) == (4, 25)
    assert found.next_briefing is not None
    assert (found.next_briefing.day.isoformat(), found.days_to_briefing) == ("2026-06-11", 3)


def test_a_past_board_is_what_was_seen_then() -> None:
    task = make_task()
    head = make_head(task.campaign)
    tuesday = BEGIN + timedelta(days=4)
    sweep_lights(now=tuesday)
    then = board(head, now=tuesday)
    hour_later = tuesday + timedelta(hours=1)
    accept(submit(task, now=hour_later), actor=office_of(task), now=tuesday + timedelta(days=1))
    later = board(head, tuesday, now=WEEK_4)
    assert later.past
    assert not then.past
    assert [(c.light, c.count) for c in later.lights] == [(c.light, c.count) for c in then.lights]
    assert [line.why for line in later.exceptions] == [line.why for line in then.exceptions]
    assert board(head).lights[-1].count == 1
    assert board(head, BEGIN - timedelta(days=1)).total == 0  # not on the board yet


def test_changes_are_those_of_seven_days() -> None:
    campaign = make_campaign()
    head = make_head(campaign)
    make_task(campaign=campaign)
    sweep_lights(now=DEADLINE)
    at = DEADLINE + timedelta(days=1)
    changes = {c.light: (c.count, c.before) for c in board(head, now=at).lights}
    assert changes["red"] == (1, 0)
    assert changes["yellow"] == (0, 1)
    week_later = {c.light: c.change for c in board(head, now=at + timedelta(days=7)).lights}
    assert set(week_later.values()) == {0}


def test_exceptions_are_worst_first_with_reasons_and_who_is_waited_for() -> None:
    campaign = make_campaign()
    head = make_head(campaign)
    late, waiting, far = (make_task(campaign=campaign) for _ in range(3))
    for task in (waiting, far):
        report_progress(actor=owner_of(task), task=task, percent=100, now=NOON)
    submit(waiting, now=NOON)
    at = DEADLINE + timedelta(days=2)
    Task.objects.filter(pk=far.pk).update(deadline=at + timedelta(days=2))
    far.refresh_from_db()
    report_progress(actor=owner_of(far), task=far, percent=100, now=NOON)
    sweep_lights(now=at)
    judge(actor=head, task=late, light="yellow", reason="Đã xong", expires_on=at.date(), now=at)
    lines = board(head, now=at).exceptions
    assert [line.task for line in lines] == [late, waiting, far]
    assert [r.code for line in lines for r in line.reasons] == [
        *("overdue", "awaiting_acceptance", "due_soon"),
    ]
    assert lines[0].days_late == days_late(DEADLINE, at) == 3
    assert lines[0].judged == "yellow"
    assert lines[0].waits_for == str(late.owner)
    assert lines[1].waits_for != str(waiting.owner)


def test_a_late_sweep_is_told() -> None:
    task = make_task()
    head = make_head(task.campaign)
    assert task.next_change_at is not None
    assert not board(head, now=task.next_change_at + timedelta(minutes=4)).sweep_late
    assert board(head, now=task.next_change_at + timedelta(minutes=6)).sweep_late


def test_a_unit_sees_its_own_and_what_it_was_let_into() -> None:
    campaign = make_campaign()
    own, foreign = make_task(campaign=campaign), make_task(campaign=campaign)
    make_draft(campaign=campaign)
    staff = owner_of(own)
    assert board(staff, now=NOON).total == 1
    assert set(Task.objects.visible_to(staff)) == {own}
    assert set(Product.objects.visible_to(staff)) == set(own.products.all())
    foreign.products.get().signing_units.add(staff.unit)
    seen_by_nobody = make_user(unit=own.unit)
    assert board(seen_by_nobody, now=NOON).total == 0


def test_drafts_reach_no_count() -> None:
    campaign = make_campaign()
    make_draft(campaign=campaign)
    head = make_head(campaign)
    assert board(head, now=NOON).total == 0
    assert listed("state=draft", head, campaign, NOON).count() == 1


def test_the_board_costs_the_same_for_74_and_for_500_tasks() -> None:
    load_real_plan()
    sweep_lights(now=WEEK_4)
    prices = []
    for _ in range(2):
        head = User.objects.get(username="truongban")
        for at in (None, WEEK_4 - timedelta(days=3)):
            with CaptureQueriesContext(connection) as queries:
                found = board(head, at)
            prices.append(len(queries))
            assert len(found.exceptions) <= EXCEPTIONS_SHOWN
        if Task.objects.count() == 74:
            _many_more(found.campaign)
    assert prices[:2] == prices[2:]
    assert prices[0] <= 8
    assert Task.objects.count() >= 500


def _many_more(campaign: Campaign) -> None:
    """Copies of the real tasks, in all lights."""
    models = list(Task.objects.active().order_by("pk"))
    copies = []
    for n in range(7):
        for task in models:
            copy = Task(**{f.attname: getattr(task, f.attname) for f in Task._meta.concrete_fields})
            copy.pk, copy.code, copy.state, copy.light = None, f"{task.code}-{n}", "draft", ""
            copies.append((copy, task.light))
    Task.objects.bulk_create([copy for copy, _light in copies])
    Product.objects.bulk_create(
        Product(task=copy, position=1, title="Sản phẩm") for copy, _light in copies
    )
    for light in Light.values:
        pks = [copy.pk for copy, was in copies if was == light]
        Task.objects.filter(pk__in=pks).update(state="active", light=light)


# --- filters ----------------------------------------------------------------------------


def test_filters_drop_what_they_do_not_know() -> None:
    query = QueryDict("light=red&light=pink&group=x&week=99999&kind=a&owner=you&at=nonsense&unit=")
    chosen = TaskFilter.from_query(query, now=NOON)
    assert chosen == TaskFilter(light=("red",))
    assert TaskFilter.from_query(QueryDict("at=2026-13-45"), now=NOON).at is None
    assert TaskFilter.from_query(QueryDict("at=2099-01-01"), now=NOON).at is None


def test_a_filter_is_its_own_address() -> None:
    chosen = TaskFilter(
        light=("red", "yellow"), group=3, unit="VP", owner="me", late=True, at=BEGIN
    )
    assert TaskFilter.from_query(QueryDict(chosen.query), now=NOON) == chosen


def test_a_day_means_its_end() -> None:
    chosen = TaskFilter.from_query(QueryDict("at=2026-05-15"), now=NOON)
    assert chosen.at is not None
    assert chosen.at.isoformat() == "2026-05-15T23:59:59.999999+07:00"


# --- one task ---------------------------------------------------------------------------


def test_the_detail_says_what_each_may_do() -> None:
    task = make_task()
    owner, office, head = owner_of(task), office_of(task), make_head(task.campaign)
    submission = submit(task, now=NOON)
    mine = task_detail(owner, task, now=NOON)
    assert (mine.may_report, mine.may_revise, mine.may_judge) == (True, False, False)
    assert (mine.products[0].may_submit, mine.products[0].may_accept) == (False, False)
    theirs = task_detail(office, task, now=NOON)
    assert theirs.products[0].may_accept
    assert theirs.products[0].waiting == submission
    leads = task_detail(head, task, now=NOON)
    assert (leads.may_report, leads.may_revise, leads.may_judge) == (False, True, True)


def test_the_history_is_told_newest_first() -> None:
    task = make_task()
    report_progress(actor=owner_of(task), task=task, percent=40, note="Đang làm", now=NOON)
    accept(submit(task, now=NOON + timedelta(hours=1)), actor=office_of(task), now=DEADLINE)
    task.refresh_from_db()
    detail = task_detail(owner_of(task), task, now=DEADLINE)
    kinds = Counter(one.kind for one in detail.history)
    assert kinds["report"] == kinds["submission"] == kinds["acceptance"] == 1
    assert detail.history[0].at == DEADLINE
    assert [one.at for one in detail.history] == sorted(
        (one.at for one in detail.history), reverse=True
    )


def test_a_past_board_speaks_of_who_led_and_owned_then() -> None:
    task = make_task()
    before = owner_of(task)
    office = office_of(task)
    unit = make_unit(parent=task.campaign.unit, name="Đầu mối mới")
    after = make_user(unit=unit)
    hand_over(actor=office, task=task, owner=after, unit=unit, reason="x", now=NOON)
    earlier, later = NOON - timedelta(hours=1), NOON + timedelta(hours=1)
    then, now = board_for(office, earlier, now=later), board_for(office, now=later)
    assert then is not None
    assert now is not None
    first = Unit.objects.get(pk=before.unit_id)
    assert [one.key for one in then.units] == [first.code]
    assert [one.key for one in now.units] == [unit.code]
    listed = TaskFilter(unit=first.code, at=earlier).apply(office, task.campaign)
    line = lines_of(
        with_people(listed, earlier),
        policy=Policy(),
        at=earlier,
        then=then_at(task.campaign, earlier),
    )[0]
    assert (line.task.unit, line.task.owner) == (first, before)
    assert not TaskFilter(unit=first.code).apply(office, task.campaign).exists()
    office_owner = TaskFilter(owner="me", at=earlier)
    grant_role(before, "office", task.campaign.unit)
    assert office_owner.apply(before, task.campaign).get() == task


def test_a_task_cancelled_since_explains_its_past_light() -> None:
    task = make_task()
    office = office_of(task)
    late = DEADLINE + timedelta(days=1)
    sweep_lights(now=late)
    cancel_task(actor=office, task=task, reason="x", now=late + timedelta(hours=1))
    rows = TaskFilter(at=late).apply(office, task.campaign)
    line = lines_of(
        with_people(rows, late), policy=Policy(), at=late, then=then_at(task.campaign, late)
    )[0]
    assert line.light == "red"
    assert line.reasons[0].code == "overdue"
