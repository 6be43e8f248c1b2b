"""Links, splits, comments, files, requested deadlines, hand-overs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from campaign.models import Comment, DeadlineRevision, HandOver, Task, TaskLink
from campaign.rules import end_of
from campaign.services import (
    NewProduct,
    add_comment,
    add_product,
    approve_deadline,
    attach_file,
    hand_over,
    link_tasks,
    refuse_deadline,
    remove_attachment,
    request_deadline,
    split_task,
    unlink_tasks,
    withdraw_comment,
    withdraw_deadline,
)
from campaign.services.linking import waits_for
from security import files
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from tests.campaign.make import (
    DEADLINE,
    NOON,
    make_campaign,
    make_draft,
    make_task,
    office_of,
    owner_of,
    submit,
)
from tests.campaign.test_services import refused
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
LATER = DEADLINE + timedelta(days=5)
DEPENDS = TaskLink.Kind.DEPENDS_ON


def test_a_circle_of_waiting_is_refused_however_long() -> None:
    campaign = make_campaign()
    first, second, third = (make_draft(campaign=campaign) for _ in range(3))
    manager = office_of(first)
    link_tasks(actor=manager, task=first, other=second, kind=DEPENDS, now=NOON)
    link_tasks(actor=manager, task=second, other=third, kind=DEPENDS, now=NOON)
    assert refused(
        lambda: link_tasks(actor=manager, task=third, other=first, kind=DEPENDS, now=NOON)
    ) == {"loop"}
    assert refused(
        lambda: link_tasks(actor=manager, task=first, other=first, kind=DEPENDS, now=NOON)
    ) == {"itself"}
    # What is no waiting makes no circle.
    link_tasks(actor=manager, task=third, other=first, kind=TaskLink.Kind.TECHNICAL_PART, now=NOON)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(pairs=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=14))
def test_no_order_of_linking_ever_leaves_a_circle(pairs: list[tuple[int, int]]) -> None:
    TaskLink.objects.all().delete()
    campaign = make_campaign()
    tasks = [make_draft(campaign=campaign) for _ in range(5)]
    manager = office_of(tasks[0])
    for here, there in pairs:
        try:
            link_tasks(actor=manager, task=tasks[here], other=tasks[there], kind=DEPENDS, now=NOON)
        except RefusedError:
            continue
    for link in TaskLink.objects.all():
        assert link.task_id not in waits_for(link.other_id, campaign.pk)


def test_a_link_can_be_taken_back_and_an_origin_cannot() -> None:
    task = make_task()
    manager = office_of(task)
    add_product(actor=manager, task=task, product=NewProduct("Phần hai"), now=NOON)
    made = split_task(
        actor=manager, task=task, title="Phần kỹ thuật", unit=task.unit, now=NOON,
        products=[task.products.get(position=2)],
    )  # fmt: skip
    assert (made.state, made.products.get().title) == ("draft", "Phần hai")
    assert (made.group, made.block, made.deadline) == (task.group, task.block, task.deadline)
    origin = made.links.get()
    assert (origin.kind, origin.other) == ("split_from", task)
    assert refused(lambda: unlink_tasks(actor=manager, link=origin, now=NOON)) == {"origin"}
    link = link_tasks(actor=manager, task=made, other=task, kind=DEPENDS, now=NOON)
    unlink_tasks(actor=manager, link=link, now=NOON)
    assert list(made.links.all()) == [origin]


def test_a_split_leaves_a_running_task_its_last_product_and_what_was_handed_in() -> None:
    task = make_task()
    manager = office_of(task)
    only = task.products.get()
    split: dict[str, Any] = {
        "actor": manager,
        "task": task,
        "title": "B",
        "unit": task.unit,
        "now": NOON,
    }
    assert refused(lambda: split_task(products=[only], **split)) == {"last_product"}
    add_product(actor=manager, task=task, product=NewProduct("Hai"), now=NOON)
    submit(task, now=NOON)
    assert refused(lambda: split_task(products=[only], **split)) == {"handed_in"}
    assert not Task.objects.filter(title="B").exists()


def test_who_is_called_is_told_if_he_may_see_the_task() -> None:
    task = make_task()
    owner, stranger = owner_of(task), make_user()
    grant_role(stranger, "unit_staff", stranger.unit)
    made = add_comment(
        actor=office_of(task), task=task, now=NOON,
        text=f"@{owner.username} và @{stranger.username}: xem giúp. thu@{owner.username}",
    )  # fmt: skip
    assert list(made.mentions.all()) == [owner]
    assert refused(lambda: add_comment(actor=stranger, task=task, text="x", now=NOON)) == {
        "not_allowed"
    }
    assert "xem giúp" not in str(list(AuditEvent.objects.values_list("reason", flat=True)))


def test_words_are_withdrawn_by_their_author_within_a_day() -> None:
    task = make_task()
    author, other = owner_of(task), office_of(task)
    made = add_comment(actor=author, task=task, text="Nhầm", now=NOON)
    assert refused(lambda: withdraw_comment(actor=other, comment=made, now=NOON)) == {"not_allowed"}
    late = NOON + timedelta(days=2)
    assert refused(lambda: withdraw_comment(actor=author, comment=made, now=late)) == {"too_late"}
    withdraw_comment(actor=author, comment=made, now=NOON)
    assert Comment.objects.get().withdrawn_at == NOON


def test_a_file_is_kept_encrypted_where_the_task_is() -> None:
    task = make_task()
    owner = owner_of(task)
    made = attach_file(
        actor=owner, task=task, name="C:\\ho so\\báo cáo.pdf", chunks=[b"%PDF-1.7 thu"], now=NOON
    )
    stored = StoredFile.objects.get()
    assert (made.name, made.stored) == ("báo cáo.pdf", stored)
    assert (stored.unit_path, stored.level) == (task.unit_path, task.level)
    with files.open_blob(stored.blob) as opened:
        assert opened.read() == b"%PDF-1.7 thu"
    assert b"%PDF" not in files.blob_path(stored.blob).read_bytes()
    remove_attachment(actor=owner, attachment=made, now=NOON)
    assert list(task.attachments.kept()) == []
    assert StoredFile.objects.count() == 1


@pytest.mark.parametrize("name", ["x.exe", "x.html", "x.svg", "pdf", "x.js.", ""])
def test_what_a_browser_might_run_is_not_taken(name: str) -> None:
    task = make_task()
    owner = owner_of(task)
    assert refused(
        lambda: attach_file(actor=owner, task=task, name=name, chunks=[b"x"], now=NOON)
    ) == {"kind"}


def test_evidence_of_a_hand_in_stays() -> None:
    task = make_task()
    owner = owner_of(task)
    submission = submit(task, now=NOON)
    made = attach_file(
        actor=owner,
        task=task,
        name="x.pdf",
        chunks=[b"%PDF-1.7 x"],
        now=NOON,
        submission=submission,
    )
    assert refused(lambda: remove_attachment(actor=owner, attachment=made, now=NOON)) == {
        "evidence"
    }


def test_a_deadline_moves_when_another_person_agrees() -> None:
    task = make_task()
    owner, head = owner_of(task), make_user(unit=task.campaign.unit)
    grant_role(head, "head", task.campaign.unit)
    asked = request_deadline(actor=owner, task=task, deadline=LATER, reason="Chờ số liệu", now=NOON)
    assert Task.objects.get(pk=task.pk).deadline == DEADLINE
    assert refused(
        lambda: request_deadline(actor=owner, task=task, deadline=LATER, reason="Nữa", now=NOON)
    ) == {"already_asked"}
    assert refused(lambda: approve_deadline(actor=owner, asked=asked, now=NOON)) == {"not_allowed"}
    approve_deadline(actor=head, asked=asked, now=NOON)
    row = Task.objects.get(pk=task.pk)
    assert (row.deadline, row.original_deadline) == (LATER, DEADLINE)
    assert DeadlineRevision.objects.get().reason == "Chờ số liệu"
    assert refused(lambda: refuse_deadline(actor=head, asked=asked, reason="x", now=NOON)) == {
        "decided"
    }


def test_nobody_decides_his_own_request() -> None:
    task = make_task()
    head = make_user(unit=task.unit)
    grant_role(head, "head", task.campaign.unit)
    grant_role(head, "unit_staff", task.unit)
    asked = request_deadline(actor=head, task=task, deadline=LATER, reason="x", now=NOON)
    assert refused(lambda: approve_deadline(actor=head, asked=asked, now=NOON)) == {"own_request"}
    withdraw_deadline(actor=head, asked=asked, now=NOON)
    asked.refresh_from_db()
    assert asked.decision == "withdrawn"


def test_a_deadline_in_the_past_is_not_even_asked_for() -> None:
    task = make_task()
    owner = owner_of(task)
    past = end_of((NOON - timedelta(days=1)).date(), before=False)
    assert refused(
        lambda: request_deadline(actor=owner, task=task, deadline=past, reason="x", now=NOON)
    ) == {"deadline_past"}


def test_a_task_goes_to_another_owner_and_lead_and_its_story_says_so() -> None:
    task = make_task()
    first, manager = owner_of(task), office_of(task)
    unit = make_unit(parent=task.campaign.unit)
    second = make_user(unit=unit)
    hand_over(actor=manager, task=task, owner=second, unit=unit, reason="Đổi đầu mối", now=NOON)
    row = Task.objects.get(pk=task.pk)
    assert (row.owner, row.unit, row.unit_path) == (second, unit, unit.path)
    handed = HandOver.objects.get()
    assert (handed.from_owner, handed.to_owner) == (first, second)
    newest = task.history.latest("history_id")
    assert (newest.history_user, newest.history_change_reason) == (manager, "Đổi đầu mối")


def test_a_head_hands_over_within_his_unit_and_not_beyond() -> None:
    task = make_task()
    head, second = make_user(unit=task.unit), make_user(unit=task.unit)
    grant_role(head, "unit_head", task.unit)
    hand_over(actor=head, task=task, owner=second, reason="Nghỉ phép", now=NOON)
    assert Task.objects.get(pk=task.pk).owner == second
    elsewhere = make_unit(parent=task.campaign.unit)
    stranger = make_user(unit=elsewhere)
    assert refused(
        lambda: hand_over(
            actor=head, task=task, owner=stranger, unit=elsewhere, reason="x", now=NOON
        )
    ) == {"not_allowed"}


def test_whoever_left_or_a_dissolved_unit_gets_no_task() -> None:
    task = make_task()
    manager = office_of(task)
    gone = make_unit(parent=task.campaign.unit)
    gone.dissolved_on = NOON.date()
    gone.save()
    left = make_user(unit=gone, is_active=False)
    assert refused(
        lambda: hand_over(actor=manager, task=task, owner=left, unit=gone, reason="", now=NOON)
    ) == {"reason", "owner_left", "dissolved_lead"}
