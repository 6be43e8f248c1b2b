"""Changes of members and cadres: with a reason, on a document, and never out of one's own reach."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from records.fields import RecordField, fields_of, readable_fields
from records.models import Cadre, Member, Person
from records.problems import FieldProblem, field_problem, problem_of
from records.services.cleaning import (
    Clean,
    Raw,
    clean_values,
    codes_for,
    name_columns,
    refusals,
)
from records.services.creating import EDIT, save_version
from security import audit
from security.models import Unit, User
from security.services import RefusedError, check_action

Row = TypeVar("Row", Member, Cadre)


def update_member(
    *,
    actor: User,
    now: datetime,
    member: Member,
    edition: str,
    values: Raw,
    reason: str,
    basis: str,
    unit: Unit | None = None,
) -> Member:
    """Change fields of a member and of the person behind him.

    edition: ``member.edition`` as it was when the form was made; refused as stale when somebody
    saved in between. values: only the fields to change, as for ``create_member``. reason, basis:
    why, and on which document; both needed. unit: the row moves there; the actor must be allowed
    to edit it before *and* after. Its secrecy level is changed by ``classify`` alone.

    Writes a new version into the history and one line of the trail with the names of the changed
    fields; does nothing when nothing differs. Raises RefusedError; nothing is changed then.
    """
    return _update(
        Member,
        actor=actor,
        now=now,
        pk=member.pk,
        edition=edition,
        values=values,
        reason=reason,
        basis=basis,
        unit=unit,
    )


def update_cadre(
    *,
    actor: User,
    now: datetime,
    cadre: Cadre,
    edition: str,
    values: Raw,
    reason: str,
    basis: str,
    unit: Unit | None = None,
) -> Cadre:
    """Change fields of a cadre and of the person behind him; as ``update_member``."""
    return _update(
        Cadre,
        actor=actor,
        now=now,
        pk=cadre.pk,
        edition=edition,
        values=values,
        reason=reason,
        basis=basis,
        unit=unit,
    )


def _update(
    model: type[Row],
    *,
    actor: User,
    now: datetime,
    pk: int,
    edition: str,
    values: Raw,
    reason: str,
    basis: str,
    unit: Unit | None,
) -> Row:
    try:
        with transaction.atomic():
            rows = model._default_manager.select_related("person", "unit")
            row: Row = rows.select_for_update(of=("self", "person")).get(pk=pk)
            check_action(actor, EDIT, row)
            _refuse(_terms(row, edition, reason, basis))
            changed = _apply(row, actor=actor, now=now, values=values)
            changed |= _place(row, unit)
            if changed:
                check_action(actor, EDIT, row)  # where it goes must be one's own, too
                _store(row, changed, actor=actor, now=now, reason=reason, basis=basis)
    except IntegrityError as error:
        raise RefusedError(problem_of(error)) from error
    return row


def _terms(row: Member | Cadre, edition: str, reason: str, basis: str) -> list[FieldProblem]:
    problems = []
    if edition != row.edition:
        problems.append(field_problem("stale"))
    if not reason.strip():
        problems.append(field_problem("reason_missing", "reason"))
    if not basis.strip():
        problems.append(field_problem("basis_missing", "basis"))
    return problems


def _apply(row: Member | Cadre, *, actor: User, now: datetime, values: Raw) -> set[str]:
    """Put the new values into row and person; returns the keys that differ now."""
    fields = fields_of(type(row))
    codes = codes_for(fields, day=timezone.localdate(now))
    before = values_of(row, fields)
    clean, problems = clean_values(values, fields, codes, before)
    changed = {key for key, value in clean.items() if value != before[key]}
    readable = readable_fields(actor, row, fields)
    # Also where nothing would change: else a guess that is let through would be a right one.
    hidden = values.keys() & before.keys() - readable
    problems += [field_problem("hidden_field", key) for key in sorted(hidden)]
    if changed & _person_keys(fields):
        check_action(actor, EDIT, row.person)
    _refuse(problems)
    by_key = {field.key: field for field in fields}
    for key in changed:
        target = row.person if by_key[key].register is Person else row
        setattr(target, key, clean[key])
    if "full_name" in changed:
        for column, value in name_columns(row.person.full_name).items():
            setattr(row.person, column, value)
    _refuse(refusals(row, codes, today=timezone.localdate(now)))
    return changed


def _place(row: Member | Cadre, unit: Unit | None) -> set[str]:
    if unit is None or unit.pk == row.unit_id:
        return set()
    row.unit, row.unit_path = unit, unit.path
    return {"unit"}


def _store(
    row: Member | Cadre,
    changed: set[str],
    *,
    actor: User,
    now: datetime,
    reason: str,
    basis: str,
) -> None:
    person, of_person = row.person, _person_keys(fields_of(type(row)))
    # A person stands where his membership does; his cadre row may lie elsewhere.
    moves = "unit" in changed and (isinstance(row, Member) or not hasattr(person, "member"))
    if moves:
        person.unit, person.unit_path = row.unit, row.unit_path
    if moves or changed & of_person:
        person.version += 1
        person.basis = basis.strip()
        save_version(person, actor=actor, now=now, reason=reason)
        if "full_name" in changed:
            # The foreign key carried the new name to both registers already.
            row.refresh_from_db(fields=list(name_columns("")))
    if changed - of_person:
        row.version += 1
        row.basis = basis.strip()
        save_version(row, actor=actor, now=now, reason=reason)
    audit.record(
        f"{row._meta.model_name}.changed",
        actor=actor,
        row=row,
        fields=sorted(changed),
        reason=reason,
    )


def values_of(row: Member | Cadre, fields: Iterable[RecordField]) -> Clean:
    """Stored values by field key, the person's among them."""
    return {
        field.key: getattr(row.person if field.register is Person else row, field.key)
        for field in fields
    }


def _person_keys(fields: Iterable[RecordField]) -> set[str]:
    return {field.key for field in fields if field.register is Person}


def _refuse(problems: list[FieldProblem]) -> None:
    if problems:
        raise RefusedError(*problems)
