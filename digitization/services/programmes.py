"""Programmes and the gate of step 1."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Count, Sum
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from digitization import catalogue
from digitization.models import DocumentType, IndexField, Programme, ProgrammeStep
from digitization.problems import refused
from digitization.rules import CatalogueFacts, step_1_problems
from security import audit
from security.history import sign
from security.levels import Secrecy, Sensitivity
from security.models import Unit, User
from security.scope import may
from security.services import check_action
from security.services.problems import check_new_level

ACTION = "digitization.manage"


@transaction.atomic
def create_programme(
    *,
    actor: User,
    now: datetime,
    code: str,
    title: str,
    kind: str,
    unit: Unit,
    focal_person: User | None = None,
    expected: Mapping[str, int] | None = None,
    level: int = Secrecy.INTERNAL,
    sensitivity: int = Sensitivity.PERSONAL,
) -> Programme:
    """Begin a programme in its lead unit: catalogue, index fields and seven steps from the data.

    expected: how many papers of which document type (code → count) are in scope; it can be set
    later with ``set_expected``. Step 1 is open, the others wait.
    """
    check_action(actor, ACTION, unit)
    if focal_person is not None:
        _check_focal(actor, focal_person)
    check_new_level(level)
    programme = Programme(
        **unit.placement,
        level=level,
        sensitivity=sensitivity,
        created_at=now,
        code=code,
        title=title,
        kind=kind,
        focal_person=focal_person,
    )
    sign(programme, actor=actor, now=now).save()
    check_action(actor, ACTION, programme)  # at its level, too
    _copy_catalogue(programme, expected or {}, actor=actor, now=now)
    _copy_steps(programme)
    audit.record("programme.created", actor=actor, row=programme)
    return programme


@transaction.atomic
def set_focal_person(*, actor: User, programme: Programme, person: User, now: datetime) -> None:
    """Name the one person who answers for the programme: active, on a unit that the actor runs."""
    check_action(actor, ACTION, programme)
    _check_focal(actor, person)
    programme.focal_person = person
    sign(programme, actor=actor, now=now).save(update_fields=["focal_person"])
    audit.record("programme.changed", actor=actor, row=programme, fields=["focal_person"])


@transaction.atomic
def set_expected(
    *, actor: User, programme: Programme, counts: Mapping[str, int | None], now: datetime
) -> int:
    """Set the expected counts of document types by code; None takes a type out of scope.

    Returns how many types were set. Raises RefusedError for a code that the catalogue lacks.
    """
    check_action(actor, ACTION, programme)
    types = {one.code: one for one in programme.types.select_for_update()}
    if not counts.keys() <= types.keys():
        raise refused("no_catalogue")
    for code, count in counts.items():
        types[code].expected_count = count
    changed = [types[code] for code in counts]
    bulk_update_with_history(
        changed, DocumentType, ["expected_count"], default_user=actor, default_date=now
    )
    audit.record("programme.changed", actor=actor, row=programme, fields=["expected_count"])
    return len(counts)


def _check_focal(actor: User, person: User) -> None:
    if not (person.is_active and may(actor, ACTION, person.unit)):
        raise refused("not_focal")


def catalogue_facts(programme: Programme) -> CatalogueFacts:
    """The facts of the gate of step 1 as the database has them now."""
    sums = programme.types.filter(expected_count__gt=0).aggregate(
        types=Count("id"), expected=Sum("expected_count")
    )
    return CatalogueFacts(
        types_expected=sums["types"],
        pages_or_papers_expected=sums["expected"] or 0,
        lead_unit=programme.unit.code,
        focal_person=programme.focal_person.username if programme.focal_person else "",
    )


@transaction.atomic
def close_step_1(*, actor: User, programme: Programme, now: datetime) -> ProgrammeStep:
    """Close "catalogue, scope, lead" if its gate opens; what the gate saw is kept as evidence.

    Raises RefusedError with one problem per missing thing.
    """
    check_action(actor, ACTION, programme)
    programme = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    step = programme.steps.select_for_update().get(number=1)
    if step.state == ProgrammeStep.State.CLOSED:
        raise refused("step_closed")
    facts = catalogue_facts(programme)
    problems = step_1_problems(facts)
    if problems:
        raise refused(*problems)
    step.state, step.closed_at, step.closed_by = ProgrammeStep.State.CLOSED, now, actor
    step.evidence = {
        "types_expected": facts.types_expected,
        "papers_expected": facts.pages_or_papers_expected,
        "lead_unit": facts.lead_unit,
        "focal_person": facts.focal_person,
    }
    step.save()
    ProgrammeStep.objects.filter(programme=programme, number=2).update(
        state=ProgrammeStep.State.OPEN
    )
    audit.record("programme.step_closed", actor=actor, row=programme, reason="step 1")
    return step


def _copy_catalogue(
    programme: Programme, expected: Mapping[str, int], *, actor: User, now: datetime
) -> None:
    types = catalogue.document_types(programme.kind)
    if unknown := set(expected) - {entry["code"] for entry in types}:
        raise KeyError(f"document types not in the catalogue: {sorted(unknown)}")
    stored = [
        DocumentType(
            programme=programme,
            number=entry["number"],
            code=entry["code"],
            name=entry["name"],
            priority=entry["priority"],
            may_repeat=entry["may_repeat"],
            sensitivity=entry["sensitivity"],
            expected_count=expected.get(entry["code"]),
        )
        for entry in types
    ]
    bulk_create_with_history(stored, DocumentType, default_user=actor, default_date=now)
    IndexField.objects.bulk_create(
        IndexField(
            programme=programme,
            position=position,
            key=entry["key"],
            name=entry["name"],
            scope=entry["scope"],
            kind=entry["kind"],
            required=entry["required"],
            proposal=entry.get("proposal", ""),
        )
        for position, entry in enumerate(catalogue.index_fields())
    )


def _copy_steps(programme: Programme) -> None:
    first = ProgrammeStep.State.OPEN
    ProgrammeStep.objects.bulk_create(
        ProgrammeStep(
            programme=programme,
            state=first if step["number"] == 1 else ProgrammeStep.State.WAITING,
            **step,
        )
        for step in catalogue.steps()
    )
