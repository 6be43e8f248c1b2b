"""The matrices on the real plan: every number equals a count by hand, and opens what it counts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoDbBlocker
from pytest_django.fixtures import DjangoAssertNumQueries

from campaign.models import Block, Campaign, Light, Task, TaskGroup
from campaign.rules import ZONE, worst
from campaign.selectors import TaskFilter, matrices, six_clear
from campaign.selectors.structure import structure_at
from config.demo import accounts
from config.demo.build import plan_start, run_campaign
from security.models import AuditEvent, User
from security.services import load_roles
from tests.campaign.make import make_draft, make_task
from tests.campaign.test_views import client_of, head_of, running
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
PAGES = ("matrix_six", "matrix_progress", "matrix_blocks", "matrix_units")


@pytest.fixture(scope="module")
def lived(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The real plan in its fourth week."""
    now = timezone.now()
    with django_db_blocker.unblock(), transaction.atomic():
        load_roles()
        accounts.create_units()
        people = accounts.create_people(password="not used: tests sign in by force")
        accounts.give_roles(people, now=now - timedelta(days=60))
        run_campaign(people, start=plan_start(timezone.localdate(now)), now=now)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def plan(lived: None, db: None) -> Campaign:
    return Campaign.objects.get()


def leader() -> User:
    return User.objects.get(username="truongban")


def get(client: Client, name: str, **query: Any) -> str:
    answer = client.get(reverse(f"campaign:{name}"), query)
    assert answer.status_code == 200
    return answer.content.decode()


def listed(client: Client, href: str) -> int:
    """How many tasks the list behind a link has."""
    text = client.get(unescape(href)).content.decode()
    found = re.search(r"<h2[^>]*>\s*(\d+) (?:nhiệm vụ|task)", text)
    assert found, href
    return int(found[1])


# --- six-clear --------------------------------------------------------------------------


def test_what_a_draft_lacks_is_said_in_its_cells_and_counted() -> None:
    task = running()
    left = make_user(unit=task.unit, is_active=False)
    bare = make_draft(
        campaign=task.campaign, owner=left, process="", responsibility="", start=None, products=0
    )
    client = client_of(head_of(task))
    text = get(client, "matrix_six")
    row = text[text.index(bare.code) :]
    row = row[: row.index("</tr>")]
    assert row.count('class="lacks"') == 5  # person, responsibility, process, time, product
    rows = six_clear.six_rows(head_of(task), task.campaign, TaskFilter())
    gaps = six_clear.gaps_of(rows)
    assert (gaps.total, gaps.clear) == (2, 1)
    assert gaps.lacking == {
        "work": 0, "person": 1, "responsibility": 1, "process": 1, "time": 1, "product": 1,
    }  # fmt: skip
    only = get(client, "matrix_six", lacks="process")
    assert bare.code in only
    assert f">{task.code} " not in only


def test_the_cells_and_the_counts_agree_about_every_gap(plan: Campaign) -> None:
    gaps: tuple[dict[str, Any], ...] = ({"process": ""}, {"deadline": None}, {"lead_named": False})
    for changes in gaps:
        make_draft(campaign=plan, **changes)
    _without_owner(plan)
    user = leader()
    rows = six_clear.six_rows(user, plan, TaskFilter())
    now = timezone.now()
    frame = structure_at(now, plan)
    assert frame is not None
    lines = six_clear.six_lines(
        six_clear.in_order(rows.filter(campaign=plan), "gaps"), policy=frame.policy, at=now
    )
    counted = Counter(gap for line in lines for gap in line.lacks)
    found = six_clear.gaps_of(rows)
    assert {name: n for name, n in found.lacking.items() if n} == dict(counted)
    assert found.total == len(lines)
    order = [len(line.lacks) for line in lines]
    assert order == sorted(order, reverse=True)


def _without_owner(plan: Campaign) -> None:
    Task.objects.filter(pk=make_draft(campaign=plan).pk).update(owner=None)


def test_the_six_clear_matrix_sorts_both_ways_and_filters(plan: Campaign) -> None:
    client = client_of(leader())
    forward, backward = (
        re.findall(r'scope="row"[^>]*><a[^>]*>(\w+\.\d+)', get(client, "matrix_six", order=order))
        for order in ("work", "-work")
    )
    assert forward == sorted(forward)
    assert backward == sorted(backward, reverse=True)
    red = get(client, "matrix_six", light="red")
    assert red.count('scope="row"') == Task.objects.filter(light="red").count()


# --- progress ---------------------------------------------------------------------------


def test_a_cell_says_the_plans_words_and_the_light_of_its_milestone(plan: Campaign) -> None:
    text = get(client_of(leader()), "matrix_progress")
    milestones = Task.objects.filter(kind="milestone")
    assert milestones.count() == 45
    for task in milestones:
        cell = text[text.index(f'href="/tasks/{task.pk}/"') - 60 :][:400]
        assert task.focus in unescape(cell)
        assert f"light-{task.light}" in cell


