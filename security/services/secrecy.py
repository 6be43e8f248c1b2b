"""Classifying: why a row has its secrecy level, who decided, when somebody looks again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from simple_history.utils import bulk_update_with_history

from security import audit
from security.levels import Secrecy
from security.models import Classification, Protected, SecrecyApproval, User
from security.rules import Reach
from security.scope import scopes_of
from security.services.problems import Problem, RefusedError, check_action, check_level

CLASSIFY, DECLASSIFY = "security.classify", "security.declassify"
Kind = Classification.Kind
EVENTS = {
    Kind.RAISED: "level.raised",
    Kind.LOWERED: "level.lowered",
    Kind.REVIEWED: "level.reviewed",
}


@dataclass(frozen=True)
class Basis:
    """What a decision about a level says beside the level itself."""

    legal_basis: str
    review_on: date
    reason: str = ""


@dataclass(frozen=True)
class Decision:
    """One decision, to be stored for one row or for many."""

    actor: User
    now: datetime
    kind: Classification.Kind
    level: int
    basis: Basis
    approval: SecrecyApproval | None

    def of(self, row: Protected) -> Classification:
        return Classification(
            kind=self.kind,
            object_type=row._meta.label_lower,
            object_id=row.pk,
            level=self.level,
            previous_level=row.level,
            legal_basis=self.basis.legal_basis[:300],
            reason=self.basis.reason[:300],
            classified_by=self.actor,
            classified_at=self.now,
            review_on=self.basis.review_on,
            approval=self.approval,
        )


@transaction.atomic
def classify(
    *, actor: User, row: Protected, level: int, basis: Basis, now: datetime
) -> Classification:
    """Raise, confirm or lower the secrecy level of one row; the decision stays as history.

    Raising takes ``security.classify`` over the row at its old *and* its new level, lowering takes
    ``security.declassify`` at the old one and a reason. Levels 2 and 3 need an approval in force.
    What is kept inside the row is raised along and never lowered along, but for rows that have one
    level by nature (``Protected.one_level``).

    Raises RefusedError: not_allowed, above_ceiling, below_holder, not_approved, basis_missing,
    reason_missing, review_not_ahead.
    """
    locked = type(row)._default_manager.select_for_update(of=("self",)).get(pk=row.pk)
    old, today = locked.level, timezone.localdate(now)
    kind = _kind(old, level)
    lowered = kind is Kind.LOWERED
    check_level(level)
    along = what_moves_along(locked, level, lowered=lowered)
    _check_actor(actor, [locked, *along] if lowered else [locked], kind, level)
    _check_basis(kind, basis, today)
    _check_holders(locked, level)
    decision = Decision(actor, now, kind, level, basis, approval_for(level, today))
    made = store_decision([locked], decision)[0]
    why = f"{old} -> {level}; {basis.reason}" if basis.reason else f"{old} -> {level}"
    audit.record(EVENTS[kind], actor=actor, row=locked, fields=["level"], reason=why)
    carry(along, decision, because=locked)
    row.level = level
    return made


@transaction.atomic
def review_standing(
    *, actor: User, standing: Classification, basis: Basis, now: datetime
) -> Classification:
    """Confirm a standing decision until a later date; a new row, the old one stays as history."""
    check_action(actor, "security.approve_secrecy")
    _check_basis(Kind.REVIEWED, basis, timezone.localdate(now))
    made = Classification.objects.create(
        kind=Kind.STANDING,
        object_type=standing.object_type,
        level=standing.level,
        previous_level=standing.level,
        legal_basis=basis.legal_basis[:300],
        reason=basis.reason[:300],
        classified_by=actor,
        classified_at=now,
        review_on=basis.review_on,
    )
    audit.record(
        "level.reviewed",
        actor=actor,
        object_type="security.classification",
        object_id=made.pk,
        reason=f"standing: {standing.object_type}",
    )
    return made


def follow_level(rows: Iterable[Protected], *, holder: Protected) -> None:
    """Give new rows the decision on which the level of their holder stands.

    Called by services that put a row where a classified one is: a dossier of a lot, the pages of a
    dossier. Up to level 1 the standing decision holds and nothing is written.
    """
    above = [row for row in rows if row.level >= Secrecy.CONFIDENTIAL]
    if not above:
        return
    ground = newest_of(holder)
    if ground is None or any(row.level != ground.level for row in above):
        raise RefusedError(
            Problem("unclassified", _("This secrecy level rests on no decision yet."))
        )
    Classification.objects.bulk_create(
        Classification(
            kind=Kind.RAISED,
            object_type=row._meta.label_lower,
            object_id=row.pk,
            level=row.level,
            legal_basis=ground.legal_basis,
            reason=ground.reason,
            classified_by_id=ground.classified_by_id,
            classified_at=ground.classified_at,
            review_on=ground.review_on,
            approval_id=ground.approval_id,
        )
        for row in above
    )


def newest_of(row: Protected) -> Classification | None:
    """The decision that counts for this very row, None where it rests on a standing one."""
    decisions = Classification.objects.filter(object_type=row._meta.label_lower, object_id=row.pk)
    return decisions.order_by("-id").first()


def _kind(old: int, level: int) -> Classification.Kind:
    if level == old:
        return Kind.REVIEWED
    return Kind.RAISED if level > old else Kind.LOWERED


def _check_basis(kind: Classification.Kind, basis: Basis, today: date) -> None:
    problems = []
    if not basis.legal_basis.strip():
        problems.append(Problem("basis_missing", _("Name the legal basis.")))
    if kind is Kind.LOWERED and not basis.reason.strip():
        problems.append(Problem("reason_missing", _("Say why the level is lowered.")))
    if basis.review_on <= today:
        problems.append(Problem("review_not_ahead", _("The review date must lie ahead.")))
    if problems:
        raise RefusedError(*problems)


def _check_actor(actor: User, rows: list[Protected], kind: Classification.Kind, level: int) -> None:
    """The old and the new state must lie within one's own scope and clearance."""
    action = DECLASSIFY if kind is Kind.LOWERED else CLASSIFY
    scopes = [scope.reach for scope in scopes_of(actor) if action in scope.actions]
    for row in rows:
        for at in {row.level, level}:
            asked = Reach(row.unit_path, at, row.sensitivity)
            if not any(reach.covers(asked) for reach in scopes):
                raise RefusedError(Problem("not_allowed", _("Your role does not allow this here.")))


