"""The list of tasks: filters seen and taken out, order, search, pages, what an empty list says."""

from __future__ import annotations

from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from campaign.models import Campaign, Task
from campaign.rules import ZONE
from campaign.selectors import TaskFilter
from dashboard.links import task_list_url
from security.models import User
from tests.campaign.make import make_campaign, make_draft, make_task, office_of, owner_of
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def running_campaign() -> Campaign:
    today = timezone.now().astimezone(ZONE).date()
    return make_campaign(start=today - timedelta(days=(today.weekday() - 4) % 7))


def add(campaign: Campaign, **fields: Any) -> Task:
    fields.setdefault("deadline", timezone.now() + timedelta(days=40))
    return make_task(campaign=campaign, now=timezone.now(), **fields)


def shown(client: Client, **query: Any) -> str:
    answer = client.get(reverse("campaign:task_list"), query or {"state": ""})
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def codes(client: Client, **query: Any) -> list[str]:
    answer = client.get(reverse("campaign:task_list"), query or {"state": ""})
    return [line.task.code for line in answer.context["lines"]]


# --- filters ----------------------------------------------------------------------------


def test_every_filter_is_a_chip_that_takes_itself_out() -> None:
    campaign = running_campaign()
    task = add(campaign)
    client = client_of(office_of(task))
    query = {"light": ["green", "red"], "group": "1", "unit": task.unit.code, "q": "danh mục"}
    answer = client.get(reverse("campaign:task_list"), query)
    chips = answer.context["chips"]
    assert [chip.label for chip in chips] == [
        "Green",
        "Red",
        "Nhóm một",
        task.unit.name,
        "“danh mục”",
    ]
    for chip in chips:
        left = client.get(f"{reverse('campaign:task_list')}?{chip.query}").context["chips"]
        assert [one.label for one in left] == [one.label for one in chips if one != chip]


def test_taking_all_filters_out_keeps_the_day() -> None:
    client = client_of(office_of(add(running_campaign())))
    day = (timezone.now() - timedelta(days=1)).date().isoformat()
    for query in ({"light": ["red", "green"]}, {"group": "99", "unit": "XOA"}):
        answer = client.get(reverse("campaign:task_list"), {**query, "at": day})
        bare = answer.context["bare"]
        assert f'href="?{bare}"' in unescape(answer.content.decode())
        left = client.get(f"{reverse('campaign:task_list')}?{bare}")
        assert not left.context["chips"]
        assert left.context["past"]


def test_a_value_that_no_longer_exists_is_shown_as_gone_and_empties_the_list() -> None:
    campaign = running_campaign()
    client = client_of(office_of(add(campaign)))
    answer = client.get(
        reverse("campaign:task_list"), {"group": "99", "unit": "XOA", "owner": "123456789"}
    )
    assert [chip.gone for chip in answer.context["chips"]] == [True, True, True]
    assert answer.context["lines"] == []
    assert 'value="99"' in answer.content.decode()  # the field keeps it


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "sơ đồ"}, ["B2"]),
        ({"q": "B1"}, ["B1"]),
        ({"q": "đồ sơ"}, ["B2"]),
        ({"q": "so do"}, ["B2"]),
        ({"q": "SƠ ĐÔ"}, ["B2"]),
        ({"q": "danh mu\u0323c"}, ["B1"]),
        ({"q": "%"}, []),
        ({"owner": "x' OR 1=1"}, ["B1", "B2"]),
        ({"sort": "password"}, ["B2", "B1"]),
        ({"sort": "-code"}, ["B2", "B1"]),
        ({"sort": "deadline"}, ["B2", "B1"]),
        ({"sort": "-deadline"}, ["B1", "B2"]),
    ],
)
def test_search_and_order(query: dict[str, str], expected: list[str]) -> None:
    campaign, now = running_campaign(), timezone.now()
    first = add(campaign, code="B1", title="Danh mục", deadline=now + timedelta(days=40))
    add(campaign, code="B2", title="Vẽ sơ đồ", deadline=now + timedelta(days=30))
    found = codes(client_of(office_of(first)), **query)
    assert (found if "sort" in query else sorted(found)) == expected


