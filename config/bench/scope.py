"""``bench scope``: the member list of 50 for a cell, a province, the root and thirty cells at once.

Each is divided by the same page without any filter (same view, same template, same trail line), at
the 95th percentile. Capped counts are measured by themselves, and the queries that a user's
scopes cost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config.bench import Result
from config.bench.database import own_database
from config.bench.population import populate, unit_ids
from records.models import Member
from records.models.members import MemberQuerySet
from records.selectors import COUNT_CAP
from records.services import load_code_lists
from records.views.members import member_page
from security.levels import Sensitivity
from security.models import Unit, User
from security.scope import scopes_of
from security.services import grant_role, load_roles

SCALE = 5_000_000
TARGET = 3.0
COUNT_TARGET_MS = 50.0
QUERIES_TARGET = 2
WARM_UPS, ROUNDS = 5, 60
MANY = 30
ROLES = {"cell": "cell_secretary", "province": "keeper", "root": "keeper", "thirty": "keeper"}
SEARCHES = {
    "list": {},
    "search": {"q": "nguyen van an"},
    "accented_search": {"q": "Nguyễn Văn Ân"},
    "broad_search": {"q": "nguyen"},
}
Measured = dict[str, Callable[[], object]]


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """Build the population in a database of its own, measure, drop it. ``scale``: member rows.

    ``ok``: lists at most 3 times the unfiltered page; counts at most 50 ms or 3 times; scopes in
    at most two queries. Searches are reported without a target.
    """
    members = scale or SCALE
    with own_database("bench_scope"):
        load_roles()
        load_code_lists()
        populate(members)
        readers = _readers(unit_ids(members))
        figures = {f"{who}_scope_queries": _scope_queries(user) for who, user in readers.items()}
        times: dict[str, float] = {}
        for search, query in SEARCHES.items():
            rounds = ROUNDS if search == "list" else ROUNDS // 3
            times |= _measure(_pages(readers, query), f"{search}_ms", rounds)
        times |= _measure(_counts(readers), "count_ms", ROUNDS)
    floors = {key: times.pop(key) for key in list(times) if key.startswith("unfiltered")}
    ratios = {
        key.removesuffix("_ms"): round(ms / floors[f"unfiltered_{key.split('_', 1)[1]}"], 2)
        for key, ms in times.items()
    }
    targets = {f"{who}_list": TARGET for who in ROLES}
    return Result(
        name="scope",
        scale=members,
        figures={**times, **figures},
        floors=floors,
        ratios=ratios,
        targets={
            **targets,
            **{f"{who}_count_ms": COUNT_TARGET_MS for who in ROLES},
            **{f"{who}_scope_queries": QUERIES_TARGET for who in ROLES},
        },
        ok=all(ratios[key] <= target for key, target in targets.items())
        and all(_counted(who, times, ratios) for who in ROLES)
        and all(queries <= QUERIES_TARGET for queries in figures.values()),
    )


def _counted(who: str, times: dict[str, float], ratios: dict[str, float]) -> bool:
    return times[f"{who}_count_ms"] <= COUNT_TARGET_MS or ratios[f"{who}_count"] <= TARGET


def _readers(ids: dict[str, int]) -> dict[str, User]:
    """One reader on each unit, and one with a role on each of thirty cells far apart."""
    cells = list(Unit.objects.filter(kind=Unit.Kind.CELL, pk__gt=ids["cell"]).order_by("code"))
    places = {who: [Unit.objects.get(pk=pk)] for who, pk in ids.items()}
    places["thirty"] = cells[:: max(len(cells) // MANY, 1)][:MANY]
    readers = {}
    for who, units in places.items():
        user = User.objects.create(username=who, full_name=who, unit=units[0])
        for unit in units:
            grant_role(
                actor=None,
                user=user,
                role=ROLES[who],
                unit=unit,
                now=datetime(2020, 1, 1, tzinfo=UTC),
                max_sensitivity=Sensitivity.SENSITIVE,
            )
        readers[who] = user
    return readers


def _scope_queries(user: User) -> int:
    user._scopes = None  # as at the beginning of every request
    with CaptureQueriesContext(connection) as queries:
        scopes_of(user)
        scopes_of(user)
    return len(queries)


def _measure(actions: Measured, suffix: str, rounds: int) -> dict[str, float]:
    """95th percentile per reader in ms, taken in turns so that a slow moment hits all alike."""
    taken: dict[str, list[float]] = {who: [] for who in actions}
    for number in range(WARM_UPS + rounds):
        for who, action in actions.items():
            started = time.perf_counter()
            action()
            if number >= WARM_UPS:
                taken[who].append((time.perf_counter() - started) * 1000)
    return {
        f"{who}_{suffix}": round(sorted(times)[math.ceil(len(times) * 0.95) - 1], 2)
        for who, times in taken.items()
    }


def _pages(readers: dict[str, User], query: dict[str, str]) -> Measured:
    pages: Measured = {who: _page(user, query, filtered=True) for who, user in readers.items()}
    return {**pages, "unfiltered": _page(readers["root"], query, filtered=False)}


def _counts(readers: dict[str, User]) -> Measured:
    counts: Measured = {who: _count(user, filtered=True) for who, user in readers.items()}
    return {**counts, "unfiltered": _count(readers["root"], filtered=False)}


def _rows(user: User, *, filtered: bool) -> MemberQuerySet:
    user._scopes = None  # as at the beginning of every request
    rows: MemberQuerySet = Member.objects.visible_to(user) if filtered else Member.objects.all()
    return rows


def _count(user: User, *, filtered: bool) -> Callable[[], object]:
    return lambda: _rows(user, filtered=filtered).order_by()[: COUNT_CAP + 1].count()


def _page(user: User, query: dict[str, str], *, filtered: bool) -> Callable[[], object]:
    def page() -> object:
        request = RequestFactory().get(reverse("records:member_list"), query)
        request.user = user
        response = member_page(request, _rows(user, filtered=filtered))
        if response.status_code != 200 or not (query or b"ledger-title" in response.content):
            raise RuntimeError(f"{user.username}: the page shows no member")
        return response

    return page
