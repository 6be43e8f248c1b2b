"""``bench scope``: the member list of 50 for a cell, a province and the root, over a million rows.

Each is divided by the same page without any filter (same view, same template, same trail line).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from django.test import RequestFactory
from django.urls import reverse

from config.bench import Result
from config.bench.database import own_database
from config.bench.population import populate, unit_ids
from records.models import Member
from records.services import load_code_lists
from records.views.members import member_page
from security.levels import Sensitivity
from security.models import Unit, User
from security.services import grant_role, load_roles

SCALE = 1_000_000
TARGET = 3.0
WARM_UPS, ROUNDS = 3, 21
ROLES = {"cell": "cell_secretary", "province": "keeper", "root": "keeper"}
SEARCHES = {
    "list": {},
    "search": {"q": "nguyen van an"},
    "accented_search": {"q": "Nguyễn Văn Ân"},
    "broad_search": {"q": "nguyen"},
}


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """Build the population in a database of its own, measure, drop it. ``scale``: member rows."""
    members = scale or SCALE
    with own_database("bench_scope"):
        load_roles()
        load_code_lists()
        populate(members)
        readers = _readers(unit_ids(members))
        figures: dict[str, float] = {}
        for search, query in SEARCHES.items():
            figures |= {f"{who}_{search}_ms": ms for who, ms in _measure(readers, query).items()}
    floors = {key: figures.pop(key) for key in list(figures) if key.startswith("unfiltered")}
    ratios = {
        key.removesuffix("_ms"): round(ms / floors[f"unfiltered_{key.split('_', 1)[1]}"], 2)
        for key, ms in figures.items()
    }
    targets = {f"{who}_list": TARGET for who in ROLES}
    return Result(
        name="scope",
        scale=members,
        figures=figures,
        floors=floors,
        ratios=ratios,
        targets=targets,
        ok=all(ratios[key] <= target for key, target in targets.items()),
    )


def _readers(ids: dict[str, int]) -> dict[str, User]:
    readers = {}
    for who, pk in ids.items():
        unit = Unit.objects.get(pk=pk)
        user = User.objects.create(username=who, full_name=who, unit=unit)
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


def _measure(readers: dict[str, User], query: dict[str, str]) -> dict[str, float]:
    """Median milliseconds per reader, taken in turns so that a slow moment hits all alike."""
    pages: dict[str, Callable[[], object]] = {
        who: _page(user, query, filtered=True) for who, user in readers.items()
    }
    pages["unfiltered"] = _page(readers["root"], query, filtered=False)
    taken: dict[str, list[float]] = {who: [] for who in pages}
    for number in range(WARM_UPS + ROUNDS):
        for who, page in pages.items():
            started = time.perf_counter()
            page()
            if number >= WARM_UPS:
                taken[who].append((time.perf_counter() - started) * 1000)
    return {who: round(median(times), 2) for who, times in taken.items()}


def _page(user: User, query: dict[str, str], *, filtered: bool) -> Callable[[], object]:
    def page() -> object:
        request = RequestFactory().get(reverse("records:member_list"), query)
        request.user = user
        user._scopes = None  # as at the beginning of every request
        rows = Member.objects.visible_to(user) if filtered else Member.objects.all()
        response = member_page(request, rows)
        if response.status_code != 200 or not (query or b"ledger-title" in response.content):
            raise RuntimeError(f"{user.username}: the page shows no member")
        return response

    return page