def test_a_row_is_as_bad_as_its_worst_cell_so_far_or_open_task(plan: Campaign) -> None:
    now = timezone.now()
    frame = structure_at(now, plan)
    assert frame is not None
    rows = TaskFilter().apply(leader(), plan)
    lines = matrices.progress_lines(rows, frame, TaskFilter(), now)
    assert len(lines) == 8
    today = now.astimezone(ZONE).date()
    for line in lines:
        own = Task.objects.filter(matrix_row__no=line.row.no).on_board()
        begun = own.filter(kind="milestone", phase__start__lte=today)
        lights = set(begun.values_list("light", flat=True))
        lights |= set(
            own.exclude(kind="milestone").exclude(light="done").values_list("light", flat=True)
        )
        assert line.light == worst(lights)
        assert line.total == own.count()


def test_the_progress_matrix_of_a_past_thursday(plan: Campaign) -> None:
    at = (plan.start + timedelta(days=6)).isoformat()
    text = get(client_of(leader()), "matrix_progress", at=at)
    assert "notice-past" in text
    # Nothing of the seventh week was due at the end of the first one.
    last = Task.objects.filter(kind="milestone", phase__no=7).first()
    assert last is not None
    cell = text[text.index(f'href="/tasks/{last.pk}/') - 60 :][:200]
    assert "light-grey" in cell


# --- responsibility ---------------------------------------------------------------------


def test_blocks_count_by_hand_and_open_what_they_count(plan: Campaign) -> None:
    client = client_of(leader())
    text = unescape(get(client, "matrix_blocks"))
    for block in Block.objects.filter(campaign=plan):
        own = Task.objects.filter(block=block).on_board()
        assert str(block.deputy) in text
        assert block.in_charge in text
        for light in Light.values:
            n = own.filter(light=light).count()
            link = f'href="/tasks/?block={block.no}&light={light}"'
            assert (link in text) == bool(n)
            if n:
                assert re.search(re.escape(link) + rf"[^>]*>{n}<", text)
                assert listed(client, f"/tasks/?block={block.no}&light={light}") == n


# --- unit × group -----------------------------------------------------------------------


def test_units_by_groups_count_by_hand_and_open_what_they_count(plan: Campaign) -> None:
    client = client_of(leader())
    text = unescape(get(client, "matrix_units"))
    body = text[text.index("<tbody>") :]
    found = re.findall(r'href="(/tasks/\?[^"]*light=\w+)"[^>]*>(\d+)<', body)
    counted: Counter[tuple[str, int, str]] = Counter()
    for row in Task.objects.on_board().values_list("unit__code", "group__no", "light"):
        counted[row] += 1
    cells = {
        (code, int(group), light): int(n)
        for href, n in found
        for group, code, light in re.findall(r"group=(\d+)&unit=([^&]+)&light=(\w+)", href)
    }
    assert cells == dict(counted)
    for href, n in found[:12]:
        assert listed(client, href) == int(n), href
    assert f">{Task.objects.on_board().count()}<" in text[text.index("<tfoot>") :]


def test_many_units_are_paged_and_the_sums_stay_those_of_all() -> None:
    task = running()
    for number in range(55):
        make_task(
            campaign=task.campaign,
            now=timezone.now(),
            unit=make_unit(parent=task.campaign.unit, name=f"Đơn vị thứ {number:02}"),
            deadline=timezone.now() + timedelta(days=40),
        )
    client = client_of(head_of(task))
    first, second = (get(client, "matrix_units", page=n, order="name") for n in (1, 2))
    assert first.count('scope="row"') == 51  # fifty units and the sums
    assert second.count('scope="row"') == 7
    for text in (first, second):
        assert ">56<" in text[text.index("<tfoot>") :]


# --- who sees what ----------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PAGES, "timeline", "calendar"])
def test_figures_count_what_the_reader_may_see(name: str) -> None:
    task = running()
    foreign = make_task(
        campaign=task.campaign,
        now=timezone.now(),
        title="Việc của đơn vị khác",
        focus="Chữ của đơn vị khác",
        kind="milestone",
        deadline=timezone.now() + timedelta(days=5),
    )
    reader = make_user(unit=task.unit)
    grant_role(reader, "unit_head", task.unit)
    text = get(client_of(reader), name)
    assert "đơn vị khác" not in text
    assert foreign.unit.name not in text
    assert f"/tasks/{foreign.pk}/" not in text
    assert "đơn vị khác" in get(client_of(head_of(task)), name) or name in PAGES[2:]


@pytest.mark.parametrize("name", [*PAGES, "timeline", "calendar"])
def test_pages_for_nobody_and_without_a_campaign(name: str) -> None:
    path = reverse(f"campaign:{name}")
    user = make_user()
    grant_role(user, "office")
    assert client_of(user).get(path).status_code == 200
    keeper = make_user()
    grant_role(keeper, "keeper")
    assert client_of(keeper).get(path).status_code == 404
    assert AuditEvent.objects.filter(actor_id=keeper.pk, decision="denied").exists()
    assert Client().get(path).status_code == 302


