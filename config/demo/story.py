"""Three weeks of campaign, lived through the services: reports, submissions, acceptances.

Every event carries its own instant and is played in order of time, so that lights changed when
they would have changed and any past day can be asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from campaign.models import Campaign, Product, Submission, Task
from campaign.rules import ZONE, last_day, planned_percent, start_of
from campaign.services import (
    accept_product,
    hand_in,
    judge,
    report_progress,
    revise_deadline,
)
from config.demo.accounts import People, data
from config.demo.people import dice
from config.demo.proof import answers_of, verdicts_on
from security.models import User

DAY = timedelta(days=1)


@dataclass(order=True)
class Event:
    """Something that happened; ``number`` keeps the order of simultaneous events."""

    at: datetime
    number: int
    act: Callable[[datetime], None] = field(compare=False)


@dataclass
class Story:
    """Writes the events of every task's fate and plays those that lie in the past."""

    campaign: Campaign
    people: People
    now: datetime
    rng: Random = field(default_factory=lambda: dice("story"))
    events: list[Event] = field(default_factory=list)

    @property
    def words(self) -> dict[str, Any]:
        told: dict[str, Any] = data("story")
        return told

    # --- time ---------------------------------------------------------------------------

    def day(self, number: int) -> date:
        """Day ``number`` of the plan; its first day is day 0."""
        return self.campaign.start + timedelta(days=number)

    def hour(self, day: date, first: int = 8, last: int = 17) -> datetime:
        """Some minute of a working day."""
        moment = time(self.rng.randint(first, last - 1), self.rng.randint(0, 59))
        return datetime.combine(day, moment, tzinfo=ZONE)

    def at(self, when: datetime, act: Callable[[datetime], None]) -> None:
        self.events.append(Event(when, len(self.events), act))

    def play(self) -> int:
        """Let everything before now happen; returns how many events did."""
        past = [event for event in sorted(self.events) if event.at < self.now]
        for event in past:
            event.act(event.at)
        return len(past)

    # --- deeds --------------------------------------------------------------------------

    def report(
        self, task: Task, when: datetime, percent: int, note: str, *, obstacle: bool = False
    ) -> None:
        def act(now: datetime) -> None:
            report_progress(
                actor=self.owner_of(task), task=task, percent=percent, note=note, obstacle=obstacle,
                now=now,
            )  # fmt: skip

        self.at(when, act)

    def submit(self, product: Product, when: datetime, statement: str = "") -> None:
        text = statement or self.rng.choice(self.words["statements"])

        def act(now: datetime) -> None:
            hand_in(
                actor=self.owner_of(product.task),
                product=product,
                statement=text,
                answers=answers_of(product, self.words),
                now=now,
            )

        self.at(when, act)

    def grade(
        self, product: Product, when: datetime, grade: str, note: str, until: date | None = None
    ) -> None:
        task = product.task

        def act(now: datetime) -> None:
            submission = newest(product)
            accept_product(
                actor=self.judge_of(task),
                submission=submission,
                grade=grade,
                note=note,
                verdicts=verdicts_on(submission, grade, self.words),
                remediate_on=until,
                remediate_by=self.owner_of(task) if until else None,
                now=now,
            )

        self.at(when, act)

    def owner_of(self, task: Task) -> User:
        if task.owner is None:
            raise ValueError(f"{task.code} is active without an owner")
        return self.people[task.owner.username]  # one instance a person: roles are read once

    def judge_of(self, task: Task) -> User:
        """Who accepts: the standing office, and for its own products the block's deputy head."""
        if task.unit.code != "VP":
            return self.people["vanphong"]
        deputy = task.block.deputy if task.block else None
        return self.people[deputy.username if deputy else "truongban"]

    # --- leaders ------------------------------------------------------------------------

    def decide(self, tasks: dict[str, Task]) -> None:
        """Deadlines that leaders moved, and where one of them sees a light otherwise."""
        for entry in self.words["decisions"]:
            task, deed = tasks[entry["task"]], self.revision if "to" in entry else self.judgement
            self.at(self.hour(self.day(entry["day"]), 16, 18), deed(task, entry))

    def revision(self, task: Task, entry: dict[str, Any]) -> Callable[[datetime], None]:
        deadline = start_of(self.day(entry["to"] + 1))

        def act(now: datetime) -> None:
            revise_deadline(
                actor=self.people[entry["by"]], task=task, deadline=deadline,
                reason=entry["reason"], now=now,
            )  # fmt: skip

        return act

    def judgement(self, task: Task, entry: dict[str, Any]) -> Callable[[datetime], None]:
        def act(now: datetime) -> None:
            judge(
                actor=self.people[entry["by"]], task=task, light=entry["light"],
                reason=entry["reason"], expires_on=self.day(entry["until"]), now=now,
            )  # fmt: skip

        return act

    # --- fates --------------------------------------------------------------------------

    def tell(self, task: Task) -> None:
        """All events of one task, from its entry in story.yaml or the general course."""
        entry: dict[str, Any] = self.words["tasks"].get(task.code, {})
        started = task.start is not None and start_of(task.start) < self.now
        over = task.deadline is not None and task.deadline <= self.now
        fate = entry.get("fate") or ("delivered" if over else "steady" if started else "silent")
        tellers = {"delivered": self.delivered, "steady": self.steady}
        tellers.get(fate, self.specially)(task, entry)

    def specially(self, task: Task, entry: dict[str, Any]) -> None:
        """Told report by report; perhaps handed in and graded without an A."""
        for report in entry.get("reports", ()):
            when = self.hour(self.day(report["day"]), 14, 17)
            obstacle = report.get("obstacle", False)
            self.report(task, when, report["percent"], report["note"].strip(), obstacle=obstacle)
        self.deliver_named(task, entry)
        if "submitted" not in entry:
            return
        for product in self.owed(task):
            if product.checklist_code in entry.get("delivered", ()):
                continue
            self.submit(product, self.hour(self.day(entry["submitted"]), 17, 19))
            if "graded" in entry:
                grade = "C" if entry["fate"] == "failed" else "B"
                until = self.day(entry["remediate"])
                when = self.hour(self.day(entry["graded"]), 9, 12)
                self.grade(product, when, grade, entry["note"].strip(), until)

    def owed(self, task: Task) -> list[Product]:
        """Products whose time is the task's own or lies behind it."""
        return [p for p in task.products.all() if not p.deadline or p.deadline <= self.now]

    def delivered(self, task: Task, entry: dict[str, Any]) -> None:
        """Begun, half-way, handed in a day early (or late), accepted the day after."""
        course = {**entry, **self.words["delivered"].get(task.code, {})}
        start, deadline = span(task)
        end = last_day(deadline)
        early = min(2, (end - start).days)
        notes = self.words["notes"]
        middle = start + (end - start) // 2
        self.report(task, self.hour(start, 14, 17), 15, self.rng.choice(notes["begun"]))
        self.report(task, self.hour(middle), 55, self.rng.choice(notes["halfway"]))
        products = list(task.products.all())
        owed = self.owed(task)
        finished = end - early * DAY + timedelta(days=course.get("late", -1) + 1)
        percent = 100 if len(owed) == len(products) else 90
        self.report(task, self.hour(finished, 8, 10), percent, self.rng.choice(notes["finished"]))
        for product in owed:
            self.deliver(product, finished, remedied=course.get("remedied", False))

    def deliver(self, product: Product, day: date, *, remedied: bool) -> None:
        """Hand in and have accepted; with ``remedied`` the first round gets a B."""
        if product.deadline:  # the checklist's own, sometimes earlier than the task's
            day = min(day, last_day(product.deadline) - DAY)
        day = max(day, product.task.start or day)
        self.submit(product, self.hour(day, 10, 15))
        judged = self.hour(day + DAY, 9, 12)
        if remedied:
            told = self.words["remedied"]
            self.grade(product, judged, told["grade"], told["note"], day + 8 * DAY)
            self.submit(product, self.hour(day + 3 * DAY), told["statement"])
            judged = self.hour(day + 4 * DAY)
        self.grade(product, judged, "A", self.rng.choice(self.words["accepted"]))

    def steady(self, task: Task, entry: dict[str, Any]) -> None:
        """Reports near the straight line; milestones are handed in three days before the end."""
        start, deadline = span(task)
        ahead = entry.get("ahead", self.rng.randint(-8, 9))
        ready = self.day(entry["hand_in"]) if "hand_in" in entry else last_day(deadline) - 3 * DAY
        early = task.kind == Task.Kind.MILESTONE and not entry.get("last_minute")
        for when in self.report_times(task):
            if early and when >= start_of(ready):
                break
            planned = planned_percent(start_of(start), deadline, when)
            percent = min(95, max(5, planned + ahead + self.rng.randint(-2, 2)))
            self.report(task, when, percent, self.rng.choice(self.words["notes"]["steady"]))
        self.deliver_named(task, entry)
        for product in task.products.all() if early else ():
            self.deliver(product, ready, remedied=False)

    def deliver_named(self, task: Task, entry: dict[str, Any]) -> None:
        """Checklist products that were due before the rest and came in time."""
        for product in task.products.all():
            if product.checklist_code in entry.get("delivered", ()) and product.deadline:
                self.deliver(product, last_day(product.deadline) - 2 * DAY, remedied=False)

    def report_times(self, task: Task) -> Iterator[datetime]:
        """Mondays and Thursdays, every day in a task of one week, and this morning."""
        day, deadline = span(task)
        short = deadline - start_of(day) <= 8 * DAY
        while start_of(day + DAY) < self.now:
            if short or day.weekday() in {0, 3}:
                yield self.hour(day, 15, 18)
            day += DAY
        if short:
            yield self.now - timedelta(minutes=self.rng.randint(60, 300))


def span(task: Task) -> tuple[date, datetime]:
    """First day and deadline; the database keeps active tasks from lacking either."""
    if task.start is None or task.deadline is None:
        raise ValueError(f"{task.code} is active without dates")
    return task.start, task.deadline


def newest(product: Product) -> Submission:
    return product.submissions.order_by("-round")[0]


def live_through(campaign: Campaign, people: People, *, now: datetime) -> int:
    """Play the story of all active tasks up to now; returns the number of events."""
    story = Story(campaign, people, now)
    tasks = Task.objects.active().filter(campaign=campaign).select_related("owner", "unit")
    for task in tasks.select_related("block__deputy").prefetch_related("products"):
        story.tell(task)
    story.decide({task.code: task for task in tasks})
    return story.play()
