"""First the line of the trail, then the answer: what a request has loaded, and what it has written.

``audit.record`` writes at once and outside any transaction of the view (no ATOMIC_REQUESTS), so a
line is committed before the view returns; if it cannot be written, ``TrailError`` ends the
request. This module is the net below: where levels of 2 and higher are allowed, a request that has
loaded such a row and has committed no line gives no answer either
(``security.middleware.TrailFirstMiddleware``).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from django.db import connection

from security.levels import Secrecy

FIRST = Secrecy.CONFIDENTIAL  # from this level on


@dataclass
class Reading:
    """One request."""

    depth: int  # transactions open around it: none but in tests
    secret: bool = False  # a row of such a level was loaded
    written: bool = False  # a line was committed

    @property
    def owes_a_line(self) -> bool:
        return self.secret and not self.written


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)


@contextmanager
def watched() -> Iterator[Reading]:
    reading = Reading(depth=_open_transactions())
    token = _reading.set(reading)
    try:
        yield reading
    finally:
        _reading.reset(token)


def note_row(level: int | None) -> None:
    """A protected row was loaded; without its level (``only``) it counts as secret."""
    reading = _reading.get()
    if reading is not None and (level is None or level >= FIRST):
        reading.secret = True


def note_line() -> None:
    """A line was written. One that a service's transaction may still take back does not count."""
    reading = _reading.get()
    if reading is not None and _open_transactions() <= reading.depth:
        reading.written = True


def _open_transactions() -> int:
    return len(connection.atomic_blocks)
