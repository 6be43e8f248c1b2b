"""New members and cadres, each with the person behind the row."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils import timezone

from records.codes import Codes
from records.fields import fields_of
from records.models import Cadre, Member, Person
from records.problems import problem_of
from records.services.cleaning import (
    Raw,
    clean_values,
    codes_for,
    missing,
    name_columns,
    refusals,
    split_by_register,
)
from security import audit
from security.levels import Secrecy, Sensitivity
from security.models import Unit, User
from security.services import RefusedError, check_action
from security.services.problems import check_new_level
from security.services.secrecy import follow_level

Row = TypeVar("Row", Member, Cadre)
EDIT = "records.edit"


def create_member(
    *,
    actor: User | None,
    now: datetime,
    unit: Unit,
    values: Raw,
    person: Person | None = None,
    level: int = Secrecy.INTERNAL,
    sensitivity: int = Sensitivity.PERSONAL,
    basis: str = "",
    reason: str = "",
) -> Member:
    """Enter a member in the register of ``unit`` (a cell).

    values: texts by field key (records.fields.MEMBER_FIELDS and PERSON_FIELDS); dates as
    dd/mm/yyyy, mm/yyyy, yyyy or ISO; codes as codes. person: somebody already known as a cadre;
    then only member fields may be given. level: 0 or 1; a classified person's new row has his
    level, on his classification. actor None is the installation itself.

    Raises RefusedError with FieldProblems; nothing is stored then.
    """
    return _create(
        Member,
        actor=actor,
        now=now,
        unit=unit,
        values=values,
        person=person,
        level=level,
        sensitivity=sensitivity,
        basis=basis,
        reason=reason,
    )


def create_cadre(
    *,
    actor: User | None,
    now: datetime,
    unit: Unit,
    values: Raw,
    person: Person | None = None,
    level: int = Secrecy.INTERNAL,
    sensitivity: int = Sensitivity.PERSONAL,
    basis: str = "",
    reason: str = "",
) -> Cadre:
    """Enter a cadre of ``unit``; as ``create_member`` with CADRE_FIELDS and PERSON_FIELDS."""
    return _create(
        Cadre,
        actor=actor,
        now=now,
        unit=unit,
        values=values,
        person=person,
        level=level,
        sensitivity=sensitivity,
        basis=basis,
        reason=reason,
    )


def build(
    model: type[Row],
    *,
    now: datetime,
    unit: Unit,
    values: Raw,
    codes: Codes,
    person: Person | None,
    level: int,
    sensitivity: int,
    basis: str,
) -> Row:
    """An unsaved, checked row with its person; raises RefusedError."""
    fields = fields_of(model)
    if person is not None:
        fields = tuple(field for field in fields if field.register is model)
    clean, problems = clean_values(values, fields, codes)
    reported = {problem.field for problem in problems}
    problems += [p for p in missing(clean, fields) if p.field not in reported]
    if problems:
        raise RefusedError(*problems)
    of_person, own = split_by_register(clean, fields)
    placed = {
        **unit.placement,
        "sensitivity": max(sensitivity, person.sensitivity if person else 0),
        "level": max(level, person.level if person else 0),
        "created_at": now,
        "basis": basis,
    }
    if person is None:
        person = Person(**placed, **of_person, **name_columns(str(of_person["full_name"])))
    row = model(**placed, **own, **name_columns(person.full_name), person=person)
    if problems := refusals(row, codes, today=timezone.localdate(now)):
        raise RefusedError(*problems)
    return row


def _create(
    model: type[Row],
    *,
    actor: User | None,
    now: datetime,
    unit: Unit,
    values: Raw,
    person: Person | None,
    level: int,
    sensitivity: int,
    basis: str,
    reason: str,
) -> Row:
    check_new_level(level)
    codes = codes_for(fields_of(model), day=timezone.localdate(now))
    try:
        with transaction.atomic():
            if person is not None:
                # His name is copied into the row: as it is now, not as the caller read it once.
                person = Person.objects.select_for_update().get(pk=person.pk)
            row = build(
                model,
                now=now,
                unit=unit,
                values=values,
                codes=codes,
                person=person,
                level=level,
                sensitivity=sensitivity,
                basis=basis,
            )
            if actor is not None:
                check_action(actor, EDIT, row)
            if person is None:
                save_version(row.person, actor=actor, now=now, reason=reason)
            save_version(row, actor=actor, now=now, reason=reason)
            raise_level(row, actor=actor, now=now, reason=reason)
            follow_level([row], holder=row.person)
            audit.record(f"{model._meta.model_name}.created", actor=actor, row=row, reason=reason)
    except IntegrityError as error:
        raise RefusedError(problem_of(error)) from error
    return row


def raise_level(row: Member | Cadre, *, actor: User | None, now: datetime, reason: str) -> None:
    """A secrecy level raised in one register holds for all that is kept of the person."""
    others = [
        *Person.objects.select_for_update().filter(pk=row.person_id, level__lt=row.level),
        *Member.objects.select_for_update().filter(person=row.person_id, level__lt=row.level),
        *Cadre.objects.select_for_update().filter(person=row.person_id, level__lt=row.level),
    ]
    for other in others:
        other.level = row.level
        other.version += 1
        save_version(other, actor=actor, now=now, reason=reason)
        audit.record(
            f"{other._meta.model_name}.changed",
            actor=actor,
            row=other,
            fields=["level"],
            reason=reason,
        )


def save_version(
    row: Person | Member | Cadre, *, actor: User | None, now: datetime, reason: str
) -> None:
    """Save, and let the history say who, when and why."""
    version: Any = row  # the history library reads these attributes
    version._history_user = actor
    version._history_date = now
    version._change_reason = reason[:300]
    version.save()
