"""Whatever is reported, handed in, graded, moved or set, in whatever order: the stored light is
the rule's; time alone never makes a light better; and any past instant shows what was shown then."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from campaign import services
from campaign.facts import facts_of, policy_at
from campaign.models import Campaign, Grade, Light, Submission, Task
from campaign.models.light import SEVERITY
from campaign.rules import (
    Policy,
    ProductFacts,
    TaskFacts,
    TicketFacts,
    end_of,
    task_light,
)
from campaign.selectors import TaskFilter, board_for
from campaign.selectors.lines import lines_of, with_people
from campaign.selectors.past import then_at
from campaign.services import sweep_lights
from security.models import User
from security.services import RefusedError
from tests.campaign.make import BEGIN, DEADLINE, START, make_campaign, make_task
from tests.security.make import grant_role, make_unit, make_user

SPAN_HOURS = 24 * 24
MOMENTS = st.integers(0, SPAN_HOURS).map(lambda hours: BEGIN + timedelta(hours=hours))
GRADES = st.sampled_from(["", "A", "B", "C"])


# --- the rule alone ---------------------------------------------------------------------


@st.composite
def products(draw: st.DrawFn, deadline: datetime) -> ProductFacts:
    """A product somewhere between untouched and accepted, with the dates that the database asks."""
    grade = draw(GRADES)
    graded = draw(MOMENTS) if grade else None
    until = draw(MOMENTS) if grade in {"B", "C"} else None
    waiting = draw(st.none() | MOMENTS) if grade != "A" else None
    own = draw(st.sampled_from([deadline, deadline - timedelta(days=5)]))
    return ProductFacts("S1", own, waiting, grade, graded, until)


@st.composite
def facts(draw: st.DrawFn) -> TaskFacts:
    deadline = draw(MOMENTS) + timedelta(days=1)
    start = draw(st.sampled_from([BEGIN, BEGIN + timedelta(days=3)]))
    return TaskFacts(
        start,
        deadline,
        draw(st.integers(0, 100)),
        tuple(draw(st.lists(products(deadline), max_size=3))),
        tuple(draw(st.lists(st.builds(TicketFacts, st.just("PV-1"), MOMENTS), max_size=1))),
    )


POLICIES = st.builds(Policy, st.integers(0, 10), st.integers(1, 100))


@given(known=facts(), policy=POLICIES, one=MOMENTS, other=MOMENTS)
@settings(max_examples=300, deadline=None)
def test_time_alone_never_makes_a_light_better(
    known: TaskFacts, policy: Policy, one: datetime, other: datetime
) -> None:
    earlier, later = sorted((one, other))
    before, after = task_light(known, policy, earlier), task_light(known, policy, later)
    assert SEVERITY[Light(after.light)] <= SEVERITY[Light(before.light)]


@given(known=facts(), policy=POLICIES, at=MOMENTS, step=st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_a_light_changes_at_the_instant_it_named_and_not_before(
    known: TaskFacts, policy: Policy, at: datetime, step: float
) -> None:
    verdict = task_light(known, policy, at)
    change = verdict.next_change_at
    if change is None:
        for days in (1, 10, 1000):
            assert task_light(known, policy, at + timedelta(days=days)).light == verdict.light
        return
    between = at + (change - at) * step
    if between < change:
        assert task_light(known, policy, between).light == verdict.light
    assert task_light(known, policy, change).light != verdict.light


# --- the product's services -------------------------------------------------------------


@dataclass
class World:
    """One campaign with a few tasks, people who work on them, a leader, and what was shown when."""

    campaign: Campaign
    tasks: list[Task]
    owners: list[User]
    office: User
    head: User
    now: datetime = BEGIN
    shown: list[tuple[datetime, dict[str, object]]] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)

    def do(self, name: str, which: int, number: int) -> None:
        """One deed of these numbers; what the rules of the house refuse changes nothing."""
        task = Task.objects.get(pk=self.tasks[which % len(self.tasks)].pk)
        try:
            getattr(self, f"do_{name}")(task, number)
        except RefusedError:
            return
        self.done[name] += 1

    def do_report(self, task: Task, number: int) -> None:
        services.report_progress(
            actor=self._worker(task), task=task, percent=number % 101, now=self.now
        )

    def do_submit(self, task: Task, number: int) -> None:
        products = list(task.products.order_by("pk"))
        services.submit_product(
            actor=self._worker(task),
            product=products[number % len(products)],
            statement="Đủ",
            now=self.now,
        )

    def do_accept(self, task: Task, number: int) -> None:
        waiting = Submission.objects.filter(product__task=task, acceptance=None).first()
        if waiting is None:
            return
        grade = Grade.values[number % 3]
        remedied = self.now + timedelta(days=1 + number % 5)
        services.accept_product(
            actor=self.office,
            submission=waiting,
            grade=grade,
            remediate_on=None if grade == "A" else remedied.date(),
            remediate_by=None if grade == "A" else self.owners[0],
            now=self.now,
        )

    def do_move(self, task: Task, number: int) -> None:
        services.revise_deadline(
            actor=self.head,
            task=task,
            deadline=end_of(START + timedelta(days=2 + number % 25), before=False),
            reason="Theo tờ trình",
            now=self.now,
        )

    def do_judge(self, task: Task, number: int) -> None:
        services.judge(
            actor=self.head,
            task=task,
            light=("red", "yellow", "green")[number % 3],
            reason="Thấy khác",
            expires_on=(self.now + timedelta(days=1 + number % 9)).date(),
            now=self.now,
        )

    def do_hand_over(self, task: Task, number: int) -> None:
        owner = self.owners[number % len(self.owners)]
        services.hand_over(
            actor=self.office, task=task, owner=owner, unit=owner.unit, reason="Đổi", now=self.now
        )

    def do_set(self, task: Task, number: int) -> None:
        services.set_policy(
            actor=self.office,
            campaign=self.campaign,
            policy=Policy(number % 8, 5 + number % 60),
            reason="Thử",
            now=self.now,
        )

    def do_sweep(self, task: Task, number: int) -> None:
        sweep_lights(now=self.now)

    def _worker(self, task: Task) -> User:
        return next(user for user in self.owners if user.pk == task.owner_id)

    def look(self) -> None:
        """What the board and the lines show at this instant, once the sweep has been by."""
        sweep_lights(now=self.now)
        self.shown.append((self.now, seen(self.head, self.now, self.now)))


def seen(user: User, at: datetime, now: datetime) -> dict[str, object]:
    """Counts of the board, and light, reasons, lead, owner and judgement of every line at ``at``."""
    past = at if at < now else None
    board = board_for(user, past, now=now)
    assert board is not None
    campaign = board.campaign
    rows = with_people(TaskFilter(at=past).apply(user, campaign), at).order_by("pk")
    then = then_at(campaign, at) if past else None
    lines = lines_of(rows, policy=policy_at(campaign.pk, at), at=at, then=then)
    return {
        "lights": {one.light: one.count for one in board.lights},
        "units": sorted((part.key, sorted(part.bars)) for part in board.units if part.total),
        "groups": [sorted(part.bars) for part in board.groups],
        "lines": [
            (
                *(line.task.code, line.light, line.reasons, line.deadline, line.progress),
                *(line.task.unit.code, line.task.owner_id, line.judged),
            )
            for line in lines
        ],
    }


def make_world() -> World:
    campaign = make_campaign()
    units = [make_unit(parent=campaign.unit) for _ in range(2)]
    owners = [make_user(unit=unit) for unit in units]
    for owner in owners:
        grant_role(owner, "unit_staff", owner.unit)
    office, head = make_user(unit=make_unit(parent=campaign.unit)), make_user(unit=campaign.unit)
    grant_role(office, "office", campaign.unit)
    grant_role(head, "head", campaign.unit)
    tasks = [
        make_task(
            campaign=campaign,
            unit=units[number % 2],
            owner=owners[number % 2],
            products=1 + number % 2,
            start=START + timedelta(days=number),
            deadline=DEADLINE - timedelta(days=3 * number),
        )
        for number in range(3)
    ]
    return World(campaign, tasks, owners, office, head)


DEEDS = st.tuples(
    st.sampled_from(["report", "submit", "accept", "move", "judge", "hand_over", "set", "sweep"]),
    st.integers(0, 2),
    st.integers(0, 200),
    st.integers(0, 60),  # hours until the deed
)
SEQUENCES = st.lists(DEEDS, min_size=1, max_size=10)
WITH_DATABASE = settings(
    max_examples=12,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.mark.django_db
@given(deeds=SEQUENCES)
@WITH_DATABASE
def test_the_stored_light_is_the_rules_after_any_deeds(
    deeds: list[tuple[str, int, int, int]],
) -> None:
    with forgotten():
        world = make_world()
        for name, which, number, hours in deeds:
            world.now += timedelta(hours=hours, minutes=1)
            world.do(name, which, number)
            sweep_lights(now=world.now)
            agree(world)


@contextmanager
def forgotten() -> Iterator[None]:
    """One sequence leaves nothing to the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def agree(world: World) -> None:
    """Cache, transitions and rule say the same of every task."""
    rows = list(Task.objects.filter(campaign=world.campaign).exclude(light=""))
    known = facts_of(rows, world.now)
    policy = policy_at(world.campaign.pk, world.now)
    for row in rows:
        verdict = task_light(known[row.pk], policy, world.now)
        assert row.light == verdict.light
        assert row.next_change_at == verdict.next_change_at
        last = row.transitions.latest("number")
        assert last.to_light == row.light


@pytest.mark.django_db
@given(deeds=SEQUENCES)
@WITH_DATABASE
def test_any_past_instant_shows_what_was_shown_then(
    deeds: list[tuple[str, int, int, int]],
) -> None:
    with forgotten():
        world = make_world()
        for name, which, number, hours in deeds:
            world.now += timedelta(hours=hours, minutes=1)
            world.look()
            world.now += timedelta(minutes=1)
            world.do(name, which, number)
        world.now += timedelta(days=2)
        sweep_lights(now=world.now)
        note(world.done)
        for at, then in world.shown:
            assert seen(world.head, at, world.now) == then, at


@pytest.mark.django_db
def test_the_deeds_of_these_tests_do_something() -> None:
    """A sequence that is refused throughout would hold for nothing."""
    world = make_world()
    for name in ("report", "set", "move", "judge", "submit", "accept", "hand_over", "sweep"):
        world.now += timedelta(hours=5)
        world.do(name, 1, 40 if name == "hand_over" else 41)
    assert set(world.done) == {
        *("report", "set", "move", "judge", "submit", "accept", "hand_over", "sweep")
    }
