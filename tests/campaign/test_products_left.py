"""A running task keeps a product, and what it owes, whoever takes one away and however late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from campaign.models import Product, Submission, Task
from campaign.services import (
    NewProduct,
    add_product,
    edit_product,
    remove_product,
    split_task,
    submit_product,
)
from security.models import User
from tests.campaign.make import DEADLINE, NOON, make_draft, make_task, office_of, owner_of, submit
from tests.campaign.test_services import refused

pytestmark = pytest.mark.django_db
LATE = DEADLINE + timedelta(days=1)


def at_commit() -> None:
    """Let the deferred constraints speak."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


def count(task: Task) -> int:
    return Product.objects.filter(task=task).count()


def with_two() -> tuple[Task, User, Product]:
    """A running task with two products; its office; the second product."""
    task = make_task(products=2)
    return task, office_of(task), task.products.get(position=2)


# --- the database -----------------------------------------------------------------------


DELETED = "DELETE FROM campaign_product WHERE task_id = %(task)s"
MOVED = "UPDATE campaign_product SET task_id = %(draft)s, position = 9 WHERE task_id = %(task)s"


def committed(sql: str, **rows: int) -> None:
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(sql, rows)
        at_commit()


@pytest.mark.parametrize("sql", [DELETED, MOVED], ids=["deleted", "moved"])
def test_a_running_task_cannot_lose_its_last_product_by_sql(sql: str) -> None:
    task, draft = make_task(), make_draft()
    with pytest.raises(IntegrityError, match="no product"):
        committed(sql, task=task.pk, draft=draft.pk)
    assert count(task) == 1


def test_one_of_two_products_and_those_of_a_draft_may_go() -> None:
    task, _office, second = with_two()
    draft = make_draft()
    Product.objects.filter(pk=second.pk).delete()
    Product.objects.filter(task=draft).delete()
    at_commit()
    assert (count(task), count(draft)) == (1, 0)


# --- services that read the product too early -------------------------------------------


def test_a_split_sent_twice_takes_the_product_once() -> None:
    task, office, second = with_two()
    stale = Product.objects.select_related("task").get(pk=second.pk)
    asked: dict[str, Any] = {"actor": office, "task": task, "unit": task.unit, "now": NOON}
    made = split_task(title="Một", products=[second], **asked)
    assert refused(lambda: split_task(title="Hai", products=[stale], **asked)) == {"products"}
    assert made.products.get() == second
    assert not Task.objects.filter(title="Hai").exists()


def test_nothing_is_done_to_a_product_that_went_to_a_draft_meanwhile() -> None:
    task, office, second = with_two()
    owner = owner_of(task)
    stale = Product.objects.select_related("task").get(pk=second.pk)
    split_task(actor=office, task=task, title="Phần", unit=task.unit, products=[second], now=NOON)
    for act in (
        lambda: submit_product(actor=owner, product=stale, statement="Đủ", now=NOON),
        lambda: remove_product(actor=office, product=stale, now=NOON),
        lambda: edit_product(actor=office, product=stale, wanted=NewProduct("B"), now=NOON),
    ):
        assert refused(act) == {"products"}
    assert not Submission.objects.exists()


# --- overdue, and later than the task ---------------------------------------------------


def test_an_overdue_product_neither_goes_away_nor_moves_out() -> None:
    task, office, second = with_two()
    Product.objects.filter(pk=second.pk).update(deadline=NOON)
    later = NOON + timedelta(minutes=1)
    for act in (
        lambda: remove_product(actor=office, product=second, now=later),
        lambda: split_task(
            actor=office, task=task, title="B", unit=task.unit, products=[second],
            deadline=LATE, now=later,
        ),
    ):  # fmt: skip
        assert refused(act) == {"overdue"}
    remove_product(actor=office, product=second, now=NOON - timedelta(minutes=1))
    assert count(task) == 1


def test_the_task_s_own_deadline_holds_its_products_too() -> None:
    _task, office, second = with_two()
    assert refused(lambda: remove_product(actor=office, product=second, now=LATE)) == {"overdue"}


def test_what_is_overdue_in_a_draft_may_go() -> None:
    draft = make_draft(products=2)
    office = office_of(draft)
    remove_product(actor=office, product=draft.products.get(position=2), now=LATE)
    assert count(draft) == 1


def test_one_more_product_of_a_running_task_is_due_no_later_than_the_task() -> None:
    task, office, _second = with_two()
    late, fits = NewProduct("Sau", deadline=LATE), NewProduct("Vừa", deadline=DEADLINE)
    assert refused(lambda: add_product(actor=office, task=task, product=late, now=NOON)) == {
        "after_task"
    }
    add_product(actor=office, task=task, product=fits, now=NOON)
    submit(task, now=NOON)
    draft = make_draft(campaign=task.campaign)
    add_product(actor=office, task=draft, product=late, now=NOON)
    assert count(draft) == 2
