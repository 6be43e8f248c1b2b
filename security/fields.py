"""Fields that not everybody reads: one rule for detail, form, list, API, export, search, order.

Each floor keeps a registry of its fields with a secrecy level and a sensitivity (records:
``records.fields``, index data: ``digitization.fields``; the fields of a task are all as open as
the task). A field counts as the higher of its own and its row's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol, TypeVar

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from security.models import Protected, User
from security.scope import caps_on, scopes_of, scopes_q
from security.services.problems import Problem, RefusedError

Q = TypeVar("Q", bound=QuerySet[Any])


class FieldLevel(Protocol):
    """What a registry says of one field."""

    @property
    def key(self) -> str: ...
    @property
    def level(self) -> int: ...
    @property
    def sensitivity(self) -> int: ...


class HiddenFieldError(RefusedError):
    """Somebody asked to search, filter or sort by a field that he may not read: 400."""

    def __init__(self, keys: Iterable[str]) -> None:
        self.keys = sorted(keys)
        super().__init__(
            Problem(
                "hidden_filter",
                _("You may not search, filter or sort by a field that you may not read."),
            )
        )


def readable_fields(
    user: User, row: Protected, fields: Iterable[FieldLevel], *, held_by: Protected | None = None
) -> set[str]:
    """Keys of the fields whose values this user may read on this (visible) row.

    held_by: another row that the values lie in, whose level and sensitivity count, too.
    """
    caps = caps_on(user, row)
    holders = [row] if held_by is None else [row, held_by]
    level = max(holder.level for holder in holders)
    sensitivity = max(holder.sensitivity for holder in holders)
    return {
        field.key
        for field in fields
        if _covered(caps, max(field.level, level), max(field.sensitivity, sensitivity))
    }


def may_read(user: User, row: Protected, level: int, sensitivity: int) -> bool:
    """Whether something of that level and sensitivity may be read on this (visible) row."""
    return _covered(caps_on(user, row), level, sensitivity)


def where_readable(user: User, rows: Q, *fields: FieldLevel) -> Q:
    """The (visible) rows on which this user may read all these fields, to search or sort by them.

    Elsewhere an answer would tell what the field holds. Raises HiddenFieldError where he may read
    them nowhere.
    """
    level = max(field.level for field in fields)
    sensitivity = max(field.sensitivity for field in fields)
    scopes = scopes_of(user)
    able = [one for one in scopes if one.level >= level and one.sensitivity >= sensitivity]
    if len(able) == len(scopes):
        return rows
    if not any(rows.model.view_action in one.actions for one in able):
        raise HiddenFieldError(field.key for field in fields)
    return rows.filter(scopes_q(user, able, rows.model))


def _covered(caps: list[tuple[int, int]], level: int, sensitivity: int) -> bool:
    return any(level <= one and sensitivity <= other for one, other in caps)
