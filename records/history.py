"""The history of a record in sentences: who changed what, when, why and on which document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from records.codes import Codes
from records.display import display_value
from records.fields import RecordField, fields_of, readable_fields
from records.models import Cadre, Member, Person
from security.fields import may_read
from security.history import Change, author, hidden, said, sees_deleted
from security.levels import Secrecy
from security.models import Unit, User

SHOWN = 40


def changes_of(user: User, row: Member | Cadre, codes: Codes) -> list[Change]:
    """The newest changes first, at most SHOWN. Hidden fields are named, their values are not.

    The row has passed the filter; a version passes if its own level and sensitivity do, too.
    """
    fields = fields_of(type(row))
    readable = readable_fields(user, row, fields)
    changes: dict[tuple[datetime, int | None], Change] = {}
    for model, pk in ((type(row), row.pk), (Person, row.person_id)):
        own = [f for f in fields if f.register is model]
        for newer, older in _pairs(user, row, model, pk):
            change = changes.setdefault(
                (newer.history_date, newer.history_user_id),
                Change(
                    at=newer.history_date,
                    who=author(newer),
                    reason=newer.history_change_reason or "",
                    basis=newer.basis,
                ),
            )
            change.sentences += _sentences(newer, older, own, readable, codes)
    return sorted(changes.values(), key=lambda change: change.at, reverse=True)[:SHOWN]


def deleted_row(user: User, model: type[Member | Cadre], pk: int) -> Member | Cadre | None:
    """A record that is no longer there, as it was last, with no place in the database.

    None where there never was one, where it still is, and where this user could not see it at its
    last place, level and sensitivity: the filter is the same, and grants are gone with the row.
    """
    history: Any = model.history
    last = history.filter(id=pk).order_by("-history_date", "-history_id").first()
    there = model._base_manager.filter(pk=pk)
    if last is None or not sees_deleted(user, model, last) or there.exists():
        return None
    row: Member | Cadre = last.instance
    return row


def _pairs(
    user: User, row: Member | Cadre, model: type[Member | Cadre | Person], pk: int
) -> Iterator[tuple[Any, Any]]:
    """(version, the version before it or None), the newest first."""
    history: Any = model.history.filter(id=pk)
    versions = list(history.select_related("history_user", "unit")[: SHOWN + 1])
    versions = [v for v in versions if may_read(user, row, v.level, v.sensitivity)]
    yield from zip(versions[:SHOWN], [*versions[1:], None], strict=False)


def _sentences(
    newer: Any, older: Any, fields: Sequence[RecordField], readable: set[str], codes: Codes
) -> Iterator[str]:
    of_register = newer.instance_type is not Person
    if newer.history_type == "-" or older is None:
        if of_register:
            gone = newer.history_type == "-"
            yield _("Taken out of the register") if gone else _("Entered in the register")
        return
    for one in fields:
        before, after = getattr(older, one.key), getattr(newer, one.key)
        if before == after:
            continue
        if one.key not in readable:
            yield hidden(one.label)
        else:
            yield said(one.label, *(display_value(one, v, codes) for v in (before, after)))
    if of_register:
        yield from _placed(newer, older)


def _placed(newer: Any, older: Any) -> Iterator[str]:
    if older.unit_id != newer.unit_id:
        yield said(_("Unit"), _unit_name(older), _unit_name(newer))
    if older.level != newer.level:
        yield said(_("Secrecy level"), *(str(Secrecy(v.level).label) for v in (older, newer)))


def _unit_name(version: Any) -> str:
    unit: Unit = version.unit
    return unit.name
