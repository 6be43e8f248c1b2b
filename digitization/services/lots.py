"""Lots and dossiers: made, assigned, accepted as a whole or returned as a whole."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from digitization.models import Dossier, Lot, LotCounter, Programme, ProgrammeStep
from digitization.problems import refused
from digitization.rules import acceptance_problems, clean_name, step_1_problems
from digitization.selectors.lots import lot_facts
from digitization.services.programmes import catalogue_facts
from security import audit
from security.history import sign
from security.models import Unit, User
from security.scope import may
from security.services import check_action, check_level
from security.services.secrecy import follow_level

UPLOAD, MANAGE, INSPECT = "digitization.upload", "digitization.manage", "digitization.inspect"


@transaction.atomic
def create_lot(
    *,
    actor: User,
    programme: Programme,
    code: str,
    now: datetime,
    unit: Unit | None = None,
    assigned_to: User | None = None,
    expected_pages: int = 0,
) -> Lot:
    """Make a lot in the programme's lead unit or a unit below it.

    Raises RefusedError unless the gate of step 1 holds (catalogue, focal person, step closed); the
    database refuses the row too.
    """
    unit = unit or programme.unit
    check_action(actor, MANAGE, programme)
    check_action(actor, MANAGE, unit)
    check_level(programme.level)
    programme = Programme.objects.select_for_update(of=("self",)).get(pk=programme.pk)
    problems = step_1_problems(catalogue_facts(programme))
    if not programme.steps.filter(number=1, state=ProgrammeStep.State.CLOSED).exists():
        problems.append("step_1_open")
    if not code.strip():
        problems.append("code_missing")
    if programme.lots.filter(code=code).exists():
        problems.append("lot_exists")
    if not unit.path.startswith(programme.unit_path):
        problems.append("foreign_unit")
    if assigned_to is not None and not may(assigned_to, UPLOAD, unit):
        problems.append("not_operator")
    if problems:
        raise refused(*problems)
    lot = Lot(
        **unit.placement,
        level=programme.level,
        sensitivity=programme.sensitivity,
        created_at=now,
        programme=programme,
        code=code.strip(),
        assigned_to=assigned_to,
    )
    sign(lot, actor=actor, now=now).save()
    if assigned_to is not None and not may(assigned_to, UPLOAD, lot):
        raise refused("not_operator")  # there, but not up to its level
    follow_level([lot], holder=programme)
    LotCounter.objects.filter(lot=lot).update(expected=expected_pages)
    audit.record("lot.created", actor=actor, row=lot)
    return lot


@transaction.atomic
def assign_lot(*, actor: User, lot: Lot, operator: User, now: datetime) -> Lot:
    """Give an open lot to the operator who will scan it."""
    lot = locked(lot)
    check_action(actor, MANAGE, lot)
    if lot.state != Lot.State.OPEN:
        raise refused("lot_not_open")
    if not may(operator, UPLOAD, lot):
        raise refused("not_operator")
    lot.assigned_to = operator
    sign(lot, actor=actor, now=now).save(update_fields=["assigned_to"])
    audit.record("lot.assigned", actor=actor, row=lot, reason=operator.username)
    return lot


@transaction.atomic
def open_dossier(
    *, actor: User, lot: Lot, code: str, now: datetime, title: str = "", subject: str = ""
) -> Dossier:
    """Open a dossier in an open lot. A code is used once in the whole installation."""
    lot = locked(lot)
    check_action(actor, UPLOAD, lot)
    check_level(lot.level)
    if lot.state != Lot.State.OPEN:
        raise refused("lot_not_open")
    code = clean_name(code)[:60] if code.strip() else ""
    if not code:
        raise refused("code_missing")
    try:
        with transaction.atomic():
            dossier = Dossier(
                unit_id=lot.unit_id,
                unit_path=lot.unit_path,
                level=lot.level,
                sensitivity=lot.sensitivity,
                created_at=now,
                lot=lot,
                code=code,
                title=title[:200],
                subject=subject[:120],
            )
            sign(dossier, actor=actor, now=now).save()
    except IntegrityError as error:
        raise refused("dossier_exists") from error
    follow_level([dossier], holder=lot)
    audit.record("dossier.opened", actor=actor, row=dossier)
    return dossier


@transaction.atomic
def accept_lot(*, actor: User, lot: Lot, now: datetime) -> Lot:
    """Accept a lot as a whole: the gate of step 6, also kept by the database.

    Raises RefusedError listing everything that is missing.
    """
    lot = locked(lot)
    check_action(actor, INSPECT, lot)
    problems = acceptance_problems(lot_facts(lot, inspector=actor))
    if problems:
        raise refused(*problems)
    return _judge(lot, Lot.State.ACCEPTED, actor, now, "")


@transaction.atomic
def reject_lot(*, actor: User, lot: Lot, now: datetime, reason: str) -> Lot:
    """Return a lot as a whole, with a reason."""
    lot = locked(lot)
    check_action(actor, INSPECT, lot)
    problems = [] if reason.strip() else ["reason_missing"]
    if lot.state != Lot.State.OPEN:
        problems.append("lot_not_open")
    if lot.assigned_to_id is None:
        problems.append("no_operator")
    if lot.assigned_to_id == actor.pk:
        problems.append("own_work")
    if problems:
        raise refused(*problems)
    return _judge(lot, Lot.State.REJECTED, actor, now, reason.strip()[:300])


@transaction.atomic
def reopen_lot(*, actor: User, lot: Lot, now: datetime) -> Lot:
    """Take a rejected lot up again; the reason stays on it until it is judged anew."""
    lot = locked(lot)
    check_action(actor, UPLOAD, lot)
    if lot.state != Lot.State.REJECTED:
        raise refused("lot_not_rejected")
    lot.state, lot.judged_by, lot.judged_at = Lot.State.OPEN, None, None
    sign(lot, actor=actor, now=now).save(update_fields=["state", "judged_by", "judged_at"])
    audit.record("lot.reopened", actor=actor, row=lot)
    return lot


def locked(lot: Lot) -> Lot:
    """The lot as it is now, locked until the transaction ends; every write below a lot does this
    first, so that an acceptance and an upload cannot pass each other."""
    found: Lot = Lot.objects.select_for_update(of=("self",)).get(pk=lot.pk)
    return found


def _judge(lot: Lot, state: str, actor: User, now: datetime, reason: str) -> Lot:
    lot.state, lot.judged_by, lot.judged_at, lot.reason = state, actor, now, reason
    changed = ["state", "judged_by", "judged_at", "reason"]
    sign(lot, actor=actor, now=now, reason=reason).save(update_fields=changed)
    audit.record(f"lot.{state}", actor=actor, row=lot, reason=reason)
    return lot
