"""The register of the walk: every address of the product, who may open it, and about which row.

Written down by hand and not worked out from the code under test. A door that is not in here, or
one in here that no longer exists, fails ``test_register``. Areas keep their doors in ``doors/``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from tests.walk.rows import Rows

TASK_VIEWERS = frozenset({"head", "deputy", "office", "unit_head", "unit_staff"})
SCAN_VIEWERS = frozenset({"unit_head", "operator", "inspector", "keeper"})
SIGNED_IN = frozenset(
    {
        *TASK_VIEWERS, *SCAN_VIEWERS,
        "cell_secretary", "member", "security_officer", "administrator", "nobody", "expired",
    }
)  # fmt: skip
OUTSIDE = frozenset({"disabled", "anonymous"})
ANYBODY = SIGNED_IN | OUTSIDE

Kwargs = Callable[[Rows], dict[str, Any]]


@dataclass(frozen=True, eq=False)
class Door:
    """One address and method.

    roles: who is let in on an own row, answered with ``status``.
    kwargs: the address's parts from the rows of one place; ``None`` where there is no row.
    crossed: addresses that mix an own row with somebody else's part.
    seen: people who see the row but may not do this, with their answer.
    partial: also asked by htmx. moves: its page changes by being asked (a trail), so two visits
    cannot be compared. outside: the answer to whoever is not signed in.
    tells: why a canary may stand here after all; empty almost everywhere.
    elsewhere: the test that asks here, where the walk cannot. hidden: the answer at another's row.
    mute: what is missing here is no protected row, so asking for it leaves no denial.
    fixed: its address is the same for everybody.
    json: its body is sent as JSON.
    linked: the kind of row that its short-lived link is for; every asker brings one of his own.
    """

    name: str
    roles: frozenset[str]
    kwargs: Kwargs | None = None
    method: str = "GET"
    status: int = 200
    data: Kwargs = field(default=lambda rows: {})
    query: str = ""
    crossed: tuple[Callable[[Rows, Rows], dict[str, Any]], ...] = ()
    seen: dict[str, int] = field(default_factory=dict)
    partial: bool = False
    moves: bool = False
    outside: int = 302
    tells: str = ""
    elsewhere: str = ""
    hidden: int = 404
    mute: bool = False
    fixed: bool = False
    linked: str = ""
    json: bool = False

    def __str__(self) -> str:
        return f"{self.method}-{self.name}{self.query}"

    def answer_to(self, who: str) -> int:
        """The status that this person gets on an own row."""
        if who in self.roles:
            return self.status
        if who in self.seen:
            return self.seen[who]
        return self.outside if who in OUTSIDE else 404


def roles(*names: str) -> frozenset[str]:
    return frozenset(names)


def patterns(
    resolver: URLResolver | None = None, spaces: tuple[str, ...] = (), before: str = ""
) -> Iterator[tuple[str, str]]:
    """(name with its namespaces, route) of every address the product answers."""
    for entry in (resolver or get_resolver()).url_patterns:
        route = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = (*spaces, entry.namespace) if entry.namespace else spaces
            yield from patterns(entry, inner, route)
        elif isinstance(entry, URLPattern):
            yield ":".join([*spaces, entry.name or f"<{route}>"]), route
