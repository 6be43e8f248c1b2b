"""Two people edit one task: the second sees both versions, chooses, and loses nothing."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from campaign.models import Task
from campaign.rules import last_day
from campaign.services import activate_task, edit_task
from security.models import User
from tests.campaign.make import make_draft, office_of
from tests.campaign.test_views import client_of, running, url

pytestmark = pytest.mark.django_db


def opened(client: Client, task: Task) -> dict[str, str]:
    """What the edit form holds when it is opened."""
    page = client.get(url("task_edit", task)).content.decode()
    found: dict[str, str] = {}
    for name in ("version", "seen"):
        hidden = re.search(rf'name="{name}" value="(\d+)"', page)
        assert hidden is not None
        found[name] = hidden[1]
    return found


def save(user: User, task: Task, **parts: Any) -> None:
    row = Task.objects.get(pk=task.pk)
    edit_task(actor=user, task=row, version=row.version, now=timezone.now(), **parts)


def both() -> tuple[Task, User, Client, dict[str, str]]:
    """A running task; somebody else saves; the form was opened before that."""
    task = running()
    first, second = office_of(task), client_of(office_of(task))
    form = opened(second, task)
    save(first, task, process="Quy trình của người trước", risk="Rủi ro của người trước")
    return task, first, second, form


MINE = {
    "title": "Lập danh mục",
    "process": "Quy trình của người sau",
    "responsibility": "Trách nhiệm của người sau",
    "risk": "",
}


def test_the_second_sees_both_versions_and_nothing_is_written() -> None:
    task, first, second, form = both()
    answer = second.post(url("task_edit", task), {**form, **MINE})
    assert answer.status_code == 422
    page = answer.content.decode()
    for words in (
        "Quy trình của người trước", "Quy trình của người sau",
        "Trách nhiệm của người sau", "Rủi ro của người trước",
    ):  # fmt: skip
        assert words in page
    assert str(first) in page
    # Who alone changed a field is not asked twice: his own stands, and what he left is theirs.
    assert re.search(r'name="keep-responsibility" value="mine"[^>]*checked', page)
    assert re.search(r'name="keep-risk" value="theirs"[^>]*checked', page)
    assert not re.search(r'name="keep-process"[^>]*checked', page)
    row = Task.objects.get(pk=task.pk)
    assert (row.process, row.version) == ("Quy trình của người trước", 2)


def test_each_field_goes_as_chosen() -> None:
    task, _first, second, form = both()
    chosen = {
        "beside": "2",
        "keep-process": "mine",
        "keep-responsibility": "mine",
        "keep-risk": "theirs",
    }
    sent = {**form, **MINE, **chosen, "process": "Gộp cả hai"}
    assert second.post(url("task_edit", task), sent).status_code == 302
    row = Task.objects.get(pk=task.pk)
    assert (row.process, row.responsibility, row.risk, row.version) == (
        "Gộp cả hai", "Trách nhiệm của người sau", "Rủi ro của người trước", 3,
    )  # fmt: skip


def test_what_both_changed_must_be_chosen() -> None:
    task, _first, second, form = both()
    sent = {**form, **MINE, "beside": "2", "keep-responsibility": "mine", "keep-risk": "theirs"}
    assert second.post(url("task_edit", task), sent).status_code == 422
    assert Task.objects.get(pk=task.pk).version == 2


def test_a_third_save_while_choosing_is_shown_too() -> None:
    task, first, second, form = both()
    save(first, task, process="Lần ba của người trước")
    sent = {**form, **MINE, "beside": "2", "keep-process": "mine"}
    answer = second.post(url("task_edit", task), sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Lần ba của người trước" in page
    assert "Quy trình của người sau" in page
    assert 'name="beside" value="3"' in page
    assert Task.objects.get(pk=task.pk).process == "Lần ba của người trước"


def test_the_same_words_of_both_are_no_conflict() -> None:
    task, _first, second, form = both()
    same = {"process": "Quy trình của người trước", "risk": "Rủi ro của người trước"}
    place = {
        name: str(getattr(task, f"{name}_id")) for name in ("group", "phase", "matrix_row", "block")
    }
    sent = {**form, **MINE, **same, **place, "responsibility": task.responsibility}
    assert second.post(url("task_edit", task), sent).status_code == 302
    assert Task.objects.get(pk=task.pk).version == 2


def test_people_units_and_days_of_a_draft_are_compared_in_words() -> None:
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit, deadline=task.deadline)
    first, second = office_of(task), client_of(office_of(task))
    form = opened(second, draft)
    assert task.owner is not None
    assert draft.owner is not None
    save(first, draft, owner=task.owner)
    sent = {
        **form,
        "title": draft.title,
        "kind": draft.kind,
        "unit": task.unit.code,
        "owner": draft.owner.username,
        "start": "",
        "process": draft.process,
        "responsibility": draft.responsibility,
    }
    answer = second.post(url("task_edit", draft), sent)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert str(task.owner) in page
    assert f"{draft.start:%d/%m/%Y}" in page
    done = {**sent, "beside": "2", "keep-owner": "theirs", "keep-start": "theirs"}
    for name in ("deadline", "group", "phase", "matrix_row", "block"):
        done[f"keep-{name}"] = "theirs"
    assert second.post(url("task_edit", draft), done).status_code == 302
    row = Task.objects.get(pk=draft.pk)
    assert (row.owner, row.start) == (task.owner, draft.start)


def on_the_way_to_the_board() -> tuple[Task, User, Client, dict[str, str]]:
    """A complete draft that another saves while somebody writes on it; what the writer sends."""
    task = running()
    draft = make_draft(campaign=task.campaign, unit=task.unit, deadline=task.deadline)
    first, second = office_of(task), client_of(office_of(task))
    form = opened(second, draft)
    assert draft.owner is not None
    assert draft.deadline is not None
    save(first, draft, process="Quy trình của người trước")
    parts = ("group", "phase", "matrix_row", "block")
    sent = {
        **form,
        **{name: str(getattr(draft, f"{name}_id")) for name in parts},
        "title": draft.title,
        "kind": draft.kind,
        "unit": draft.unit.code,
        "owner": draft.owner.username,
        "start": f"{draft.start:%Y-%m-%d}",
        "deadline": f"{last_day(draft.deadline):%Y-%m-%d}",
        "process": "Quy trình của người sau",
        "responsibility": draft.responsibility,
    }
    return draft, first, second, sent


def test_whoever_wanted_the_board_and_met_a_clash_still_gets_there() -> None:
    draft, _first, second, sent = on_the_way_to_the_board()
    answer = second.post(url("task_edit", draft), {**sent, "then": "activate"})
    assert answer.status_code == 422
    page = answer.content.decode()
    button = re.search(r'<button[^>]* name="then" value="(\w+)"[^>]*>([^<]+)</button>', page)
    assert button is not None
    assert (button[1], button[2]) == ("activate", "Lưu theo lựa chọn và đưa lên bảng")
    assert Task.objects.get(pk=draft.pk).state == "draft"
    chosen = {**sent, "beside": "2", "keep-process": "mine", "then": button[1]}
    answer = second.post(url("task_edit", draft), chosen, follow=True)
    row = Task.objects.get(pk=draft.pk)
    assert (row.state, row.process) == ("active", "Quy trình của người sau")
    assert "Nhiệm vụ đã lên bảng điều hành." in answer.content.decode()


@pytest.mark.parametrize("then", ["", "save", '"><b>x</b>'])
def test_a_clash_promises_no_board_to_whoever_asked_for_none(then: str) -> None:
    draft, _first, second, sent = on_the_way_to_the_board()
    answer = second.post(url("task_edit", draft), {**sent, "then": then})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert 'name="then"' not in page
    assert "<b>x</b>" not in page
    chosen = {**sent, "beside": "2", "keep-process": "mine", "then": then}
    assert second.post(url("task_edit", draft), chosen).status_code == 302
    assert Task.objects.get(pk=draft.pk).state == "draft"


def test_what_another_put_on_the_board_meanwhile_is_not_put_there_twice() -> None:
    draft, first, second, sent = on_the_way_to_the_board()
    activate_task(actor=first, task=draft, now=timezone.now())
    page = second.post(url("task_edit", draft), {**sent, "then": "activate"}).content.decode()
    assert "Quy trình của người trước" in page
    assert 'name="then"' not in page
