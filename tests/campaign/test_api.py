"""The campaign's API: the same tasks, lights and figures as the pages; three sorts of facts to add."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from campaign.models import Campaign, Comment, ProgressReport, SentOnce, Submission, Task
from campaign.services import hand_over, report_progress, revise_deadline, sweep_lights
from security.models import AuditEvent, User
from security.services.tokens import create_token
from tests.campaign.make import make_campaign, make_task, owner_of, submit
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
TASKS, LIGHTS, BOARD = "/api/v1/tasks/", "/api/v1/lights/", "/api/v1/board/"
NOW = timezone.now()
AT_MOST = 20  # five of them are the session, the person and the counter of calls
BEGUN = NOW - timedelta(days=10)


@pytest.fixture(autouse=True)
def _no_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def campaign() -> Campaign:
    return make_campaign(start=BEGUN.date())


@pytest.fixture
def tasks(campaign: Campaign) -> list[Task]:
    """Four tasks of two units, of which the first two are overdue."""
    units = [make_unit(parent=campaign.unit) for _ in range(2)]
    made = [
        make_task(
            campaign=campaign, unit=units[n % 2], now=BEGUN,
            deadline=NOW + timedelta(days=-2 if n < 2 else 30),
        )
        for n in range(4)
    ]  # fmt: skip
    for task in made:
        report_progress(actor=owner_of(task), task=task, percent=90, now=BEGUN)
    sweep_lights(now=NOW)
    return [Task.objects.get(pk=task.pk) for task in made]


@pytest.fixture
def head(campaign: Campaign) -> User:
    user = make_user(unit=campaign.unit)
    grant_role(user, "head", campaign.unit)
    return user


def ask(user: User, address: str, query: dict[str, Any] | None = None, status: int = 200) -> Any:
    client = Client()
    client.force_login(user)
    answer = client.get(address, query or {})
    assert answer.status_code == status, answer.content
    return answer.json()


def send(user: User, address: str, body: Any, key: str = "", **how: Any) -> Any:
    client = Client()
    client.force_login(user)
    headers = {"Idempotency-Key": key} if key else {}
    return client.post(address, body, content_type="application/json", headers=headers, **how)


def test_the_list_takes_the_filters_of_the_page(tasks: list[Task], head: User) -> None:
    def codes(**query: Any) -> set[str]:
        return {row["code"] for row in ask(head, TASKS, query)["results"]}

    assert codes() == {task.code for task in tasks}
    assert codes(light="red") == {task.code for task in tasks[:2]}
    assert codes(unit=tasks[1].unit.code) == {tasks[1].code, tasks[3].code}
    assert codes(q=tasks[2].code.lower()) == {tasks[2].code}
    assert codes(owner=str(tasks[0].owner_id)) == {tasks[0].code}
    assert codes(campaign=tasks[0].campaign.code) == codes()


def test_a_list_of_a_past_instant_shows_the_lights_and_leads_of_then(
    tasks: list[Task], head: User, campaign: Campaign
) -> None:
    office = make_user(unit=make_unit(parent=campaign.unit))
    grant_role(office, "office", campaign.unit)
    first, other = tasks[0], tasks[1]
    before = (first.unit.code, first.owner.username if first.owner else "")
    assert other.owner is not None
    hand_over(actor=office, task=first, owner=other.owner, unit=other.unit, reason="Đổi", now=NOW)
    at = (NOW - timedelta(days=6)).isoformat()
    then = {row["code"]: row for row in ask(head, TASKS, {"at": at})["results"]}
    today = {row["code"]: row for row in ask(head, TASKS)["results"]}
    assert (then[first.code]["light"], today[first.code]["light"]) == ("green", "red")
    assert (then[first.code]["lead_unit"], then[first.code]["owner"]) == before
    assert today[first.code]["lead_unit"] == other.unit.code


@pytest.mark.parametrize(
    "query", [{"at": "2999-01-01"}, {"at": "hôm qua"}, {"campaign": "khong-co"}, {"sort": "code"}]
)
def test_what_a_list_cannot_answer_is_refused(
    tasks: list[Task], head: User, query: dict[str, str]
) -> None:
    for address in (TASKS, LIGHTS):
        assert ask(head, address, query, status=400)["code"] == "bad_parameter"


def test_a_light_says_why_and_when_it_changes(tasks: list[Task], head: User) -> None:
    rows = {row["code"]: row for row in ask(head, LIGHTS)["results"]}
    red, green = rows[tasks[0].code], rows[tasks[2].code]
    assert (red["light"], red["next_change_at"]) == ("red", None)
    assert (red["reasons"][0]["code"], red["reasons"][0]["days"]) == ("overdue", 2)
    assert "2" in red["reasons"][0]["text"]
    assert (green["light"], green["progress"]) == ("green", 90)
    assert (
        green["next_change_at"]
        == tasks[2].next_change_at.astimezone(timezone.get_current_timezone()).isoformat()
        if tasks[2].next_change_at
        else None
    )
    one = ask(head, f"{LIGHTS}{tasks[0].pk}/")
    assert (one["light"], one["reasons"]) == (red["light"], red["reasons"])
    then = ask(head, f"{LIGHTS}{tasks[0].pk}/", {"at": (NOW - timedelta(days=6)).isoformat()})
    assert (then["light"], then["reasons"][0]["code"]) == ("green", "on_track")


def test_every_figure_of_the_board_opens_the_list_that_it_counts(
    tasks: list[Task], head: User
) -> None:
    for query in ({}, {"at": (NOW - timedelta(days=4)).isoformat()}):
        board = ask(head, BOARD, query)
        assert board["total"] == 4
        for one in board["lights"]:
            assert len(ask(head, one["tasks"])["results"]) == one["count"], one
        for part in (*board["groups"], *board["blocks"], *board["units"], *board["rows"]):
            assert len(ask(head, part["tasks"])["results"]) == part["total"], part
        for unit in board["units"]:
            for light, count in unit["counts"].items():
                listed = ask(head, f"{unit['tasks']}&light={light}")["results"]
                assert len(listed) == count
    assert [line["code"] for line in ask(head, BOARD)["exceptions"]] == [
        task.code for task in tasks[:2]
    ]


def test_the_board_is_for_those_who_may_open_it(tasks: list[Task]) -> None:
    assert ask(owner_of(tasks[0]), BOARD, status=404)["code"] == "not_found"
    assert AuditEvent.objects.filter(action="campaign.board", decision="denied").count() == 1


def test_campaigns_and_their_weeks(tasks: list[Task], head: User, campaign: Campaign) -> None:
    assert [row["code"] for row in ask(head, "/api/v1/campaigns/")] == [campaign.code]
    one = ask(head, f"/api/v1/campaigns/{campaign.pk}/")
    assert [week["no"] for week in one["weeks"]] == [1, 2]
    assert one["thresholds"] == {"warning_days": 3, "behind_points": 20}
    assert ask(head, f"/api/v1/campaigns/{campaign.pk}/weeks/")["frozen"] is True
    ask(make_user(), f"/api/v1/campaigns/{campaign.pk}/", status=404)


def test_facts_are_read_part_by_part(tasks: list[Task], head: User) -> None:
    task = tasks[2]
    submit(task, now=NOW)
    revise_deadline(
        actor=head, task=task, deadline=NOW + timedelta(days=40), reason="Tờ trình", now=NOW
    )
    here = f"{TASKS}{task.pk}/"
    assert [r["percent"] for r in ask(head, f"{here}reports/")["results"]] == [90]
    assert ask(head, f"{here}revisions/")["results"][0]["reason"] == "Tờ trình"
    sent = ask(head, f"{here}submissions/")["results"][0]
    assert (sent["round"], sent["acceptance"]) == (1, None)
    turns = ask(head, f"{here}transitions/")["results"]
    assert turns[0]["from_light"] == ""
    assert turns[0]["reasons"][0]["text"]
    for part in ("comments", "judgements", "hand-overs"):
        assert ask(head, f"{here}{part}/")["results"] == []


def test_a_report_sent_twice_with_its_key_is_one_report(tasks: list[Task]) -> None:
    owner, here = owner_of(tasks[2]), f"{TASKS}{tasks[2].pk}/reports/"
    body = {"percent": 95, "note": "<b>Đã xong</b>", "version": tasks[2].version}
    first, second = (send(owner, here, body, "sync-2026-0001") for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.json()["note"] == "<b>Đã xong</b>"
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 2
    other = send(owner, here, {"percent": 96}, "sync-2026-0001")
    assert (other.status_code, list(other.json()["problems"])) == (422, ["key_reused"])
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 2


def test_another_version_is_a_conflict_and_changes_nothing(tasks: list[Task]) -> None:
    owner = owner_of(tasks[2])
    body = {"percent": 95, "version": tasks[2].version + 1}
    answer = send(owner, f"{TASKS}{tasks[2].pk}/reports/", body, "sync-2026-0002")
    assert answer.status_code == 409
    assert (answer.json()["code"], answer.json()["version"]) == (
        "changed_meanwhile", tasks[2].version,
    )  # fmt: skip
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 1
    assert not SentOnce.objects.exists()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"percent"}),
        ({"percent": 101}, {"percent"}),
        ({"percent": "50"}, {"percent"}),
        ({"percent": 50.0}, {"percent"}),
        ({"percent": True}, {"percent"}),
        ({"percent": 5, "note": 7, "done": 1}, {"note", "done"}),
        ({"percent": 5, "note": "a\x00b"}, {"note"}),
        ({"percent": 5, "obstacle": "yes"}, {"obstacle"}),
        ([1, 2], {"non_field_errors"}),
        ({"percent": 5, "version": 0}, {"version"}),
    ],
    ids=str,
)
def test_a_body_that_does_not_fit_is_refused_field_by_field(
    tasks: list[Task], body: Any, fields: set[str]
) -> None:
    answer = send(owner_of(tasks[2]), f"{TASKS}{tasks[2].pk}/reports/", body)
    assert answer.status_code == 400
    assert (answer.json()["code"], set(answer.json()["problems"])) == ("bad_body", fields)
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 1


@pytest.mark.parametrize(
    ("text", "kind", "status"),
    [("{", "application/json", 400), ("percent=5", "application/x-www-form-urlencoded", 415)],
)
def test_a_body_that_is_no_json_is_refused(
    tasks: list[Task], text: str, kind: str, status: int
) -> None:
    client = Client()
    client.force_login(owner_of(tasks[2]))
    answer = client.post(f"{TASKS}{tasks[2].pk}/reports/", text, content_type=kind)
    assert answer.status_code == status


def test_who_may_not_write_is_told_so_and_it_is_on_the_trail(tasks: list[Task], head: User) -> None:
    answer = send(head, f"{TASKS}{tasks[2].pk}/reports/", {"percent": 5})
    assert (answer.status_code, answer.json()["code"]) == (403, "not_allowed")
    assert AuditEvent.objects.filter(actor_id=head.pk, decision="denied").count() == 1
    stranger = make_user()
    assert send(stranger, f"{TASKS}{tasks[2].pk}/reports/", {"percent": 5}).status_code == 404
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 1


def test_a_product_is_handed_in_and_a_comment_written(tasks: list[Task], head: User) -> None:
    owner, here = owner_of(tasks[2]), f"{TASKS}{tasks[2].pk}/"
    product = tasks[2].products.get()
    body = {"product": product.pk, "statement": "Đủ tiêu chí"}
    assert send(owner, f"{here}submissions/", body).json()["round"] == 1
    again = send(owner, f"{here}submissions/", body)
    assert (again.status_code, list(again.json()["problems"])) == (422, ["waiting"])
    foreign = {"product": tasks[1].products.get().pk, "statement": "Đủ"}
    assert list(send(owner, f"{here}submissions/", foreign).json()["problems"]) == ["product"]
    assert Submission.objects.count() == 1
    assert send(head, f"{here}comments/", {"text": f"@{owner.username} xem"}).status_code == 201
    assert list(Comment.objects.get().mentions.all()) == [owner]


def test_a_token_writes_only_what_it_was_made_for(tasks: list[Task], campaign: Campaign) -> None:
    office = make_user(unit=make_unit(parent=campaign.unit))
    grant_role(office, "office", campaign.unit)
    reads = create_token(actor=office, name="a", actions=["campaign.view"], now=NOW)[1]
    both = ["campaign.view", "campaign.report"]
    writes = create_token(actor=office, name="b", actions=both, now=NOW)[1]
    here = f"{TASKS}{tasks[2].pk}/"
    for plain, status in ((reads, 403), (writes, 201)):
        for part, body in (("reports", {"percent": 91}), ("comments", {"text": "Đã xem"})):
            answer = Client().post(
                f"{here}{part}/", body, content_type="application/json",
                headers={"Authorization": f"Bearer {plain}"},
            )  # fmt: skip
            assert answer.status_code == status, part
    assert ProgressReport.objects.filter(task=tasks[2]).count() == 2
    assert Comment.objects.count() == 1


@pytest.mark.parametrize("address", [TASKS, LIGHTS, BOARD, f"{LIGHTS}?at=AT", f"{BOARD}?at=AT"])
def test_more_tasks_cost_no_more_queries(
    tasks: list[Task], head: User, campaign: Campaign, address: str,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:  # fmt: skip
    client = Client()
    client.force_login(head)
    address = address.replace("AT", (NOW - timedelta(days=3)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    with django_assert_max_num_queries(AT_MOST) as few:
        assert client.get(address).status_code == 200
    for _ in range(12):
        make_task(campaign=campaign, now=BEGUN)
    with django_assert_max_num_queries(len(few)):
        assert client.get(address).status_code == 200


def test_in_the_first_week_nothing_is_told_of_the_week_before(
    campaign: Campaign, tasks: list[Task], head: User
) -> None:
    first = ask(head, BOARD, {"at": (BEGUN + timedelta(days=3)).isoformat()})
    assert [one["count"] for one in first["lights"]] != [0] * 5
    assert [one["before"] for one in first["lights"]] == [None] * 5
    later = ask(head, BOARD, {"at": (BEGUN + timedelta(days=9)).isoformat()})
    assert None not in [one["before"] for one in later["lights"]]
