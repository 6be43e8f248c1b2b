"""Many members at once, with their history: imports and the demonstration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from records.fields import fields_of
from records.models import Member, Person
from records.problems import FieldProblem, problem_of, row_problem
from records.services.cleaning import Raw, codes_for
from records.services.creating import EDIT, build
from security import audit
from security.levels import Secrecy, Sensitivity
from security.models import Unit, User
from security.services import RefusedError, check_action
from security.services.problems import check_new_level
from security.services.secrecy import follow_level

BATCH = 500


@dataclass(frozen=True)
class MemberRow:
    """One member to register: his cell and his values, as for ``create_member``."""

    unit: Unit
    values: Raw
    level: int = Secrecy.INTERNAL
    sensitivity: int = Sensitivity.PERSONAL
    basis: str = ""
    person: Person | None = field(default=None)


def register_members(
    rows: Sequence[MemberRow],
    *,
    actor: User | None,
    now: datetime,
    reason: str,
) -> list[Member]:
    """Register all rows or none, with history and one line of the trail that names all ids.

    Raises RefusedError with one FieldProblem per fault, each saying its row (from 1).
    """
    codes = codes_for(fields_of(Member), day=timezone.localdate(now))
    members: list[Member] = []
    problems: list[FieldProblem] = []
    for number, row in enumerate(rows, start=1):
        try:
            check_new_level(row.level)
            member = build(
                Member,
                now=now,
                unit=row.unit,
                values=row.values,
                codes=codes,
                person=row.person,
                level=row.level,
                sensitivity=row.sensitivity,
                basis=row.basis,
            )
            if actor is not None:
                check_action(actor, EDIT, member)
            members.append(member)
        except RefusedError as refused:
            problems += [row_problem(number, problem) for problem in refused.problems]
    if problems:
        raise RefusedError(*problems)
    return _store(members, actor=actor, now=now, reason=reason)


def _store(
    members: list[Member], *, actor: User | None, now: datetime, reason: str
) -> list[Member]:
    terms = {
        "batch_size": BATCH,
        "default_user": actor,
        "default_change_reason": reason[:300],
        "default_date": now,
    }
    try:
        with transaction.atomic():
            new = [member.person for member in members if member.person.pk is None]
            bulk_create_with_history(new, Person, **terms)
            stored: list[Member] = bulk_create_with_history(members, Member, **terms)
            for member in stored:
                follow_level([member], holder=member.person)
            audit.record(
                "member.registered",
                actor=actor,
                object_type="records.member",
                ids=[member.pk for member in stored],
                reason=reason,
            )
    except IntegrityError as error:
        raise RefusedError(problem_of(error)) from error
    return stored
