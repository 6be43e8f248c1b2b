"""Who confirmed which index value of a dossier, and what stood there before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _

from digitization.fields import readable_keys
from digitization.models import Dossier, IndexField, IndexValue
from security.history import Change, author, hidden, pairs, said
from security.models import User

SHOWN = 40


def changes_of(user: User, dossier: Dossier) -> list[Change]:
    """The newest changes of a visible dossier's index data, at most SHOWN; three queries.

    A value is told to whoever may read its field, that it changed to everybody else; also of
    values that are gone.
    """
    history: Any = IndexValue.history
    rows = history.filter(dossier_id=dossier.pk).select_related("history_user")
    rows = list(rows.order_by("id", "-history_date", "-history_id"))
    fields = IndexField.objects.filter(programme_id=dossier.lot.programme_id)
    labels = dict(fields.values_list("key", "name"))
    readable = readable_keys(user, dossier, {row.key for row in rows})
    found: dict[tuple[datetime, int | None], Change] = {}
    for _pk, group in groupby(rows, key=lambda one: one.id):
        for newer, older in pairs(list(group)):
            key = (newer.history_date, newer.history_user_id)
            change = found.setdefault(key, Change(newer.history_date, author(newer)))
            label = labels.get(newer.key, newer.key)
            change.sentences += _sentences(newer, older, label, newer.key in readable)
    return sorted(found.values(), key=lambda change: change.at, reverse=True)[:SHOWN]


def _sentences(newer: Any, older: Any, label: str, readable: bool) -> Iterator[str]:  # noqa: FBT001 - one caller
    if not readable:
        yield hidden(label)
    elif newer.history_type == "-":
        yield said(label, newer.value, "")
    elif older is None or older.value != newer.value:
        yield said(label, older.value if older else "", newer.value)
    else:
        yield _("%(field)s: “%(value)s” confirmed again") % {"field": label, "value": newer.value}
