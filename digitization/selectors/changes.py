"""Who changed what of a programme, a lot, a dossier, a page; and what stood there before.

Each asks for a visible row. A version is told to whoever may read a row of the level and
sensitivity that it had then; a value of the index to whoever may read its field.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from digitization.fields import readable_keys
from digitization.models import (
    Document,
    DocumentType,
    Dossier,
    IndexField,
    IndexValue,
    Lot,
    Page,
    Programme,
)
from security.fields import may_read
from security.history import Change, ToldField, author, differences, hidden, pairs, said
from security.levels import Secrecy, Sensitivity
from security.models import Protected, User

SHOWN = 40
LINES_TOLD = 6
Found = dict[tuple[datetime, int | None], Change]
Sentences = Callable[[Any, Any], Iterable[str]]


def programme_changes(user: User, programme: Programme) -> list[Change]:
    """Of a programme and of the counts expected of its catalogue; three queries."""
    found: Found = {}
    _of_row(found, user, programme, ("unit", "focal_person"), PROGRAMME)
    types: Any = DocumentType.history
    _tell(found, _all(types.filter(programme_id=programme.pk)), _expected)
    return _newest(found)


def lot_changes(user: User, lot: Lot) -> list[Change]:
    """Of a lot: who scans it, how it was judged."""
    found: Found = {}
    _of_row(found, user, lot, ("unit", "assigned_to", "judged_by"), LOT)
    return _newest(found)


def changes_of(user: User, dossier: Dossier) -> list[Change]:
    """Of a dossier, its papers and its index data, also of values that are gone."""
    found: Found = {}
    _of_row(found, user, dossier, ("unit",), DOSSIER)
    papers: Any = Document.history
    _tell(found, _all(papers.filter(dossier_id=dossier.pk).select_related("type")), _paper)
    values: Any = IndexValue.history
    rows = _all(values.filter(dossier_id=dossier.pk))
    fields = IndexField.objects.filter(programme_id=dossier.lot.programme_id)
    labels = dict(fields.values_list("key", "name"))
    readable = readable_keys(user, dossier, {row.key for row in rows})

    def told(newer: Any, older: Any) -> Iterator[str]:
        return _index(newer, older, labels.get(newer.key, newer.key), newer.key in readable)

    _tell(found, rows, told)
    return _newest(found)


def page_changes(user: User, page: Page) -> list[Change]:
    """Corrections of a page, line by line, and changes of how secret it is."""
    found: Found = {}

    def told(newer: Any, older: Any) -> Iterator[str]:
        before = page.text if older is None or older.corrected is None else older.corrected
        if newer.corrected is not None and newer.corrected != before:
            yield from _lines(before, newer.corrected)
        if older is not None:
            yield from differences(newer, older, SECRECY, lambda key: True)

    versions: Any = Page.history
    _tell(found, _readable(user, page, versions.filter(id=page.pk)), told)
    return _newest(found)


def _of_row(
    found: Found, user: User, row: Protected, joined: tuple[str, ...], fields: list[ToldField]
) -> None:
    manager: Any = type(row)
    versions = manager.history.filter(id=row.pk).select_related(*joined)

    def told(newer: Any, older: Any) -> Iterator[str]:
        if older is None:
            yield _("Entered")
            return
        yield from differences(_Named(newer, joined), _Named(older, joined), fields, lambda k: True)

    _tell(found, _readable(user, row, versions), told)


class _Named:
    """A version whose keys of other rows read as the names of these."""

    def __init__(self, version: Any, joined: tuple[str, ...]) -> None:
        self._version, self._joined = version, joined

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._version, name)
        return ("" if value is None else str(value)) if name in self._joined else value


def _readable(user: User, row: Protected, versions: Any) -> list[Any]:
    newest = versions.select_related("history_user").order_by("-history_date", "-history_id")
    return [v for v in newest[: SHOWN + 1] if may_read(user, row, v.level, v.sensitivity)]


def _all(versions: Any) -> list[Any]:
    return list(versions.select_related("history_user").order_by(*OLDER_ROWS_FIRST))


def _tell(found: Found, versions: list[Any], sentences: Sentences) -> None:
    """Add what these versions say, of one row or of many, each row's newest first."""
    for _pk, group in groupby(versions, key=lambda one: one.id):
        for newer, older in pairs(list(group)):
            told = list(sentences(newer, older))
            if not told:
                continue
            key = (newer.history_date, newer.history_user_id)
            change = found.setdefault(key, Change(newer.history_date, author(newer)))
            change.reason = change.reason or newer.history_change_reason or ""
            change.sentences += told


def _newest(found: Found) -> list[Change]:
    return sorted(found.values(), key=lambda change: change.at, reverse=True)[:SHOWN]


def _expected(newer: Any, older: Any) -> Iterator[str]:
    if older is None:
        return
    label = _("Expected count of “%(type)s”") % {"type": newer.name}
    before, after = older.expected_count, newer.expected_count
    if before != after:
        yield said(label, *("" if one is None else str(one) for one in (before, after)))


def _paper(newer: Any, older: Any) -> Iterator[str]:
    label = _("Type of paper %(number)d") % {"number": newer.position}
    if newer.history_type == "-":
        yield said(label, newer.type.name, "")
    elif older is None or older.type_id != newer.type_id:
        yield said(label, older.type.name if older else "", newer.type.name)


def _index(newer: Any, older: Any, label: str, readable: bool) -> Iterator[str]:  # noqa: FBT001 - one caller
    if not readable:
        yield hidden(label)
    elif newer.history_type == "-":
        yield said(label, newer.value, "")
    elif older is None or older.value != newer.value:
        yield said(label, older.value if older else "", newer.value)
    else:
        yield _("%(field)s: “%(value)s” confirmed again") % {"field": label, "value": newer.value}


def _lines(before: str, after: str) -> Iterator[str]:
    """Which lines of a text became different; of many, the first few and their number."""
    old, new = before.splitlines(), after.splitlines()
    spans = [one for one in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
             if one[0] != "equal"]  # fmt: skip
    for _tag, first, last, start, stop in spans[:LINES_TOLD]:
        label = _("Line %(number)d") % {"number": start + 1}
        yield said(label, " / ".join(old[first:last]), " / ".join(new[start:stop]))
    if (left := len(spans) - LINES_TOLD) > 0:
        yield ngettext("and %d more place", "and %d more places", left) % left


OLDER_ROWS_FIRST = ("id", "-history_date", "-history_id")
SECRECY = [
    ToldField("level", gettext_lazy("Secrecy level"), lambda value: str(Secrecy(value).label)),
    ToldField("sensitivity", gettext_lazy("Sensitivity"), lambda value: str(Sensitivity(value).label)),
]  # fmt: skip
PLACE = [ToldField("unit", gettext_lazy("Unit")), *SECRECY]
PROGRAMME = [
    ToldField("title", gettext_lazy("Title")),
    ToldField("focal_person", gettext_lazy("Focal person")),
    *PLACE,
]
LOT = [
    ToldField("code", gettext_lazy("Lot code")),
    ToldField("assigned_to", gettext_lazy("Operator")),
    ToldField("state", gettext_lazy("State"), lambda value: str(Lot.State(value).label)),
    ToldField("judged_by", gettext_lazy("Inspector")),
    *PLACE,
]
DOSSIER = [
    ToldField("code", gettext_lazy("Dossier code")),
    ToldField("title", gettext_lazy("Title")),
    ToldField("subject", gettext_lazy("Person or matter")),
    *PLACE,
]
