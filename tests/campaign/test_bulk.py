"""One change for many tasks: what the preview tells, all or nothing, who may, what came between."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

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
    new: Any = (
        second_block(campaign) if kind == "block" else campaign.taskgroups.create(no=2, name="B")
    )
    wanted: dict[str, Any] = {kind: new}
    change = Change(kind, **wanted)
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


# --- the pages --------------------------------------------------------------------------


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


BULK, APPLY = "campaign:bulk", "campaign:bulk_apply"


def test_from_the_chosen_rows_to_the_change() -> None:
    tasks, office = three_tasks()
    block, client = second_block(tasks[0].campaign), client_of(office)
    chosen: dict[str, Any] = {"task": ids(tasks[:2]), "list": "light=red&sort=code"}
    page = client.get(reverse(BULK), chosen | {"change": "block"})
    assert page.context["picked"].ids == ids(tasks[:2])
    seen = client.post(reverse(BULK), chosen | {"change": "block", "block": block.pk})
    assert seen.status_code == 200
    assert not Task.objects.filter(block=block).exists()
    marked = [f"{one.task.pk}:{one.mark}" for one in seen.context["going"]]
    done = client.post(
        reverse(APPLY), chosen | {"task": marked, "change": "block", "block": block.pk}
    )
    assert done.headers["Location"] == f"{reverse('campaign:task_list')}?light=red&sort=code"
    assert set(Task.objects.filter(block=block)) == set(tasks[:2])
    assert AuditEvent.objects.filter(action="task.changed", actor_id=office.pk).count() == 2


def test_what_was_changed_in_between_is_told_and_nothing_is_written() -> None:
    tasks, office = three_tasks()
    block, client = second_block(tasks[0].campaign), client_of(office)
    marked = [f"{task.pk}:{mark_of(task)}" for task in tasks]
    Task.objects.filter(pk=tasks[1].pk).update(version=7)
    answer = client.post(
        reverse(APPLY), {"task": marked, "change": "block", "block": block.pk, "list": ""}
    )
    assert answer.status_code == 422
    assert [one.task for one in answer.context["staying"]] == [tasks[1]]
    assert "Changed by somebody else" in answer.content.decode()
    assert not Task.objects.filter(block=block).exists()


def test_the_whole_result_of_a_list_is_taken_as_it_is_filtered() -> None:
    tasks, office = three_tasks()
    page = client_of(office).get(
        reverse(BULK), {"all": "1", "list": f"q={tasks[1].code}", "change": "block"}
    )
    assert page.context["picked"].ids == [tasks[1].pk]


def test_foreign_tasks_are_left_out_and_noticed() -> None:
    tasks, office = three_tasks()
    foreign = make_task()
    given: dict[str, Any] = {"task": [tasks[0].pk, foreign.pk], "list": ""}
    page = client_of(office).get(reverse(BULK), given)
    assert page.context["picked"].ids == [tasks[0].pk]
    assert foreign.title not in page.content.decode() or foreign.title == tasks[0].title
    assert foreign.code not in page.content.decode()
    assert AuditEvent.objects.filter(action=BULK, decision="denied", actor_id=office.pk).exists()


@pytest.mark.parametrize(
    "given",
    [{}, {"task": "x"}, {"task": "-1"}, {"task": "9" * 30}, {"task": "\u0663"}, {"all": "2"}],
)
def test_without_tasks_the_list_comes_back(given: dict[str, str]) -> None:
    _tasks, office = three_tasks()
    answer = client_of(office).get(reverse(BULK), given)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("campaign:task_list"))


def test_what_is_missing_in_the_form_is_told_beside_it() -> None:
    tasks, office = three_tasks()
    sent = {"task": ids(tasks), "change": "cancel", "reason": " ", "list": ""}
    answer = client_of(office).post(reverse(BULK), sent)
    assert answer.status_code == 422
    assert answer.context["form"].errors.keys() == {"reason"}
    owner = {"task": ids(tasks), "change": "owner", "owner": "ai", "reason": "Vì thế", "list": ""}
    answer = client_of(office).post(reverse(BULK), owner)
    assert answer.status_code == 422
    assert "Vì thế" in answer.content.decode()


def test_everybody_is_offered_what_his_role_allows() -> None:
    tasks, office = three_tasks()
    offered = {}
    for name, user in (
        ("office", office),
        ("head", head_of(tasks[0].campaign)),
        ("staff", owner_of(tasks[0])),
    ):
        page = client_of(user).get(reverse(BULK), {"task": tasks[0].pk})
        offered[name] = [code for code, _words in page.context["kinds"]]
    assert offered["head"] == ["owner", "deadline"]
    assert offered["staff"] == ["ask"]
    assert set(offered["office"]) >= {"owner", "block", "group", "partner", "activate", "cancel"}


def test_a_day_is_the_end_of_that_day() -> None:
    task = make_task(now=timezone.now())
    head, day = head_of(task.campaign), timezone.localdate() + timedelta(days=9)
    form = {"task": task.pk, "change": "deadline", "day": day.isoformat(), "reason": "Chờ"}
    seen = client_of(head).post(reverse(BULK), form)
    (one,) = seen.context["going"]
    client_of(head).post(reverse(APPLY), form | {"task": f"{task.pk}:{one.mark}"})
    task.refresh_from_db()
    assert task.deadline == end_of(day, before=False)