@pytest.mark.parametrize("name", [*PAGES, "timeline", "calendar"])
def test_what_an_address_says_wrongly_is_dropped(name: str) -> None:
    task = running()
    client = client_of(head_of(task))
    bad = {
        "group": "x", "light": "blue", "order": "password", "lacks": "owner__password", "by": "pk",
        "fold": "1,x,99999999999999999999,-", "view": "year", "day": "2026-13-45", "page": "-3",
        "state": "draft", "at": "0001-01-01", "unit": "' or 1=1", "q": "%_\\",
    }  # fmt: skip
    for key, value in bad.items():
        assert client.get(reverse(f"campaign:{name}"), {key: value}).status_code == 200, key


def test_html_in_a_text_stays_text() -> None:
    task = running()
    Task.objects.filter(pk=task.pk).update(title="<script>alert(1)</script>" + "ă" * 180)
    reader = client_of(head_of(task))
    for name in ("matrix_six", "timeline", "calendar"):
        text = get(reader, name, **({"day": _last_day(task)} if name == "calendar" else {}))
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text


def _last_day(task: Task) -> str:
    assert task.deadline is not None
    return task.deadline.astimezone(ZONE).date().isoformat()


@pytest.mark.parametrize("name", [*PAGES, "timeline", "calendar"])
def test_no_number_of_tasks_raises_the_number_of_queries(
    name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    task = running()
    client = client_of(head_of(task))
    get(client, name)
    for number in range(12):
        more = make_task(
            campaign=task.campaign, now=timezone.now(), deadline=timezone.now() + timedelta(days=9)
        )
        make_draft(campaign=task.campaign, title=f"Dự thảo {number}")
        more.task_units.create(unit=make_unit(parent=task.campaign.unit))
    for query in ({}, {"at": (timezone.localdate() - timedelta(days=1)).isoformat()}):
        with django_assert_max_num_queries(15):
            get(client, name, **query)


def test_the_matrix_of_a_day_before_does_not_know_what_came_later() -> None:
    task = running()
    begun = task.campaign.start
    client = client_of(head_of(task))
    before = (begun - timedelta(days=3)).isoformat()
    assert task.code not in get(client, "matrix_six", at=before)
    assert task.code in get(client, "matrix_six")


def test_groups_named_in_the_heads_are_the_plans(plan: Campaign) -> None:
    text = unescape(get(client_of(leader()), "matrix_units"))
    for group in TaskGroup.objects.filter(campaign=plan):
        assert f"{group.no}. {group.name}" in text


def test_numbers_under_a_filter_of_two_lights_open_what_they_count(plan: Campaign) -> None:
    client = client_of(leader())
    two = ["red", "yellow"]
    text = unescape(get(client, "matrix_units", light=two))
    found = re.findall(r'class="light [^"]*" href="(/tasks/\?[^"]*)"[^>]*>(\d+)<', text)
    assert {light for href, _n in found for light in two if href.endswith(f"light={light}")} == set(
        two
    )
    for href, n in found:
        assert listed(client, href) == int(n), href
    text = unescape(get(client, "calendar", light=two))
    cells = text[text.index('<table class="cal') : text.index("</table>")]
    days = re.findall(r'class="light [^"]*" href="(\?[^"]*)"[^>]*>(\d+)<', cells)
    for href, n in days[:12]:
        opened = client.get(reverse("campaign:calendar") + href).content.decode()
        assert opened.count("ledger-title") == int(n), href


def test_two_lights_stand_in_their_field_and_can_be_narrowed_and_cleared(plan: Campaign) -> None:
    client = client_of(leader())
    text = get(client, "matrix_units", light=["red", "yellow"], row="1")
    form = text[text.index("plan-filters") :]
    form = form[: form.index("</form>")]
    assert 'type="hidden" name="light"' not in form  # it would come back beside what is chosen
    assert re.search(r'<option value="red,yellow" selected>[^<]+, [^<]+<', form)
    same = TaskFilter.from_query(QueryDict("light=red,yellow"), now=timezone.now())
    assert same.light == ("red", "yellow")


def test_tasks_outside_the_groups_are_opened_by_their_number() -> None:
    task = running()
    campaign = task.campaign
    for _ in range(2):
        make_task(
            campaign=campaign,
            now=timezone.now(),
            group=None,
            unit=task.unit,
            deadline=timezone.now() + timedelta(days=40),
        )
    client = client_of(head_of(task))
    text = unescape(get(client, "matrix_units"))
    body = text[text.index("<tbody>") : text.index("</table>")]
    found = re.findall(r'href="(/tasks/\?[^"]*)"[^>]*>(?:<b>)?(\d+)<', body)
    outside = [(href, n) for href, n in found if "group=0" in href]
    assert len(outside) == 3  # of the unit, and in the sums with and without a colour
    for href, n in found:
        assert listed(client, href) == int(n), href
    assert not re.search(r'<span class="light [^"]*">\d', body)  # a number that opens nothing
    text = unescape(get(client, "task_list", group="0"))
    assert re.search(r'class="chip"[^>]*>.*?Ngoài các nhóm', text)
    assert '<option value="0" selected>Ngoài các nhóm</option>' in text
    text = get(client, "matrix_units", group="0")
    assert '<option value="0" selected>Ngoài các nhóm</option>' in text