def test_an_address_within_an_address_breaks_nothing() -> None:
    client = client_of(office_of(add(running_campaign())))
    nested = {"all": "1", "list": "unit=%00&at=x&q=%00&page=%ff"}
    assert client.get(reverse("campaign:bulk"), nested).status_code == 302  # nothing fits: chosen


def test_tasks_of_one_owner() -> None:
    campaign = running_campaign()
    first, second = add(campaign), add(campaign)
    client = client_of(office_of(first))
    assert codes(client, owner=str(second.owner_id)) == [second.code]
    assert str(second.owner) in shown(client, owner=str(second.owner_id))


def test_cancelled_tasks_are_found_and_never_beside_the_others() -> None:
    campaign = running_campaign()
    task, gone = add(campaign), make_draft(campaign=campaign)
    Task.objects.filter(pk=gone.pk).update(state="cancelled")
    client = client_of(office_of(task))
    assert codes(client) == [task.code]
    assert codes(client, state="cancelled") == [gone.code]


def test_a_filter_writes_the_address_it_was_read_from() -> None:
    wanted = TaskFilter(
        light=("red",), group=2, owner="12", words="vẽ & tô", sort="-code", campaign="c-1"
    )
    assert TaskFilter.from_query(QueryDict(wanted.query), now=timezone.now()) == wanted


# --- what is shown ----------------------------------------------------------------------


def test_fifty_rows_a_page_with_the_same_number_of_queries(
    django_assert_max_num_queries: Any,
) -> None:
    campaign = running_campaign()
    unit = make_unit(parent=campaign.unit)
    owner = make_user(unit=unit)
    first = add(campaign, unit=unit, owner=owner)
    client = client_of(office_of(first))
    shown(client)
    with django_assert_max_num_queries(20) as few:
        shown(client)
    for _number in range(54):
        add(campaign, unit=unit, owner=owner)
    with django_assert_max_num_queries(len(few.captured_queries)):
        answer = client.get(reverse("campaign:task_list"), {"state": ""})
    assert len(answer.context["lines"]) == 50
    assert len(codes(client, page="2")) == 5


def test_what_an_empty_list_means_is_told() -> None:
    campaign = running_campaign()
    draft = make_draft(campaign=campaign)
    office = client_of(office_of(draft))
    assert "Nothing has started" in shown(office)
    task = add(campaign)
    assert "No red task" in shown(office, light="red")
    assert "None completed yet" in shown(office, state="done")
    assert "No task fits" in shown(office, light="red", q="x")
    idle = make_user(unit=make_unit(parent=campaign.unit))
    grant_role(idle, "unit_staff")
    text = shown(client_of(idle))
    assert "Nothing is open to you here" in text
    assert task.code not in text


def test_rows_are_chosen_only_where_something_may_be_changed() -> None:
    campaign = running_campaign()
    task = add(campaign)
    office = office_of(task)
    box = f'name="task" value="{task.pk}"'
    assert box in shown(client_of(office))
    assert box in shown(client_of(owner_of(task)))  # who works asks for another deadline
    past = (timezone.now() - timedelta(seconds=1)).isoformat()
    assert box not in shown(client_of(office), at=past)
    Campaign.objects.update(closed_at=timezone.now(), closed_by=office)
    closed = shown(client_of(office))
    assert task.code in closed
    assert box not in closed
    assert "This campaign was closed" in closed


def test_a_part_carries_its_tabs_so_that_they_follow_the_filters() -> None:
    task = add(running_campaign())
    answer = client_of(office_of(task)).get(
        reverse("campaign:task_list"), {"state": "draft"}, headers={"hx-request": "true"}
    )
    text = answer.content.decode()
    assert "<html" not in text
    assert 'id="list-tabs" hx-swap-oob="true"' in text


def test_the_board_never_links_the_bare_list() -> None:
    """Opened barely, the list shows the reader's default view: a number would count another list."""
    assert "?" in task_list_url("")


def test_the_list_speaks_vietnamese() -> None:
    task = add(running_campaign())
    client = client_of(office_of(task))
    client.cookies["django_language"] = "vi"
    with translation.override("vi"):
        assert "Bộ lọc" in shown(client)
