"""The gate, the six-clear matrix and its SQL speak of one thing: every gap is one of the same six."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.utils import timezone

from campaign.models import Product, Task
from campaign.rules import Policy
from campaign.selectors import TaskFilter, six_clear
from campaign.selectors.drafts import CURES, PRODUCT, gate_of
from campaign.services import activate_task, missing_parts
from campaign.services.tasks import CLEAR_OF
from tests.campaign.make import NOON, make_draft, office_of
from tests.campaign.test_services import refused
from tests.campaign.test_views import client_of, url
from tests.security.make import make_unit, make_user

pytestmark = pytest.mark.django_db

GAPS = {
    "title": "work",
    "lead": "person",
    "collective_lead": "person",
    "dissolved_lead": "person",
    "owner": "person",
    "owner_left": "person",
    "responsibility": "responsibility",
    "process": "process",
    "start": "time",
    "deadline": "time",
    "product": "product",
}


def with_gap(code: str) -> Task:
    """A draft with this one gap."""
    draft = make_draft()
    columns: dict[str, dict[str, Any]] = {
        "title": {"title": ""},
        "lead": {"lead_named": False},
        "owner": {"owner": None},
        "responsibility": {"responsibility": ""},
        "process": {"process": ""},
        "start": {"start": None},
        "deadline": {"deadline": None},
    }
    if code in columns:
        Task.objects.filter(pk=draft.pk).update(**columns[code])
    elif code == "product":
        Product.objects.filter(task=draft).delete()
    elif code == "owner_left":
        gone = make_user(unit=draft.unit, is_active=False)
        Task.objects.filter(pk=draft.pk).update(owner=gone)
    elif code == "collective_lead":
        unit = make_unit(parent=draft.campaign.unit, collective=True)
        Task.objects.filter(pk=draft.pk).update(**unit.placement)
    elif code == "dissolved_lead":
        unit = make_unit(parent=draft.campaign.unit, dissolved_on=date(2026, 5, 1))
        Task.objects.filter(pk=draft.pk).update(**unit.placement)
    return Task.objects.get(pk=draft.pk)


def test_every_lack_is_one_of_the_six_and_leads_to_its_cure() -> None:
    assert CLEAR_OF == GAPS
    assert set(CURES) | {PRODUCT} == set(GAPS)
    assert set(GAPS.values()) == set(six_clear.SIX)


@pytest.mark.parametrize("code", GAPS)
def test_gate_matrix_and_sql_put_a_gap_under_the_same_one_of_the_six(code: str) -> None:
    draft = with_gap(code)
    assert [one.code for one in missing_parts(draft)] == [code]
    assert [one.code for one in gate_of(draft) if one.lacks] == [GAPS[code]]
    user = office_of(draft)
    rows = six_clear.six_rows(user, draft.campaign, TaskFilter())
    [line] = six_clear.six_lines(rows, policy=Policy(), at=timezone.now())
    assert line.lacks == {GAPS[code]}
    gaps = six_clear.gaps_of(rows)
    assert [name for name, n in gaps.lacking.items() if n] == [GAPS[code]]
    for name in six_clear.SIX:
        found = six_clear.six_rows(user, draft.campaign, TaskFilter(), name)
        assert list(found) == ([draft] if name == GAPS[code] else [])
    assert refused(lambda: activate_task(actor=user, task=draft, now=NOON)) == {code}
    assert Task.objects.get(pk=draft.pk).state == Task.State.DRAFT


def test_a_draft_without_a_gap_lacks_nothing_anywhere() -> None:
    draft = make_draft()
    assert missing_parts(draft) == []
    rows = six_clear.six_rows(office_of(draft), draft.campaign, TaskFilter())
    assert six_clear.gaps_of(rows).clear == 1


def test_the_page_of_a_draft_says_that_its_owner_has_left() -> None:
    draft = with_gap("owner_left")
    client = client_of(office_of(draft))
    text = client.get(url("task_detail", draft)).content.decode()
    gate = text[text.index('<ul class="gate">') :]
    person = gate[gate.index("<b>Rõ người</b>") : gate.index("<b>Rõ trách nhiệm</b>")]
    assert "Người được giao đã nghỉ" in person
    assert f"{url('task_edit', draft)}#id_owner" in person
