"""``bench board``: what leaders and units open each morning, over ten thousand tasks of 500 units.

Every page goes through the whole stack (session, user, middleware, frame with navigation) for the
same leader, and is divided by two floors of the same run: the plainest signed-in page (the form for
a new password: one query of its own, for his roles), and the figures that the page shows, asked of
the database in plain SQL (``board_floor``). Pages of a past day are divided by those of today.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import timedelta
from statistics import median
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from config.bench import Result
from config.bench.board_floor import FLOORS, asked
from config.bench.campaign_rows import populate, shine_as_in_week_4
from config.bench.database import own_database
from security.models import User

SCALE = 10_000
UNITS = 500
OF_PLAIN, OF_SQL, OF_TODAY, QUERIES = 10.0, 4.0, 3.0, 15
WARM_UPS, ROUNDS = 3, 15
PAGES = {
    "board": "board",
    "list": "campaign:task_list",
    "products": "campaign:product_list",
    "matrix": "campaign:matrix_six",
    "progress": "campaign:matrix_progress",
    "units": "campaign:matrix_units",
    "timeline": "campaign:timeline",
}
PAST = ("board", "list", "matrix", "timeline")


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """Load the plan and copies of its tasks, measure, drop. ``scale``: number of tasks."""
    tasks = scale or SCALE
    with own_database("bench_board"):
        head = populate(tasks, UNITS, timezone.now(), shine_as_in_week_4)
        return measured(head, tasks)


def measured(head: User, tasks: int) -> Result:
    pages = {"plain": _page(head, reverse("account_change_password"))}
    pages |= {name: _page(head, reverse(view)) for name, view in PAGES.items()}
    past = quote((timezone.now() - timedelta(days=3)).isoformat())
    pages |= {f"{name}_past": _page(head, f"{reverse(PAGES[name])}?at={past}") for name in PAST}
    sql = {f"sql_{name}": asked(name) for name in FLOORS}
    queries = {f"{name}_queries": _queries(page) for name, page in pages.items()}
    load = os.getloadavg()[0]
    taken = _measure({**pages, **sql})
    floors = {key: taken.pop(key) for key in list(taken) if key.startswith(("plain", "sql"))}
    ratios, targets = _ratios(taken, floors, queries)
    return Result(
        name="board",
        scale=tasks,
        figures={**taken, **queries, "load": round(load, 1)},
        floors=floors,
        ratios=ratios,
        targets=targets,
        ok=all(ratios[key] <= target for key, target in targets.items()),
    )


def _ratios(
    taken: dict[str, float], floors: dict[str, float], queries: dict[str, int]
) -> tuple[dict[str, float], dict[str, float]]:
    ratios: dict[str, float] = {}
    targets: dict[str, float] = {}
    for name in PAGES:
        ratios[f"{name}_of_plain"] = taken[f"{name}_ms"] / floors["plain_ms"]
        targets[f"{name}_of_plain"] = OF_PLAIN
        if name in FLOORS:
            ratios[f"{name}_of_sql"] = taken[f"{name}_ms"] / floors[f"sql_{name}_ms"]
            targets[f"{name}_of_sql"] = OF_SQL
    for name in PAST:
        ratios[f"{name}_past_of_today"] = taken[f"{name}_past_ms"] / taken[f"{name}_ms"]
        targets[f"{name}_past_of_today"] = OF_TODAY
    ratios |= {key: float(number) for key, number in queries.items() if key != "plain_queries"}
    targets |= {key: float(QUERIES) for key in queries if key != "plain_queries"}
    return {key: round(value, 2) for key, value in ratios.items()}, targets


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
