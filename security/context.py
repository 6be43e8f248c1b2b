"""Where a line of the trail comes from: set by the request middleware or by a job's start."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    session: str = ""  # hash, never the key itself
    address: str = ""
    request: str = ""  # request or job id


NOWHERE = Origin()
_origin: ContextVar[Origin] = ContextVar("origin", default=NOWHERE)


def current_origin() -> Origin:
    return _origin.get()


@contextmanager
def origin(value: Origin) -> Iterator[None]:
    token = _origin.set(value)
    try:
        yield
    finally:
        _origin.reset(token)


def amend_origin(change: Callable[[Origin], Origin]) -> None:
    """Replace the origin from here to the end of the running request or job, which resets it."""
    _origin.set(change(_origin.get()))


def session_mark(key: str | None) -> str:
    """What the trail keeps of a session's key: lines of one session can be told to be so."""
    return hashlib.sha256(key.encode()).hexdigest()[:32] if key else ""
