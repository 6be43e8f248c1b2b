"""Writes on tasks and products: result, trail, and nothing changed on refusal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, models, transaction

from campaign.models import (
    Acceptance,
    DeadlineRevision,
    Judgement,
    LightTransition,
    Product,
    ProgressReport,
    Submission,
    Task,
)
from campaign.rules import end_of
from campaign.services import (
    accept_product,
    activate_task,
    complete_draft,
    judge,
    report_progress,
    revise_deadline,
    submit_product,
)
from security.models import AuditEvent
from security.services import RefusedError
from tests.campaign.make import (
    BEGIN,
    DEADLINE,
    NOON,
    accept,
    make_campaign,
    make_draft,
    make_task,
    office_of,
    owner_of,
    submit,
)
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
FACTS: tuple[type[models.Model], ...] = (
    *(ProgressReport, Submission, Acceptance, DeadlineRevision, Judgement, LightTransition),
)


def refused(act: Callable[[], object]) -> set[str]:
    """Codes of a refusal that changed nothing and left no line of the trail."""
    before = (
        list(Task.objects.values().order_by("pk")),
        list(Product.objects.values().order_by("pk")),
        [model._default_manager.count() for model in FACTS],
        AuditEvent.objects.count(),
        Task.history.count(),
    )
    with pytest.raises(RefusedError) as raised:
        act()
    after = (
        list(Task.objects.values().order_by("pk")),
        list(Product.objects.values().order_by("pk")),
        [model._default_manager.count() for model in FACTS],
        AuditEvent.objects.count(),
        Task.history.count(),
    )
    assert before == after
    return {problem.code for problem in raised.value.problems}


def violates(name: str, act: Callable[[], object]) -> None:
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        act()


# --- activation -------------------------------------------------------------------------


def test_a_complete_draft_becomes_active_with_its_first_light() -> None:
    draft = make_draft()
    task = activate_task(actor=office_of(draft), task=draft, now=NOON)
    task.refresh_from_db()
    assert (task.state, task.light, task.original_deadline) == ("active", "green", DEADLINE)
    assert task.next_change_at is not None
    first = LightTransition.objects.get(task=task)
    assert (first.from_light, first.to_light, first.effective_at) == ("", "green", NOON)
    assert AuditEvent.objects.filter(action="task.activated", object_id=str(task.pk)).exists()


def test_the_refusal_lists_all_that_is_missing() -> None:
    draft = make_draft(products=0, responsibility="", process="", deadline=None)
    Task.objects.filter(pk=draft.pk).update(owner=None, start=None, lead_named=False)
    codes = refused(lambda: activate_task(actor=None, task=draft, now=NOON))
    assert codes == {
        *("lead", "owner", "responsibility", "process", "start", "deadline", "product"),
    }


def test_a_collective_cannot_lead() -> None:
    campaign = make_campaign()
    group = make_unit(parent=campaign.unit, collective=True)
    draft = make_draft(campaign=campaign, unit=group)
    assert refused(lambda: activate_task(actor=None, task=draft, now=NOON)) == {"collective_lead"}


def test_only_the_office_activates_and_only_drafts() -> None:
    draft = make_draft()
    owner = owner_of(draft)
    assert refused(lambda: activate_task(actor=owner, task=draft, now=NOON)) == {"not_allowed"}
    task = activate_task(actor=None, task=draft, now=NOON)
    assert refused(lambda: activate_task(actor=None, task=task, now=NOON)) == {"not_a_draft"}


def test_a_draft_is_completed_and_moved_to_its_lead() -> None:
    campaign = make_campaign()
    draft = make_draft(campaign=campaign, process="")
    lead = make_unit(parent=campaign.unit)
    office = office_of(draft)
    complete_draft(actor=office, task=draft, now=NOON, process="Làm theo hướng dẫn", unit=lead)
    draft.refresh_from_db()
    assert (draft.process, draft.unit, draft.unit_path) == ("Làm theo hướng dẫn", lead, lead.path)
    elsewhere = make_unit()
    act = lambda: complete_draft(actor=office, task=draft, now=NOON, unit=elsewhere)  # noqa: E731
    assert refused(act) == {"not_allowed"}
    # There, but only for public rows: the draft would leave his reach by its level.
    grant_role(office, "office", elsewhere, max_level=0)
    assert refused(act) == {"not_allowed"}
    draft.refresh_from_db()
    assert draft.unit == lead


# --- the database refuses what a service would never write --------------------------------


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"owner": None}, "task_active_is_complete"),
        ({"responsibility": ""}, "task_active_is_complete"),
        ({"process": ""}, "task_active_is_complete"),
        ({"start": None}, "task_active_is_complete"),
        ({"deadline": None}, "task_active_is_complete"),
        ({"lead_named": False}, "task_active_is_complete"),
        ({"state": "done"}, "task_done_has_time"),
        ({"light": "done"}, "task_light_fits_state"),
        ({"light": ""}, "task_light_fits_state"),
    ],
)
def test_no_incomplete_task_is_active(changes: dict[str, Any], constraint: str) -> None:
    task = make_task()
    violates(constraint, lambda: Task.objects.filter(pk=task.pk).update(**changes))


def test_the_database_wants_a_product_and_no_collective_lead() -> None:
    empty = make_draft(products=0)
    active = {"state": "active", "light": "grey"}
    violates("no product", lambda: Task.objects.filter(pk=empty.pk).update(**active))
    campaign = make_campaign()
    group = make_unit(parent=campaign.unit, collective=True)
    led = make_draft(campaign=campaign, unit=group)
    violates("collective", lambda: Task.objects.filter(pk=led.pk).update(**active))


def test_the_database_checks_facts() -> None:
    task = make_task()
    owner = owner_of(task)
    report: dict[str, Any] = {"task": task, "by": owner, "at": NOON}
    violates("report_percent", lambda: ProgressReport.objects.create(percent=101, **report))
    violates(
        "report_obstacle",
        lambda: ProgressReport.objects.create(percent=1, obstacle=True, **report),
    )
    submission = submit(task, now=NOON)
    grade: dict[str, Any] = {"submission": submission, "by": owner, "at": NOON}
    other = make_unit()
    violates(
        "acceptance_by_another_unit",
        lambda: Acceptance.objects.create(
            grade="A", unit=task.unit, submitting_unit=task.unit, **grade
        ),
    )
    violates(
        "acceptance_remedies",
        lambda: Acceptance.objects.create(
            grade="B", unit=other, submitting_unit=task.unit, **grade
        ),
    )


def test_an_acceptance_cannot_lie_about_the_submitters_unit() -> None:
    task = make_task()
    submission = submit(task, now=NOON)

    def lie() -> None:
        Acceptance.objects.create(
            submission=submission,
            grade="A",
            unit=task.unit,
            submitting_unit=make_unit(),
            by=owner_of(task),
            at=NOON,
        )

    violates("acceptance_submitting_unit_fk", lie)


# --- progress ---------------------------------------------------------------------------


def test_a_report_is_appended_and_the_light_follows() -> None:
    task = make_task()
    late = BEGIN + timedelta(days=5)
    report = report_progress(
        actor=owner_of(task), task=task, percent=50, note=" Xong một nửa ", now=late
    )
    assert (report.percent, report.note) == (50, "Xong một nửa")
    task.refresh_from_db()
    assert task.light == "green"
    lights = list(task.transitions.values_list("to_light", flat=True))
    assert lights == ["green", "yellow", "green"]  # behind from day 3 on, until the report
    assert AuditEvent.objects.filter(action="task.progress_reported").count() == 1


def test_reports_are_refused() -> None:
    task = make_task()
    owner, stranger = owner_of(task), make_user()
    grant_role(stranger, "unit_staff")

    def act(**fields: Any) -> Callable[[], object]:
        given: dict[str, Any] = {"actor": owner, "percent": 10, **fields}
        return lambda: report_progress(task=task, now=NOON, **given)

    assert refused(act(actor=stranger)) == {"not_allowed"}
    assert refused(act(actor=make_user(unit=task.unit))) == {"not_allowed"}  # no role
    assert refused(act(percent=101, obstacle=True)) == {"percent", "note"}
    Task.objects.filter(pk=task.pk).update(state="cancelled", light="")
    assert refused(act()) == {"not_active"}


def test_an_owner_of_another_unit_works_on_his_task() -> None:
    campaign = make_campaign()
    owner = make_user(unit=make_unit(parent=campaign.unit))
    grant_role(owner, "unit_staff")
    task = make_task(campaign=campaign, owner=owner)
    assert report_progress(actor=owner, task=task, percent=10, now=NOON).by == owner


# --- products ---------------------------------------------------------------------------


def test_a_task_is_done_when_all_its_products_are_accepted() -> None:
    task = make_task(products=2)
    office = office_of(task)
    for position in (1, 2):
        accept(submit(task, now=NOON, position=position), actor=office, now=NOON)
        task.refresh_from_db()
        assert task.state == ("active" if position == 1 else "done")
    assert (task.light, task.done_at, task.late_days) == ("done", NOON, 0)
    assert task.next_change_at is None
    assert list(task.transitions.values_list("to_light", flat=True)) == ["green", "done"]


def test_done_late_keeps_the_days() -> None:
    task = make_task()
    after = DEADLINE + timedelta(days=1, hours=9)
    submission = submit(task, now=after)
    task.refresh_from_db()
    assert task.light == "red"  # handed in late and not accepted yet
    accept(submission, actor=office_of(task), now=after + timedelta(days=5))
    task.refresh_from_db()
    assert (task.light, task.late_days) == ("done", 2)


def test_b_and_c_need_a_date_and_a_person_and_another_round() -> None:
    task = make_task()
    office, owner = office_of(task), owner_of(task)
    first = submit(task, now=NOON)
    fields: dict[str, Any] = {"actor": office, "submission": first, "now": NOON}
    assert refused(lambda: accept_product(grade="B", **fields)) == {
        *("remediate_on", "remediate_by"),
    }
    past = date(2026, 5, 1)
    act = lambda: accept_product(  # noqa: E731
        grade="C", remediate_on=past, remediate_by=owner, **fields
    )
    assert refused(act) == {"remediate_on"}
    assert refused(lambda: accept_product(grade="D", **fields)) == {"grade"}
    accepted = accept_product(
        grade="B", remediate_on=date(2026, 5, 20), remediate_by=owner, **fields
    )
    assert accepted.remediate_until == end_of(date(2026, 5, 20), before=False)
    task.refresh_from_db()
    assert (task.state, task.light) == ("active", "yellow")
    second = submit(task, now=NOON)
    assert second.round == 2
    accept(second, actor=office, now=NOON)
    task.refresh_from_db()
    assert task.state == "done"


def test_a_product_is_handed_in_once_at_a_time() -> None:
    task = make_task()
    product = task.products.get()
    owner = owner_of(task)

    def act(statement: str = "Đây") -> Callable[[], object]:
        return lambda: submit_product(actor=owner, product=product, statement=statement, now=NOON)

    assert refused(act("  ")) == {"statement"}
    submission = submit(task, now=NOON)
    assert refused(act()) == {"waiting"}
    accept(submission, actor=office_of(task), now=NOON)
    assert refused(act()) == {"not_active"}  # the only product: the task is done


def test_a_unit_never_accepts_its_own_product() -> None:
    task = make_task()
    submission = submit(task, now=NOON)
    chief = make_user(unit=task.unit)
    grant_role(chief, "unit_head")
    assert refused(lambda: accept(submission, actor=chief, now=NOON)) == {"own_unit"}


def test_nor_does_the_office_accept_what_it_handed_in_for_a_unit() -> None:
    task = make_task()
    office = office_of(task)
    product = task.products.get()
    submission = submit_product(actor=office, product=product, statement="Nộp hộ", now=NOON)
    assert refused(lambda: accept(submission, actor=office, now=NOON)) == {"own_unit"}


def test_who_may_accept() -> None:
    task = make_task()
    submission = submit(task, now=NOON)
    stranger = make_user()
    grant_role(stranger, "unit_head")
    assert refused(lambda: accept(submission, actor=stranger, now=NOON)) == {"not_allowed"}
    task.products.get().signing_units.add(stranger.unit)
    accept(submission, actor=stranger, now=NOON)
    office = office_of(task)
    assert refused(lambda: accept(submission, actor=office, now=NOON)) == {"not_active"}


def test_a_block_deputy_accepts_through_his_grant() -> None:
    campaign = make_campaign()
    deputy = make_user(unit=make_unit(parent=campaign.unit))
    grant_role(deputy, "deputy")
    campaign.blocks.update(deputy=deputy)
    task = make_task(campaign=campaign)
    assert Task.objects.visible_to(deputy).filter(pk=task.pk).exists()
    accept(submit(task, now=NOON), actor=deputy, now=NOON)
    other = make_task(campaign=make_campaign())
    foreign = submit(other, now=NOON)
    assert refused(lambda: accept(foreign, actor=deputy, now=NOON)) == {"not_allowed"}


# --- leaders ----------------------------------------------------------------------------


def make_head(task: Task) -> Any:
    head = make_user(unit=task.campaign.unit)
    grant_role(head, "head", task.campaign.unit)
    return head


def test_a_moved_deadline_keeps_the_original() -> None:
    task = make_task()
    head = make_head(task)
    new = DEADLINE + timedelta(days=7)
    revise_deadline(actor=head, task=task, deadline=new, reason="Chờ số liệu", now=DEADLINE)
    task.refresh_from_db()
    assert (task.deadline, task.original_deadline) == (new, DEADLINE)
    assert task.light == "yellow"  # was red for an instant; now merely behind
    revision = task.revisions.get()
    assert (revision.old, revision.new, revision.approved_by) == (DEADLINE, new, head)
    assert Task.history.filter(id=task.pk).count() == 3  # created, activated, moved


def test_moving_a_deadline_is_refused() -> None:
    task = make_task()
    head = make_head(task)

    def act(**fields: Any) -> Callable[[], object]:
        given: dict[str, Any] = {"actor": head, "deadline": DEADLINE, "reason": "vì", "now": NOON}
        return lambda: revise_deadline(task=task, **{**given, **fields})

    assert refused(act(actor=owner_of(task))) == {"not_allowed"}
    assert refused(act(reason=" ")) == {"reason"}
    assert refused(act()) == {"same_deadline"}
    assert refused(act(deadline=BEGIN)) == {"deadline_past"}
    early = BEGIN - timedelta(days=1)
    assert refused(act(deadline=BEGIN, now=early)) == {"before_start"}


def test_a_judgement_stands_beside_the_computed_light() -> None:
    task = make_task()
    head = make_head(task)
    judge(
        actor=head,
        task=task,
        light="red",
        reason="Chất lượng kém",
        expires_on=date(2026, 5, 20),
        now=NOON,
    )
    task.refresh_from_db()
    assert task.light == "green"
    assert task.judgements.in_force(NOON).get().light == "red"
    assert not task.judgements.in_force(end_of(date(2026, 5, 20), before=False)).exists()


def test_judging_is_refused() -> None:
    task = make_task()
    head = make_head(task)

    def act(**fields: Any) -> Callable[[], object]:
        given: dict[str, Any] = {
            "actor": head,
            "light": "red",
            "reason": "vì",
            "expires_on": date(2026, 5, 20),
            **fields,
        }
        return lambda: judge(task=task, now=NOON, **given)

    assert refused(act(actor=office_of(task))) == {"not_allowed"}
    assert refused(act(light="done", reason="", expires_on=date(2026, 5, 16))) == {
        *("light", "reason", "expiry"),
    }
    assert refused(act(expires_on=date(2026, 12, 1))) == {"expiry_far"}
