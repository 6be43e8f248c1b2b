"""Break-glass: opening a unit's rows for reading, for hours, and answering for it afterwards."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.kinds import view_actions
from security.models import EmergencyAccess, Unit, User
from security.scope import BREAK_GLASS, scopes_of
from security.services.problems import Problem, RefusedError, check_action

REVIEW = "security.review_emergency"
MIN_REASON = 20
HOURS = range(1, 9)


@transaction.atomic
def open_emergency(
    *, actor: User, unit: Unit, action: str, reason: str, hours: int, now: datetime
) -> EmergencyAccess:
    """Let ``actor`` read the rows of ``unit`` and below that ``action`` shows, for some hours.

    action: one that opens rows for reading, never a change. It reaches no further than the caps of
    the role that may break the glass (``security.held``), nor above that role's own unit: whoever
    leads one department has no emergency that opens the whole organisation. At most one is open
    per person and action.
    """
    check_action(actor, BREAK_GLASS)
    reason = " ".join(reason.split())
    _check_terms(actor, unit, action, reason, hours)
    User.objects.select_for_update().get(pk=actor.pk)  # one after the other per person
    if EmergencyAccess.objects.filter(user=actor, action=action).in_force(now).exists():
        raise RefusedError(
            Problem("already_open", _("You have an emergency access of this kind open already."))
        )
    access = EmergencyAccess.objects.create(
        user=actor,
        unit=unit,
        action=action,
        reason=reason,
        valid_from=now,
        valid_to=now + timedelta(hours=hours),
    )
    _write_down("emergency.opened", actor, access, f"{action} @ {unit.code}, {hours} h: {reason}")
    actor._scopes = None
    return access


@transaction.atomic
def end_emergency(*, actor: User, access: EmergencyAccess, now: datetime) -> EmergencyAccess:
    """End it before its time: the person himself, or whoever reviews it."""
    if actor.pk != access.user_id:
        check_action(actor, REVIEW, access.unit)
    access = _locked(access)
    if access.valid_to <= now:
        raise RefusedError(Problem("ended", _("This emergency access has ended already.")))
    access.valid_to = max(now, access.valid_from)
    access.save(update_fields=["valid_to"])
    _write_down("emergency.ended", actor, access, "")
    actor._scopes = None
    return access


@transaction.atomic
def review_emergency(
    *, actor: User, access: EmergencyAccess, verdict: str, note: str, now: datetime
) -> EmergencyAccess:
    """Say whether it was justified, once it is over. Never one's own; what was said stays."""
    check_action(actor, REVIEW, access.unit)
    access = _locked(access)
    note = " ".join(note.split())
    if actor.pk == access.user_id:
        raise RefusedError(Problem("own_role", _("Nobody reviews his own emergency access.")))
    if access.verdict:
        raise RefusedError(Problem("reviewed", _("This emergency access is reviewed already.")))
    if access.valid_to > now:
        raise RefusedError(Problem("still_open", _("It is still open: end it before judging it.")))
    if verdict not in EmergencyAccess.Verdict.values:
        raise RefusedError(Problem("verdict", _("Say whether it was justified.")))
    if verdict == EmergencyAccess.Verdict.UNJUSTIFIED and not note:
        raise RefusedError(Problem("note", _("Say why it was not justified.")))
    access.verdict, access.review_note = verdict, note
    access.reviewed_by, access.reviewed_at = actor, now
    access.save(update_fields=["verdict", "review_note", "reviewed_by", "reviewed_at"])
    _write_down("emergency.reviewed", actor, access, f"{verdict}: {note}")
    return access


def _check_terms(actor: User, unit: Unit, action: str, reason: str, hours: int) -> None:
    problems = []
    if action not in view_actions():
        problems.append(Problem("action", _("An emergency opens rows for reading only.")))
    if hours not in HOURS:
        problems.append(Problem("hours", _("An emergency lasts 1 to 8 hours.")))
    if len(reason) < MIN_REASON:
        problems.append(
            Problem("reason", _("Say in at least %(n)d letters what happened.") % {"n": MIN_REASON})
        )
    own = [scope.path for scope in scopes_of(actor) if BREAK_GLASS in scope.actions]
    if all(path != unit.path and path.startswith(unit.path) for path in own):
        problems.append(
            Problem("above", _("Choose a narrower unit: this one lies above your own role."))
        )
    if problems:
        raise RefusedError(*problems)


def _locked(access: EmergencyAccess) -> EmergencyAccess:
    rows = EmergencyAccess.objects.select_for_update(of=("self",)).select_related("unit", "user")
    return rows.get(pk=access.pk)


def _write_down(event: str, actor: User, access: EmergencyAccess, said: str) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.emergencyaccess",
        object_id=access.pk,
        allowed_by=f"emergency access {access.pk}",
        reason=said,
    )
