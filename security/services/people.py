"""Writes of the people who sign in: who they are, whether they may come in, how far they are cleared.

Administrators make and close accounts but never set a clearance; security officers set clearances
but make no account. So nobody opens secrets by himself, and no second screen of approval is needed
(docs/adr/0011).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.db import IntegrityError, transaction
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from security import audit
from security.levels import Secrecy
from security.models import ApiToken, EmergencyAccess, Invitation, Unit, User
from security.rules import is_user_name, look_of, user_name
from security.scope import may
from security.services.problems import Problem, RefusedError, check_action, check_level
from security.services.sessions import end_sessions

MANAGE, APPROVE = "security.manage_access", "security.approve_access"


@dataclass(frozen=True)
class PersonFacts:
    """What an administrator may say of a person; nothing else of a user can be set by a form."""

    full_name: str
    post: str
    unit: Unit
    # Where notices go by e-mail; entered by administrators alone, so that codes of tasks do not
    # leave for an address of somebody's choice.
    email: str = ""


@transaction.atomic
def create_user(
    *,
    actor: User | None,
    username: str,
    full_name: str,
    unit: Unit,
    post: str = "",
    email: str = "",
    password: str | None = None,
) -> User:
    """Create a person who signs in; ``actor=None`` is the installation itself (bootstrap).

    Without a password nobody can sign in until the person has followed his invitation. A given
    one must pass the installation's validators (ValidationError). Clearance is internal.
    """
    unit = _standing(unit)
    if actor is not None:
        check_action(actor, MANAGE, unit)
    user = User(
        username=_free_name(username),
        full_name=full_name.strip(),
        post=post.strip(),
        email=email.strip(),
        unit=unit,
        clearance=min(Secrecy.INTERNAL, settings.MAX_SECRECY_LEVEL),
    )
    if password is None:
        user.set_unusable_password()
    else:
        validate_password(password, user)
        user.set_password(password)
    try:
        with transaction.atomic():
            user.save()
    except IntegrityError as error:
        raise RefusedError(_name_taken()) from error
    _write_down("user.created", actor, user, fields=["username", "full_name", "post", "unit"])
    return user


@transaction.atomic
def change_user(*, actor: User, user: User, facts: PersonFacts, now: datetime) -> User:
    """Change name, post and unit. Both the old and the new unit must be the actor's to manage.

    A name is what colleagues, papers and the trail know somebody by: that of a person who also acts
    above the actor is no more the actor's to change than his account is.
    """
    user = _locked(user)
    check_action(actor, MANAGE, user.unit)
    wanted = {
        "full_name": facts.full_name.strip(),
        "post": facts.post.strip(),
        "unit_id": facts.unit.pk,
        "email": facts.email.strip(),
    }
    changed = [name for name, value in wanted.items() if getattr(user, name) != value]
    if not changed:
        return user
    if actor.pk != user.pk:
        check_account(actor, user, now)
    if "unit_id" in changed:
        _check_not_oneself(actor, user)
        check_action(actor, MANAGE, _standing(facts.unit))
    for name in changed:
        setattr(user, name, wanted[name])
    user.save(update_fields=changed)
    _write_down("user.changed", actor, user, fields=changed)
    return user


@transaction.atomic
def disable_user(*, actor: User, user: User, now: datetime, reason: str) -> User:
    """Close an account at once: sessions, open links, tokens and emergency accesses end with it.

    Roles stay as they are, so that opening it again gives back what was there.
    """
    user = _locked(user)
    _check_not_oneself(actor, user)
    check_account(actor, user, now)
    if not user.is_active:
        raise RefusedError(Problem("disabled", _("This account is closed already.")))
    user.is_active = False
    user.save(update_fields=["is_active"])
    Invitation.objects.filter(user=user, used_at=None, revoked_at=None).update(revoked_at=now)
    ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=now, revoked_by=actor)
    EmergencyAccess.objects.filter(user=user).in_force(now).update(valid_to=now)
    end_sessions(user)
    _write_down("user.disabled", actor, user, fields=["is_active"], reason=reason)
    return user


@transaction.atomic
def enable_user(*, actor: User, user: User, now: datetime, reason: str) -> User:
    """Open a closed account again; links, tokens and sessions of before stay ended."""
    user = _locked(user)
    _check_not_oneself(actor, user)
    check_account(actor, user, now)
    if user.is_active:
        raise RefusedError(Problem("enabled", _("This account is open already.")))
    _standing(user.unit)
    user.is_active = True
    user.save(update_fields=["is_active"])
    _write_down("user.enabled", actor, user, fields=["is_active"], reason=reason)
    return user


@transaction.atomic
def end_all_sessions(*, actor: User, user: User, now: datetime, reason: str) -> int:
    """Sign a person out everywhere; how many sessions there were."""
    user = _locked(user)
    _check_not_oneself(actor, user)
    check_account(actor, user, now)
    ended = end_sessions(user)
    _write_down("user.sessions_ended", actor, user, fields=[], reason=reason)
    return ended


@transaction.atomic
def set_clearance(*, actor: User, user: User, clearance: int, reason: str) -> User:
    """Clear a person up to a level. Only a security officer of his unit, and never his own.

    A higher one counts wherever he holds a role, so raising takes the right on all those units.
    """
    user = _locked(user)
    check_action(actor, APPROVE, user.unit)
    _check_not_oneself(actor, user)
    check_level(clearance)
    if clearance > user.clearance:
        unended = user.role_grants.exclude(valid_to__lte=Now())
        for unit in Unit.objects.filter(role_grants__in=unended):
            check_action(actor, APPROVE, unit)
    if user.clearance == clearance:
        raise RefusedError(Problem("same", _("This is the clearance already.")))
    user.clearance = clearance
    user.save(update_fields=["clearance"])
    _write_down("user.cleared", actor, user, fields=["clearance"], reason=reason)
    return user


def check_account(actor: User, user: User, now: datetime) -> None:
    """Raise RefusedError unless the actor manages every unit where this person may act.

    Whoever can make a sign-in link for a person can become him: an administrator of a branch must
    not do that to somebody who has his desk in the branch and his role above it.
    """
    check_action(actor, MANAGE, user.unit)
    unended = user.role_grants.unended(now)
    if any(not may(actor, MANAGE, unit) for unit in Unit.objects.filter(role_grants__in=unended)):
        beyond = _("This person also holds a role on a unit that you do not manage.")
        raise RefusedError(Problem("not_allowed", beyond))


def _locked(user: User) -> User:
    return User.objects.select_for_update(of=("self",)).select_related("unit").get(pk=user.pk)


def _standing(unit: Unit) -> Unit:
    """The unit as it is, kept from being dissolved or moved until this transaction ends."""
    unit = Unit.objects.select_for_update(no_key=True).get(pk=unit.pk)
    if unit.dissolved_on is not None:
        raise RefusedError(Problem("dissolved", _("This unit is dissolved.")))
    return unit


def _check_not_oneself(actor: User, user: User) -> None:
    if actor.pk == user.pk:
        raise RefusedError(Problem("own_account", _("Nobody can change his own account here.")))


def _free_name(typed: str) -> str:
    name = user_name(typed)
    if not is_user_name(name):
        wrong = _("3 to 40 letters without accents, digits, dots, hyphens or underscores.")
        raise RefusedError(Problem("user_name", wrong))
    look = look_of(name)
    for taken in User.objects.values_list("username", flat=True).iterator():
        if look_of(taken) == look:
            raise RefusedError(_name_taken())
    return name


def _name_taken() -> Problem:
    return Problem("user_name_taken", _("There is already a user name that looks like this one."))


def _write_down(
    event: str, actor: User | None, user: User, *, fields: list[str], reason: str = ""
) -> None:
    audit.record(
        event,
        actor=actor,
        object_type="security.user",
        object_id=user.pk,
        fields=fields,
        reason=reason,
    )
