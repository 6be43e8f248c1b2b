"""Second factors as administrators see them: required for a role, taken from who lost his."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from security import audit
from security.models import Role, RoleGrant, Unit, User
from security.services.people import check_account
from security.services.problems import Problem, RefusedError, check_action
from security.services.sessions import end_sessions


@transaction.atomic
def reset_mfa(*, actor: User, user: User, reason: str, now: datetime) -> int:
    """Take every second factor and recovery code from a person and end his sessions.

    Returns how many factors he had. Never one's own; the actor must manage every unit where this
    person may act, because whoever opens this door for a moment could come in as him.
    """
    user = User.objects.select_for_update(of=("self",)).select_related("unit").get(pk=user.pk)
    if actor.pk == user.pk:
        own = _("Nobody can reset his own second factor. Ask another administrator.")
        raise RefusedError(Problem("own_account", own))
    check_account(actor, user, now)
    if not reason.strip():
        raise RefusedError(Problem("reason", _("Say why the second factor is reset.")))
    owned = Authenticator.objects.filter(user_id=user.pk)
    kinds = sorted(set(owned.values_list("type", flat=True)))
    if not kinds:
        raise RefusedError(Problem("no_factor", _("This person has no second factor.")))
    number: int = owned.exclude(type=Authenticator.Type.RECOVERY_CODES).count()
    owned.delete()
    end_sessions(user)
    audit.record(
        "mfa.reset",
        actor=actor,
        object_type="security.user",
        object_id=user.pk,
        fields=kinds,
        reason=reason,
    )
    return number


@transaction.atomic
def set_mfa_required(*, actor: User | None, role: Role, required: bool, now: datetime) -> Role:
    """Require a second factor of everybody who holds a role, or no longer; counts at once.

    It concerns holders everywhere, so the actor must manage every root of this organisation
    (external ones hold nobody who signs in). Nobody waives it for a role he holds himself, and
    no administrator for a high role: one person would undo what takes two to give.
    ``actor=None`` is the installation itself (demonstration).
    """
    role = Role.objects.select_for_update().get(pk=role.pk)
    if actor is not None:
        for root in Unit.objects.filter(parent=None, external=False):
            check_action(actor, "security.manage_access", root)
        holds = RoleGrant.objects.in_force(now).filter(user_id=actor.pk, role_id=role.pk).exists()
        if holds and not required:
            own = _("Nobody can waive the second factor for a role that he holds himself.")
            raise RefusedError(Problem("own_role", own))
        if role.high and not required:
            high = _("The second factor of a high role cannot be waived.")
            raise RefusedError(Problem("high_role", high))
    if role.mfa_required == required:
        return role
    role.mfa_required = required
    role.save(update_fields=["mfa_required"])
    audit.record(
        "role.mfa_changed",
        actor=actor,
        object_type="security.role",
        object_id=role.pk,
        fields=["mfa_required"],
        reason="required" if required else "waived",
    )
    return role
