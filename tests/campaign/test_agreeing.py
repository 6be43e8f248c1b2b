"""New tasks, changes of what was agreed, partners, products, cancelling."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from campaign.models import Campaign, LightTransition, Product, Submission, Task, TaskUnitGrant
from campaign.selectors import board_for
from campaign.services import (
    NewProduct,
    activate_task,
    add_product,
    cancel_task,
    create_task,
    edit_task,
    remove_product,
    set_partners,
    split_task,
)
from security.models import AuditEvent, Unit, User
from security.services import RefusedError
from tests.campaign.make import BEGIN, DEADLINE, NOON, make_campaign, make_task, office_of, submit
from tests.campaign.test_services import refused
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db


def office() -> tuple[Campaign, Unit, User]:
    campaign = make_campaign()
    unit = make_unit(parent=campaign.unit)
    manager = make_user(unit=campaign.unit)
    grant_role(manager, "office", campaign.unit)
    return campaign, unit, manager


def test_a_task_of_ones_own_begins_as_a_numbered_draft() -> None:
    campaign, unit, manager = office()
    owner = make_user(unit=unit)
    made = create_task(
        actor=manager, campaign=campaign, unit=unit, now=BEGIN,
        title="Rà soát thêm", owner=owner, responsibility="Trả lời", process="Rà, báo",
        start=campaign.start, deadline=DEADLINE,
        products=[NewProduct("Báo cáo rà soát", ("đủ số liệu", "  "))],
    )  # fmt: skip
    assert (made.code, made.state, made.unit_path) == ("BS1", "draft", unit.path)
    assert list(made.products.values_list("title", "criteria")) == [
        ("Báo cáo rà soát", ["đủ số liệu"])
    ]
    assert made.history.get().history_user == manager
    assert AuditEvent.objects.filter(action="task.created", object_id=str(made.pk)).count() == 1
    assert activate_task(actor=manager, task=made, now=BEGIN).light == "green"
    second = create_task(actor=manager, campaign=campaign, unit=unit, now=BEGIN, title="Nữa")
    assert second.code == "BS2"


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"title": " "}, "title"),
        ({"title": "x" * 201}, "title_long"),
        ({"title": "A", "deadline": BEGIN - timedelta(days=1)}, "deadline_past"),
    ],
)
def test_what_cannot_be_a_task_is_refused_whole(parts: dict[str, Any], code: str) -> None:
    campaign, unit, manager = office()
    assert code in refused(
        lambda: create_task(actor=manager, campaign=campaign, unit=unit, now=BEGIN, **parts)
    )


def test_two_hundred_characters_of_a_title_are_kept_to_the_last() -> None:
    campaign, unit, manager = office()
    title = "ễ" * 200
    made = create_task(actor=manager, campaign=campaign, unit=unit, now=BEGIN, title=title)
    assert Task.objects.get(pk=made.pk).title == title


def test_nobody_enters_a_task_for_a_unit_beyond_his_reach() -> None:
    campaign, unit, _manager = office()
    stranger = make_user(unit=unit)
    grant_role(stranger, "unit_staff", unit)
    assert refused(
        lambda: create_task(actor=stranger, campaign=campaign, unit=unit, now=BEGIN, title="A")
    ) == {"not_allowed"}


def test_a_part_of_another_campaign_fits_no_task() -> None:
    campaign, unit, manager = office()
    theirs = make_campaign(unit=campaign.unit)
    assert refused(
        lambda: create_task(
            actor=manager, campaign=campaign, unit=unit, now=BEGIN, title="A",
            group=theirs.taskgroups.get(),
        )
    ) == {"other_campaign"}  # fmt: skip


def test_the_second_of_two_editors_overwrites_nothing() -> None:
    task = make_task()
    manager = office_of(task)
    seen = task.version
    edit_task(actor=manager, task=task, version=seen, now=NOON, title="Của người thứ nhất")
    assert refused(
        lambda: edit_task(actor=manager, task=task, version=seen, now=NOON, title="Người thứ hai")
    ) == {"changed_meanwhile"}
    row = Task.objects.get(pk=task.pk)
    assert (row.title, row.version) == ("Của người thứ nhất", seen + 1)


def test_saving_what_stands_there_already_is_no_change() -> None:
    task = make_task()
    manager = office_of(task)
    versions = task.history.count()
    edit_task(actor=manager, task=task, version=task.version, now=NOON, title=task.title)
    assert Task.objects.get(pk=task.pk).version == task.version
    assert task.history.count() == versions
    assert not AuditEvent.objects.filter(action="task.changed").exists()


@pytest.mark.parametrize("name", ["owner", "unit", "deadline", "start"])
def test_a_running_task_moves_by_its_own_deeds_alone(name: str) -> None:
    task = make_task()
    manager = office_of(task)
    value = getattr(task, name)
    assert refused(
        lambda: edit_task(actor=manager, task=task, version=task.version, now=NOON, **{name: value})
    ) == {"not_allowed"}


def test_partners_see_the_task_and_see_it_no_longer() -> None:
    task = make_task()
    manager, partner = office_of(task), make_unit(parent=task.campaign.unit)
    person = make_user(unit=partner)
    grant_role(person, "unit_staff", partner)
    assert not Task.objects.visible_to(person).exists()
    set_partners(actor=manager, task=task, partners=[(partner, "phần kỹ thuật")], now=NOON)
    person._scopes = None
    assert Task.objects.visible_to(person).get() == task
    assert task.task_units.get().role == "co_leads"
    set_partners(actor=manager, task=task, partners=[], now=NOON)
    assert not TaskUnitGrant.objects.filter(content_object=task).in_force(NOON).exists()


def test_the_lead_is_no_partner_and_nobody_is_one_twice() -> None:
    task = make_task()
    manager, partner = office_of(task), make_unit(parent=task.campaign.unit)
    found = refused(
        lambda: set_partners(
            actor=manager, task=task, now=NOON,
            partners=[(task.unit, ""), (partner, ""), (partner, "phần")],
        )
    )  # fmt: skip
    assert found == {"lead_is_no_partner", "twice"}


def test_a_product_more_makes_a_task_wait_and_one_handed_in_stays() -> None:
    task = make_task()
    manager = office_of(task)
    made = add_product(actor=manager, task=task, product=NewProduct("Thêm"), now=NOON)
    assert made.position == 2
    submit(task, now=NOON)
    assert Submission.objects.count() == 1
    first = task.products.get(position=1)
    assert refused(lambda: remove_product(actor=manager, product=first, now=NOON)) == {"handed_in"}
    number = made.pk
    remove_product(actor=manager, product=made, now=NOON)
    assert Product.objects.filter(task=task).count() == 1
    assert Product.history.filter(id=number, history_type="-").get().history_user == manager


def test_the_last_product_of_a_running_task_stays() -> None:
    task = make_task()
    only = task.products.get()
    manager = office_of(task)
    assert refused(lambda: remove_product(actor=manager, product=only, now=NOON)) == {
        "last_product"
    }


def test_a_cancelled_task_leaves_todays_board_and_not_yesterdays() -> None:
    task = make_task()
    manager = office_of(task)
    before = NOON - timedelta(hours=1)
    cancel_task(actor=manager, task=task, reason="Gộp vào nhiệm vụ khác", now=NOON)
    row = Task.objects.get(pk=task.pk)
    assert (row.state, row.light) == ("cancelled", "")
    last = LightTransition.objects.filter(task=task).latest("number")
    assert (last.to_light, last.effective_at) == ("", NOON)
    after = NOON + timedelta(minutes=1)
    today, earlier = board_for(manager, now=after), board_for(manager, before, now=after)
    assert today is not None
    assert earlier is not None
    assert (today.total, earlier.total) == (0, 1)


def test_a_closed_campaign_takes_no_write() -> None:
    task = make_task()
    manager = office_of(task)
    Campaign.objects.update(closed_at=NOON, closed_by=manager)
    task.refresh_from_db()
    for act in (
        lambda: edit_task(actor=manager, task=task, version=1, now=NOON, title="B"),
        lambda: cancel_task(actor=manager, task=task, reason="x", now=NOON),
        lambda: set_partners(actor=manager, task=task, partners=[], now=NOON),
        lambda: add_product(actor=manager, task=task, product=NewProduct("B"), now=NOON),
    ):
        with pytest.raises(RefusedError) as raised:
            act()
        assert [problem.code for problem in raised.value.problems] == ["closed"]


def test_a_dissolved_unit_leads_no_new_task_and_no_part_split_off() -> None:
    campaign, unit, manager = office()
    gone = make_unit(parent=campaign.unit)
    Unit.objects.filter(pk=gone.pk).update(dissolved_on=BEGIN.date())
    gone.refresh_from_db()
    assert refused(
        lambda: create_task(actor=manager, campaign=campaign, unit=gone, now=BEGIN, title="A")
    ) == {"dissolved_lead"}
    whole = create_task(actor=manager, campaign=campaign, unit=unit, now=BEGIN, title="B")
    assert refused(
        lambda: split_task(actor=manager, task=whole, title="C", unit=gone, now=BEGIN)
    ) == {"dissolved_lead"}
    assert Task.objects.filter(campaign=campaign).count() == 1
