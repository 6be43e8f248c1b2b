"""What is told of a task's products: nothing that was written while the task was above the reader."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from campaign.models import Product, Task
from campaign.selectors.changes import changes_of
from security.history import sign
from security.models import User
from tests.campaign.make import make_draft, office_of
from tests.campaign.test_views import client_of, url

pytestmark = pytest.mark.django_db


def told(user: User, task: Task) -> str:
    return "\n".join(s for one in changes_of(user, task) for s in one.sentences)


def write(row: Any, *, at: datetime, **values: Any) -> None:
    """A version of a row, as its service would sign it."""
    for name, value in values.items():
        setattr(row, name, value)
    sign(row, actor=None, now=at).save()


def version_of(task: Task, *, at: datetime, level: int) -> None:
    """A version of the task alone: how a row is classified is no matter of this page."""
    version: Any = task.history.latest()
    version.pk, version.level, version.history_date = None, level, at
    version.history_type = "~"
    version.save()


def lowered_task() -> tuple[Task, User]:
    """A task that was secret for two hours; its product was renamed before, within and after."""
    task = make_draft()
    office, start = office_of(task), timezone.now()
    product = task.products.get()
    write(product, at=start + timedelta(minutes=30), title="Tên trước khi mật")
    version_of(task, at=start + timedelta(hours=1), level=2)
    write(
        product,
        at=start + timedelta(hours=2),
        title="CANARY-TITLE",
        criteria=["CANARY-CRITERIA"],
        note="CANARY-NOTE",
    )
    made = Product(task=task, position=2, title="CANARY-NEW")
    sign(made, actor=None, now=start + timedelta(hours=2)).save(force_insert=True)
    gone = Product(task=task, position=3, title="CANARY-GONE")
    sign(gone, actor=None, now=start + timedelta(hours=2)).save(force_insert=True)
    sign(gone, actor=None, now=start + timedelta(hours=2, minutes=30)).delete()
    version_of(task, at=start + timedelta(hours=3), level=1)
    write(product, at=start + timedelta(hours=4), title="Tên công khai", criteria=[], note="")
    write(made, at=start + timedelta(hours=4), title="Sản phẩm thêm")
    return task, office


def test_words_of_a_product_from_a_time_above_the_reader_are_not_told() -> None:
    task, office = lowered_task()
    sentences = told(office, task)
    assert "Tên trước khi mật" in sentences
    assert "Tên công khai" in sentences
    assert "CANARY" not in sentences
    page = client_of(office).get(url("task_detail", task)).content.decode()
    assert "Tên công khai" in page
    assert "CANARY" not in page


def test_a_product_begun_above_the_reader_is_not_called_entered_later() -> None:
    task, office = lowered_task()
    (line,) = [one for one in told(office, task).split("\n") if "Sản phẩm thêm" in one]
    assert "không hiện" in line


def test_whoever_may_read_that_level_is_told_everything() -> None:
    task, office = lowered_task()
    office.role_grants.update(max_level=2)
    User.objects.filter(pk=office.pk).update(clearance=2)
    cleared = User.objects.get(pk=office.pk)
    sentences = told(cleared, task)
    for word in ("TITLE", "CRITERIA", "NOTE", "NEW", "GONE"):
        assert f"CANARY-{word}" in sentences


def test_the_changes_cost_two_queries_however_many_products(
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    task = make_draft(products=12)
    office = office_of(task)
    told(office, task)  # his scopes are read once
    with django_assert_num_queries(2):
        told(office, task)