def _check_holders(row: Protected, level: int) -> None:
    for parent in row.parents:
        if getattr(row, parent).level > level:
            raise RefusedError(
                Problem("below_holder", _("What holds this has a higher level; lower that first."))
            )


def approval_for(level: int, today: date) -> SecrecyApproval | None:
    """The newest approval in force for exactly this level; None where the level needs none."""
    if level < Secrecy.CONFIDENTIAL:
        return None
    approval = SecrecyApproval.objects.in_force(today).filter(level=level).first()
    if approval is None:
        raise RefusedError(
            Problem(
                "not_approved",
                _("No approval in force is recorded for this level on this installation."),
            )
        )
    return approval


def what_moves_along(row: Protected, level: int, *, lowered: bool) -> list[Any]:
    """Rows that change their level together with this one, locked."""
    if lowered and not row.one_level:
        return []
    found: dict[tuple[type[Protected], int], Protected] = {(type(row), row.pk): row}
    todo: list[tuple[type[Protected], set[int]]] = [(type(row), {row.pk})]
    while todo:
        model, ids = todo.pop()
        for rows in model.inside(ids):
            moving = rows.filter(level__gt=level) if lowered else rows.filter(level__lt=level)
            fresh = {
                (type(one), one.pk): one
                for one in moving.select_for_update(of=("self",)).order_by("pk")
                if (type(one), one.pk) not in found
            }
            found |= fresh
            if fresh:
                todo.append((rows.model, {pk for _model, pk in fresh}))
    return list(found.values())[1:]


def carry(rows: list[Any], decision: Decision, *, because: Protected) -> None:
    """Store the decision for what moved along, one line of the trail per kind."""
    by_model: dict[type[Protected], list[Any]] = {}
    for row in rows:
        by_model.setdefault(type(row), []).append(row)
    for model, some in by_model.items():
        store_decision(some, decision)
        audit.record(
            EVENTS[decision.kind],
            actor=decision.actor,
            object_type=model._meta.label_lower,
            ids=[row.pk for row in some],
            fields=["level"],
            reason=f"-> {decision.level}; with {because._meta.label_lower} {because.pk}",
        )


def store_decision(rows: list[Any], decision: Decision) -> list[Classification]:
    """Store the decision and the level of rows of one model."""
    made = Classification.objects.bulk_create([decision.of(row) for row in rows])
    moved = [row for row in rows if row.level != decision.level]
    for row in moved:
        row.level = decision.level
    if not moved:
        return made
    model = type(moved[0])
    if hasattr(model, "history"):
        length = model.history.model._meta.get_field("history_change_reason").max_length
        bulk_update_with_history(
            moved,
            model,
            ["level"],
            batch_size=500,
            default_user=decision.actor,
            default_date=decision.now,
            default_change_reason=(decision.basis.reason or decision.basis.legal_basis)[:length],
        )
    else:
        ids = [row.pk for row in moved]
        model._default_manager.filter(pk__in=ids).update(level=decision.level)
    return made
