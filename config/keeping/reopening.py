"""Opening a restored installation: revocations first, then a named administrator says yes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction

from config.keeping import closed
from config.keeping.closed import Closed
from config.keeping.errors import KeepingError
from config.keeping.reapplying import OPEN, reapply
from security import audit
from security.models import RoleGrant, User
from security.services import invite

ADMINISTRATOR = "administrator"


@dataclass
class Reopened:
    """What was done, and what still keeps the house closed."""

    settled: list[tuple[dict[str, Any], str]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    is_open: bool = False
    link: str = ""  # token of a one-time link for the administrator, where his password is lost


def state() -> Closed:
    """Why it is closed. KeepingError where it is open, or not yet restored to the end."""
    found = closed.read()
    if found is None:
        raise KeepingError("The installation is open.")
    if found.phase != closed.RESTORED:
        raise KeepingError(
            f"The restore of {found.backup} has not come to its end: start it again."
        )
    return found


def reopen(*, by: str, confirmed: Collection[int], accept_faults: bool, now: datetime) -> Reopened:
    """Do the revocations again that can be; open if nothing waits for a person any more.

    by: sign-in name of an administrator, who answers for what he confirms. He must still be one
    when the revocations are done. May be called again until everything is settled.
    """
    found, done = state(), Reopened()
    for entry in found.revocations:
        how = _settled(entry, found, by=by, confirmed=confirmed, now=now)
        if how == OPEN:
            done.waiting.append(entry)
        else:
            done.settled.append((entry, how))
    administrator = _administrator(by, now)
    done.faults = [] if accept_faults else found.faults
    if done.waiting or done.faults:
        return done
    with transaction.atomic():
        done.link = _way_in(administrator, now)
        audit.record(
            "installation.opened",
            actor=None,
            object_type="security.user",
            object_id=administrator.pk,
            reason=f"restored {found.backup}; {len(found.revocations)} revocations settled, "
            f"{len(found.faults)} faults accepted, on the machine",
        )
    closed.remove()
    done.is_open = True
    return done


def _settled(
    entry: dict[str, Any], found: Closed, *, by: str, confirmed: Collection[int], now: datetime
) -> str:
    """How a revocation is settled; written into the marker at once, so that nothing is lost."""
    key = str(entry["id"])
    if key in found.done:
        return found.done[key]
    how = reapply(entry, now=now)
    if how == OPEN and entry["id"] in confirmed:
        _confirm(entry, _administrator(by, now))
        how = "confirmed"
    if how != OPEN:
        found.done[key] = how
        closed.write(found)
    return how


def _confirm(entry: dict[str, Any], administrator: User) -> None:
    audit.record(
        "revocation.confirmed",
        actor=None,
        object_type=entry["object_type"],
        object_id=entry["object_id"],
        ids=entry["ids"],
        reason=f"{entry['action']}, row {entry['id']} of the lost trail; by user "
        f"{administrator.pk}, on the machine",
    )


def _administrator(by: str, now: datetime) -> User:
    user = User.objects.filter(username=by, is_active=True).first()
    grants = RoleGrant.objects.in_force(now).filter(user=user, role=ADMINISTRATOR)
    if user is None or not grants.exists():
        raise KeepingError(f"{by} is no administrator (any more): name another with --by.")
    return user


def _way_in(administrator: User, now: datetime) -> str:
    """A link for the one who opens, should the change of his password be what was done again."""
    if administrator.has_usable_password():
        return ""
    return invite(actor=None, user=administrator, purpose="reset", now=now)
