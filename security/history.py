"""The change history of records: naming who changes, and telling it in sentences.

Every table with a history (django-simple-history) is written by services that ``sign`` the row
first, or by the library's bulk helpers, so that each version says who, when and why; a version
without a person was made by the installation itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _

from security.models import Protected, User
from security.rules import Reach
from security.scope import scopes_of

M = TypeVar("M", bound=Model)
REASON_AT_MOST = 100  # the column of the library


def sign(row: M, *, actor: User | None, now: datetime, reason: str = "") -> M:
    """Let the version that the next save of this row writes say who, when and why."""
    version: Any = row  # the history library reads these attributes
    version._history_user, version._history_date = actor, now
    version._change_reason = reason[:REASON_AT_MOST] or None
    return row


@dataclass
class Change:
    """One saving of a record; ``sentences`` say what became different."""

    at: datetime
    who: str
    reason: str = ""
    basis: str = ""
    sentences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class ToldField:
    """A column of a history: its name for people and how a value is written."""

    key: str
    label: object
    written: Callable[[Any], str] = str


def pairs(versions: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
    """(version, the one before it or None) of versions of one row, the newest first."""
    yield from zip(versions, [*versions, None][1:], strict=True)


def said(label: object, before: str, after: str) -> str:
    """What a field was and what it became."""
    if not before:
        return _("%(field)s: “%(after)s” entered") % {"field": label, "after": after}
    if not after:
        return _("%(field)s: “%(before)s” removed") % {"field": label, "before": before}
    return _("%(field)s: “%(before)s” became “%(after)s”") % {
        "field": label,
        "before": before,
        "after": after,
    }


def hidden(label: object) -> str:
    """That a field changed, to somebody who may not read it."""
    return _("%(field)s changed (value not shown)") % {"field": label}


def differences(
    newer: Any, older: Any, fields: Iterable[ToldField], readable: Callable[[str], bool]
) -> Iterator[str]:
    """One sentence per column that differs; values only where ``readable`` says so."""
    for one in fields:
        before, after = getattr(older, one.key), getattr(newer, one.key)
        if before == after:
            continue
        if not readable(one.key):
            yield hidden(one.label)
        else:
            yield said(one.label, _written(one, before), _written(one, after))


def _written(one: ToldField, value: Any) -> str:
    return "" if value is None or value == "" else one.written(value)


def author(version: Any) -> str:
    """Who wrote a version."""
    return str(version.history_user or _("The system"))


def sees_deleted(user: User, model: type[Protected], version: Any) -> bool:
    """Whether this user may see a version of a row that is no longer there.

    The same filter by place, level and sensitivity as for a living row; a grant on the row has
    gone with it and opens nothing.
    """
    place = Reach(version.unit_path, version.level, version.sensitivity)
    return any(
        model.view_action in scope.actions and scope.reach.covers(place)
        for scope in scopes_of(user)
    )
