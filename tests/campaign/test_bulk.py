"""One change for many tasks: what the preview tells, all or nothing, who may, what came between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from campaign.models import Campaign, DeadlineRequest, DeadlineRevision, HandOver, Task, TaskUnit
from campaign.rules import end_of
from campaign.services import report_progress, request_deadline, sweep_lights
from campaign.services.bulk import (
    TASKS_AT_MOST,
    BulkRefusedError,
    Change,
    Outcome,
    apply_changes,
    mark_of,
    preview_changes,
)
from security.models import AuditEvent, User
from security.services import RefusedError
from tests.campaign.make import (
    BEGIN,
    NOON,
    make_campaign,
    make_draft,
    make_task,
    office_of,
    owner_of,
)
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
LATER = end_of(date(2026, 5, 30), before=False)


def three_tasks() -> tuple[list[Task], User]:
    """Three running tasks of one campaign and its standing office."""
    campaign = make_campaign()
    tasks = [make_task(campaign=campaign) for _number in range(3)]
    return tasks, office_of(tasks[0])


def head_of(campaign: Campaign) -> User:
    head = make_user(unit=campaign.unit)
    grant_role(head, "head", campaign.unit)
    return head


def ids(tasks: list[Task]) -> list[int]:
    return [task.pk for task in tasks]


def marks(outcomes: list[Outcome]) -> dict[int, str]:
    return {one.task.pk: one.mark for one in outcomes}


def codes(outcomes: list[Outcome]) -> list[list[str]]:
    return [[problem.code for problem in one.problems] for one in outcomes]


def second_block(campaign: Campaign) -> Any:
    return campaign.blocks.create(no=2, name="Khối hai", in_charge="Phó Trưởng Ban")


# --- the preview ------------------------------------------------------------------------


def test_a_preview_tells_and_changes_nothing() -> None:
    tasks, office = three_tasks()
    block = second_block(tasks[0].campaign)
    lines = AuditEvent.objects.count()
    change = Change("block", block=block)
    told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
    assert [(one.before, one.after) for one in told] == [("Khối một", "Khối hai")] * 3
    assert not any(one.refused for one in told)
    assert not Task.objects.filter(block=block).exists()
    assert AuditEvent.objects.count() == lines


def test_a_preview_tells_the_light_that_would_come() -> None:
    task = make_task()
    late = end_of(date(2026, 5, 28), before=False) + timedelta(days=1)
    sweep_lights(now=late)
    head = head_of(task.campaign)
    new = end_of(date(2026, 6, 20), before=False)
    (told,) = preview_changes(
        actor=head, tasks=[task.pk], change=Change("deadline", "Chờ mẫu", deadline=new), now=late
    )
    assert (told.light, told.light_after, told.lit) == ("red", "yellow", True)
    assert told.after == "20/06/2026"
    assert not DeadlineRevision.objects.exists()


def test_refusals_are_told_for_each_task_with_their_reason() -> None:
    campaign = make_campaign()
    complete, bare = make_draft(campaign=campaign), make_draft(campaign=campaign, process="")
    running = make_task(campaign=campaign)
    office = office_of(running)
    told = preview_changes(
        actor=office, tasks=ids([complete, bare, running]), change=Change("activate"), now=NOON
    )
    assert codes(told) == [[], ["process"], ["not_a_draft"]]
    assert told[0].light_after in {"green", "grey"}
    assert not Task.objects.filter(pk=complete.pk, state="active").exists()


def test_what_is_so_already_is_no_change() -> None:
    tasks, office = three_tasks()
    told = preview_changes(
        actor=office,
        tasks=ids(tasks),
        change=Change("block", block=tasks[0].block),
        now=NOON,
    )
    assert codes(told) == [["same"]] * 3


def test_only_a_part_may_be_allowed() -> None:
    tasks, _office = three_tasks()
    head = make_user(unit=tasks[0].unit)
    grant_role(head, "unit_head", tasks[0].unit)
    other = make_user(unit=tasks[0].unit)
    told = preview_changes(
        actor=head, tasks=ids(tasks), change=Change("owner", "Đi công tác", owner=other), now=NOON
    )
    assert codes(told) == [[], ["not_allowed"], ["not_allowed"]]


def test_not_more_than_some_at_once() -> None:
    tasks, office = three_tasks()
    many = range(tasks[0].pk, tasks[0].pk + TASKS_AT_MOST + 1)
    with pytest.raises(RefusedError) as refused:
        preview_changes(actor=office, tasks=many, change=Change("activate"), now=NOON)
    assert refused.value.problems[0].code == "too_many"


# --- the change -------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["block", "group"])
def test_all_are_changed_with_one_line_each(kind: str) -> None:
    tasks, office = three_tasks()
    campaign = tasks[0].campaign
    new = second_block(campaign) if kind == "block" else campaign.taskgroups.create(no=2, name="B")
    change = Change(kind, **{kind: new})
    told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
    apply_changes(actor=office, marks=marks(told), change=change, now=NOON)
    assert Task.objects.filter(**{kind: new}).count() == 3
    lines = AuditEvent.objects.filter(action="task.changed", actor_id=office.pk)
    assert sorted(lines.values_list("object_id", flat=True)) == sorted(map(str, ids(tasks)))


def test_owners_change_of_drafts_and_of_running_tasks() -> None:
    unit = make_unit(parent=(campaign := make_campaign()).unit)
    running, draft = make_task(campaign=campaign, unit=unit), make_draft(campaign=campaign)
    new, office = make_user(unit=unit), office_of(running)
    change = Change("owner", "Điều động", owner=new)
    told = preview_changes(actor=office, tasks=ids([running, draft]), change=change, now=NOON)
    apply_changes(actor=office, marks=marks(told), change=change, now=NOON)
    assert set(Task.objects.values_list("owner", flat=True)) == {new.pk}
    assert HandOver.objects.get().task == running


def test_a_unit_joins_and_leaves_beside_those_that_are_there() -> None:
    tasks, office = three_tasks()
    unit, there = make_unit(parent=tasks[0].campaign.unit), make_unit()
    tasks[0].task_units.create(unit=there, role="co_leads", part="Phần mềm")
    for kind, numbers in (("partner", [2, 1, 1]), ("partner_off", [1, 0, 0])):
        change = Change(kind, unit=unit)
        told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
        apply_changes(actor=office, marks=marks(told), change=change, now=NOON)
        assert [TaskUnit.objects.filter(task=task).count() for task in tasks] == numbers
    assert TaskUnit.objects.get().part == "Phần mềm"


def test_deadlines_move_by_a_leader_and_are_asked_for_by_a_worker() -> None:
    task = make_task()
    head, owner = head_of(task.campaign), owner_of(task)
    ask = Change("ask", "Thiếu số liệu", deadline=LATER)
    told = preview_changes(actor=owner, tasks=[task.pk], change=ask, now=NOON)
    apply_changes(actor=owner, marks=marks(told), change=ask, now=NOON)
    assert DeadlineRequest.objects.get().new == LATER
    move = Change("deadline", "Thiếu số liệu", deadline=LATER)
    assert codes(preview_changes(actor=owner, tasks=[task.pk], change=move, now=NOON)) == [
        ["not_allowed"]
    ]
    told = preview_changes(actor=head, tasks=[task.pk], change=move, now=NOON)
    apply_changes(actor=head, marks=marks(told), change=move, now=NOON)
    task.refresh_from_db()
    assert (task.deadline, task.original_deadline) == (
        LATER,
        end_of(date(2026, 5, 28), before=False),
    )


def test_drafts_are_cancelled_and_activated_but_running_tasks_are_not_cancelled_so() -> None:
    campaign = make_campaign()
    drafts = [make_draft(campaign=campaign) for _number in range(2)]
    running = make_task(campaign=campaign)
    office = office_of(running)
    cancel = Change("cancel", "Trùng việc")
    told = preview_changes(actor=office, tasks=ids([*drafts, running]), change=cancel, now=NOON)
    assert codes(told) == [[], [], ["not_a_draft"]]
    apply_changes(actor=office, marks=marks(told[:1]), change=cancel, now=NOON)
    activate = Change("activate")
    told = preview_changes(actor=office, tasks=[drafts[1].pk], change=activate, now=NOON)
    apply_changes(actor=office, marks=marks(told), change=activate, now=NOON)
    states = Task.objects.filter(pk__in=ids(drafts)).order_by("pk").values_list("state", flat=True)
    assert list(states) == ["cancelled", "active"]


def test_a_deadline_in_the_past_moves_nothing() -> None:
    task = make_task()
    change = Change("deadline", "Chờ", deadline=BEGIN)
    told = preview_changes(actor=head_of(task.campaign), tasks=[task.pk], change=change, now=NOON)
    assert codes(told) == [["deadline_past"]]


# --- what came in between ---------------------------------------------------------------


def test_a_task_changed_since_the_preview_stops_all() -> None:
    tasks, office = three_tasks()
    block = second_block(tasks[0].campaign)
    change = Change("block", block=block)
    told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
    moved = Change("deadline", "Chờ", deadline=LATER)
    head = head_of(tasks[0].campaign)
    seen = preview_changes(actor=head, tasks=[tasks[1].pk], change=moved, now=NOON)
    apply_changes(actor=head, marks=marks(seen), change=moved, now=NOON)
    with pytest.raises(BulkRefusedError) as refused:
        apply_changes(actor=office, marks=marks(told), change=change, now=NOON)
    assert codes(refused.value.outcomes) == [[], ["changed_meanwhile"], []]
    assert not Task.objects.filter(block=block).exists()
    assert not AuditEvent.objects.filter(action="task.changed").exists()


def test_a_report_in_between_is_no_change_of_what_was_agreed() -> None:
    tasks, office = three_tasks()
    block = second_block(tasks[0].campaign)
    change = Change("block", block=block)
    told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
    report_progress(actor=owner_of(tasks[0]), task=tasks[0], percent=10, now=NOON)
    apply_changes(actor=office, marks=marks(told), change=change, now=NOON)
    assert Task.objects.filter(block=block).count() == 3


def test_one_refusal_at_the_end_takes_all_back() -> None:
    tasks, _office = three_tasks()
    change = Change("ask", "Thiếu số liệu", deadline=LATER)
    owner = owner_of(tasks[0])
    Task.objects.update(owner=owner)
    told = preview_changes(actor=owner, tasks=ids(tasks), change=change, now=NOON)
    assert codes(told) == [[], [], []]
    tasks[2].refresh_from_db()
    request_deadline(actor=owner, task=tasks[2], deadline=LATER, reason="Trước", now=NOON)
    with pytest.raises(BulkRefusedError):
        apply_changes(actor=owner, marks=marks(told), change=change, now=NOON)
    assert DeadlineRequest.objects.get().task == tasks[2]


def test_a_task_that_is_gone_stops_all() -> None:
    tasks, office = three_tasks()
    change = Change("block", block=second_block(tasks[0].campaign))
    known = {task.pk: mark_of(task) for task in tasks} | {10**9: "1-a0-0"}
    with pytest.raises(BulkRefusedError):
        apply_changes(actor=office, marks=known, change=change, now=NOON)
    assert not Task.objects.filter(block=change.block).exists()


def test_a_closed_campaign_takes_no_change() -> None:
    tasks, office = three_tasks()
    Campaign.objects.update(closed_at=NOON, closed_by=office)
    change = Change("group", group=tasks[0].campaign.taskgroups.create(no=2, name="B"))
    told = preview_changes(actor=office, tasks=ids(tasks), change=change, now=NOON)
    assert codes(told) == [["closed"]] * 3
