"""``bench board``: the leaders' board over ten thousand tasks, against the plainest signed-in page.

Both go through the whole stack (session, user, middleware, frame with navigation) for the same
leader. The plain page is the form for a new password: one query of its own, for his roles.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import count, cycle
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import quote

import yaml
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaign.models import Light, LightTransition, Product, ProgressReport, Task
from campaign.rules import end_of, start_of
from campaign.services import load_plan
from config.bench import Result
from config.bench.database import own_database
from security.database_roles import as_owner
from security.models import Unit, User
from security.services import grant_role, load_roles

SCALE = 10_000
TARGETS = {"board": 10.0, "board_past": 20.0, "queries": 12.0}
WARM_UPS, ROUNDS = 3, 21
PLAN = Path(settings.BASE_DIR) / "campaign" / "data" / "plan_45.yaml"
WEEK = timedelta(days=7)
# A campaign as one sees it in week 4.
LIGHTS = (
    *(Light.RED,) * 2,
    *(Light.YELLOW,) * 3,
    *(Light.GREEN,) * 7,
    *(Light.GREY,) * 6,
    *(Light.DONE,) * 6,
)


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """Load the plan and copies of its tasks, measure, drop. ``scale``: number of tasks."""
    tasks = scale or SCALE
    now = timezone.now()
    with own_database("bench_board"):
        head = _population(tasks, now)
        past = quote((now - timedelta(days=3)).isoformat())
        pages = {
            "plain": _page(head, reverse("account_change_password")),
            "board": _page(head, reverse("board")),
            "board_past": _page(head, f"{reverse('board')}?at={past}"),
        }
        queries = {f"{name}_queries": _queries(page) for name, page in pages.items()}
        taken = _measure(pages)
    floors = {"plain_ms": taken.pop("plain_ms"), "plain_queries": queries.pop("plain_queries")}
    ratios = {
        name.removesuffix("_ms"): round(ms / floors["plain_ms"], 2) for name, ms in taken.items()
    }
    ratios["queries"] = float(queries["board_queries"])
    return Result(
        name="board",
        scale=tasks,
        figures={**taken, **queries},
        floors=floors,
        ratios=ratios,
        targets=TARGETS,
        ok=all(ratios[key] <= target for key, target in TARGETS.items()),
    )


def _page(user: User, path: str) -> Callable[[], object]:
    host = next((name for name in settings.ALLOWED_HOSTS if name not in {"*", ""}), "localhost")
    client = Client(HTTP_HOST=host.lstrip("."))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")

    def page() -> object:
        response = client.get(path, secure=settings.HTTPS)
        if response.status_code != 200:
            raise RuntimeError(f"{path}: {response.status_code}")
        return response

    return page


def _queries(page: Callable[[], object]) -> int:
    page()
    with CaptureQueriesContext(connection) as captured:
        page()
    return len(captured)


def _measure(pages: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Median milliseconds, taken in turns so that a slow moment hits all alike."""
    taken: dict[str, list[float]] = {name: [] for name in pages}
    for number in range(WARM_UPS + ROUNDS):
        for name, page in pages.items():
            started = time.perf_counter()
            page()
            if number >= WARM_UPS:
                taken[name].append((time.perf_counter() - started) * 1000)
    return {f"{name}_ms": round(median(times), 2) for name, times in taken.items()}


# --- population -------------------------------------------------------------------------


def _population(tasks: int, now: datetime) -> User:
    """The real plan in its week 4 and copies of its tasks up to ``tasks``; its head."""
    load_roles()
    today = timezone.localdate(now)
    start = today - timedelta(days=(today.weekday() - 4) % 7) - 3 * WEEK
    begin = start_of(start)
    load_plan(PLAN, actor=None, now=begin, start=start)
    _people(begin)
    load_plan(PLAN, actor=None, now=begin, start=start)
    _copies(tasks, now)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return User.objects.get(username="truongban")


def _people(begin: datetime) -> None:
    units = {unit.code: unit for unit in Unit.objects.all()}
    for person in yaml.safe_load(PLAN.read_text("utf-8"))["people"]:
        user = User.objects.create(
            username=person["username"],
            full_name=person["full_name"],
            post=person.get("post", ""),
            unit=units[person["unit"]],
        )
        for role in person["roles"]:
            grant_role(
                actor=None, user=user, role=role["role"], unit=units[role["unit"]], now=begin
            )


def _copies(tasks: int, now: datetime) -> None:
    """Drafts first: the database wants a product before a task may run."""
    models = list(Task.objects.order_by("pk"))
    number, model = count(), cycle(models)
    fields = [f.attname for f in Task._meta.concrete_fields if not f.primary_key]
    fresh = []
    for _ in range(max(0, tasks - len(models))):
        like = next(model)
        copy = Task(**{name: getattr(like, name) for name in fields})
        copy.code, copy.state, copy.light = f"X{next(number)}", Task.State.DRAFT, ""
        fresh.append(copy)
    Task.objects.bulk_create(fresh, batch_size=1000)
    Product.objects.bulk_create(
        (Product(task=task, position=1, title="Sản phẩm") for task in fresh), batch_size=2000
    )
    lights = cycle(LIGHTS)
    for task in fresh:
        _shine(task, next(lights), now)
    columns = ["state", "light", "done_at", "deadline", "next_change_at", "late_days"]
    Task.objects.bulk_update(fresh, columns, batch_size=1000)
    _pasts(fresh, now)


def _shine(task: Task, light: str, now: datetime) -> None:
    """Facts that fit the light; nothing waits for a sweep."""
    done = light == Light.DONE
    task.state = Task.State.DONE if done else Task.State.ACTIVE
    task.light, task.done_at = light, now - WEEK if done else None
    days = -4 if light == Light.RED else 2 if light == Light.YELLOW else 20
    task.deadline = end_of(timezone.localdate(now) + timedelta(days=days), before=False)
    task.next_change_at = None if done or light == Light.RED else now + timedelta(days=1)
    task.late_days = task.pk % 3 if done else 0


def _pasts(tasks: list[Task], now: datetime) -> None:
    """Each task lit four weeks ago, a quarter of them changed within the last; one report each."""
    transitions = []
    for task in tasks:
        changes = [("", Light.GREY, now - 4 * WEEK), (Light.GREY, task.light, now - 2 * WEEK)]
        if task.pk % 4 == 0:
            changes[-1] = (Light.GREY, task.light, now - timedelta(days=task.pk % 7))
        transitions += [
            LightTransition(
                task=task,
                number=number,
                from_light=before,
                to_light=after,
                effective_at=at,
                detected_at=at,
            )
            for number, (before, after, at) in enumerate(changes, 1)
            if before != after
        ]
    LightTransition.objects.bulk_create(transitions, batch_size=2000)
    ProgressReport.objects.bulk_create(
        (
            ProgressReport(task=task, percent=task.pk % 90, by_id=task.owner_id, at=now - WEEK)
            for task in tasks
            if task.owner_id is not None
        ),
        batch_size=2000,
    )
