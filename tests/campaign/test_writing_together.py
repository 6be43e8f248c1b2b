"""Two people at one task through any door: the second is told, and nothing of either is lost."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaign.models import Product, Submission, Task, TaskUnit
from campaign.services import (
    NewProduct,
    add_product,
    complete_draft,
    edit_product,
    set_partners,
    submit_product,
)
from security.models import Unit, User
from tests.campaign.make import NOON, make_draft, make_task, office_of, owner_of
from tests.campaign.test_products_pages import answers, asked, pdf
from tests.campaign.test_products_pages import url as product_url
from tests.campaign.test_services import refused
from tests.campaign.test_views import client_of, running, url
from tests.security.make import make_unit

pytestmark = pytest.mark.django_db


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None
    return found[1]


def opened(client: Client, address: str) -> str:
    return client.get(address).content.decode()


def partners(task: Task) -> set[str]:
    return set(TaskUnit.objects.filter(task=task).values_list("unit__code", flat=True))


def bring_in(task: Task, *units: Unit) -> User:
    """Somebody else saves these as the units that work along."""
    first = office_of(task)
    set_partners(actor=first, task=task, partners=[(u, "") for u in units], now=timezone.now())
    return first


def rows(*units: Unit) -> dict[str, str]:
    return {f"p{number}-unit": unit.code for number, unit in enumerate(units)}


# --- units that work along --------------------------------------------------------------


def test_the_partners_of_the_first_are_not_wiped_out_by_the_list_of_the_second() -> None:
    task = running()
    old, mine, theirs = (make_unit(parent=task.campaign.unit) for _ in range(3))
    bring_in(task, old)
    second = client_of(office_of(task))
    version = hidden(opened(second, url("partners", task)), "version")
    first = bring_in(task, old, theirs)
    answer = second.post(url("partners", task), {"version": version, **rows(old, mine)})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert partners(task) == {old.code, theirs.code}
    for words in (str(first), theirs.name, mine.code):
        assert words in page
    anew = {"version": hidden(page, "version"), **rows(old, mine, theirs)}
    assert second.post(url("partners", task), anew).status_code == 302
    assert partners(task) == {old.code, mine.code, theirs.code}


def test_every_row_sent_is_read_however_few_partners_are_left() -> None:
    task = running()
    units = [make_unit(parent=task.campaign.unit) for _ in range(6)]
    bring_in(task, *units[:3])
    second = client_of(office_of(task))
    bring_in(task)
    version = str(Task.objects.get(pk=task.pk).version)
    assert (
        second.post(url("partners", task), {"version": version, **rows(*units)}).status_code == 302
    )
    assert partners(task) == {unit.code for unit in units}


def test_a_list_without_its_version_is_not_taken() -> None:
    task = running()
    bring_in(task, make_unit(parent=task.campaign.unit))
    assert client_of(office_of(task)).post(url("partners", task), {}).status_code == 422
    assert len(partners(task)) == 1


# --- completing a draft -----------------------------------------------------------------


def completed() -> tuple[Task, Client, dict[str, str]]:
    """A draft whose page was open when somebody else wrote its process and its risk."""
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit, process="", responsibility="")
    second = client_of(office_of(task))
    page = opened(second, url("task_detail", draft))
    form = {name: hidden(page, name) for name in ("version", "seen")}
    complete_draft(
        actor=office_of(task), task=draft, process="Quy trình của người trước", now=timezone.now()
    )
    assert draft.owner is not None
    return draft, second, {**form, "owner": draft.owner.username}


def test_completing_a_draft_asks_where_both_wrote_and_writes_nothing() -> None:
    draft, second, form = completed()
    mine = {**form, "process": "Quy trình của người sau", "responsibility": "Của người sau"}
    answer = second.post(url("complete", draft), mine)
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in ("Quy trình của người trước", "Quy trình của người sau", "Của người sau"):
        assert words in page
    assert f'action="{url("complete", draft)}"' in page
    row = Task.objects.get(pk=draft.pk)
    assert (row.process, row.responsibility, row.version) == ("Quy trình của người trước", "", 2)
    chosen = {"beside": "2", "keep-process": "theirs", "keep-responsibility": "mine"}
    assert second.post(url("complete", draft), {**mine, **chosen}).status_code == 302
    row.refresh_from_db()
    assert (row.process, row.responsibility) == ("Quy trình của người trước", "Của người sau")


def test_a_field_left_empty_does_not_empty_what_the_first_wrote() -> None:
    draft, second, form = completed()
    answer = second.post(url("complete", draft), {**form, "process": "", "responsibility": "Mới"})
    assert answer.status_code == 422
    assert re.search(r'name="keep-process" value="theirs"[^>]*checked', answer.content.decode())
    assert Task.objects.get(pk=draft.pk).process == "Quy trình của người trước"


def test_a_draft_that_changed_before_the_lock_is_not_completed() -> None:
    draft = make_draft()
    office = office_of(draft)
    complete_draft(actor=office, task=draft, version=1, process="Một", now=NOON)
    assert refused(
        lambda: complete_draft(actor=office, task=draft, version=1, process="Hai", now=NOON)
    ) == {"changed_meanwhile"}
    assert Task.objects.get(pk=draft.pk).process == "Một"


# --- products ---------------------------------------------------------------------------


def test_the_second_editor_of_a_product_sees_both_and_overwrites_nothing() -> None:
    task, product = asked()
    second = client_of(office_of(task))
    address = product_url("product_edit", task, product.pk)
    version = hidden(opened(second, address), "version")
    first = office_of(task)
    wanted = NewProduct("Tên của người trước", ("Tiêu chí của người trước",))
    edit_product(actor=first, product=product, wanted=wanted, now=timezone.now())
    mine = {"title": "Tên của người sau", "criteria": "Tiêu chí của người sau"}
    answer = second.post(address, {"version": version, **mine})
    page = answer.content.decode()
    assert answer.status_code == 422
    for words in (*mine.values(), wanted.title, wanted.criteria[0], str(first)):
        assert words in page
    product.refresh_from_db()
    assert product.title == "Tên của người trước"
    assert second.post(address, {"version": hidden(page, "version"), **mine}).status_code == 302
    product.refresh_from_db()
    assert product.title == "Tên của người sau"


def test_products_count_as_a_change_of_their_task() -> None:
    task = make_task()
    office = office_of(task)
    made = add_product(actor=office, task=task, product=NewProduct("Hai"), now=NOON)
    edit_product(actor=office, product=made, wanted=NewProduct("Ba"), now=NOON)
    task.refresh_from_db()
    assert task.version == 3


# --- handing in -------------------------------------------------------------------------


def sent_as(product: Product, **more: Any) -> dict[str, Any]:
    """A hand-in as its form was opened."""
    return answers(**{f"of_{i}": text for i, text in enumerate(product.criteria)}, **more)


def test_answers_are_never_filed_under_other_criteria() -> None:
    task, product = asked()
    sent = sent_as(product, files_0=[pdf()])
    first, second = product.criteria
    Product.objects.filter(pk=product.pk).update(criteria=[second, "Tiêu chí khác hẳn"])
    client = client_of(owner_of(task))
    answer = client.post(product_url("submit", task, product.pk), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert not Submission.objects.exists()
    # Each answer stands below its own criterion; the one without a place is told beside its own.
    assert re.search(r'name="answer_0"[^>]*>\s*Biểu mẫu BM-01 đến BM-09', page)
    assert re.search(r'name="answer_1"[^>]*>\s*</textarea>', page)
    assert first in page
    assert "07 quy trình ở phụ lục 1" in page


def test_the_criteria_are_compared_under_the_lock() -> None:
    task, product = asked()
    stale, owner = list(product.criteria), owner_of(task)
    Product.objects.filter(pk=product.pk).update(criteria=stale[::-1])
    assert refused(
        lambda: submit_product(
            actor=owner, product=product, statement="Đủ", asked=stale,
            answers=["Một", "Hai"], now=timezone.now(),
        )
    ) == {"criteria"}  # fmt: skip
    assert not Submission.objects.exists()
