"""Reads of one's own account."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import QuerySet

from security import devices
from security.models import Invitation, RoleGrant, User
from security.sessions import SEEN, SINCE


@dataclass(frozen=True)
class OpenSession:
    """One place where somebody is signed in, as its owner recognises it."""

    pk: int
    device: str
    address: str
    since: datetime
    seen: datetime
    here: bool


def open_sessions(user: User, *, key: str | None, now: datetime) -> list[OpenSession]:
    """Where this person is signed in, the one of ``key`` first, then the latest active.

    Three queries. Listed ones whose session is gone, or begun with an earlier password, are left
    out: nobody can use them.
    """
    listed = {row.session_key: row for row in UserSession.objects.filter(user=user)}
    living = Session.objects.filter(session_key__in=listed, expire_date__gt=now)
    password = user.get_session_auth_hash()
    found = []
    for session in living:
        row, kept = listed[session.session_key], SessionStore().decode(session.session_data)
        if kept.get("_auth_user_hash") != password:
            continue
        found.append(
            OpenSession(
                pk=row.pk,
                device=devices.in_words(row.user_agent),
                address=row.ip,
                since=_moment(kept.get(SINCE), row.created_at),
                seen=_moment(kept.get(SEEN), row.last_seen_at),
                here=session.session_key == key,
            )
        )
    return sorted(found, key=lambda one: (not one.here, -one.seen.timestamp()))


def _moment(stamp: float | None, otherwise: datetime) -> datetime:
    return otherwise if stamp is None else datetime.fromtimestamp(stamp, UTC)


def own_roles(user: User, now: datetime) -> QuerySet[RoleGrant]:
    """Roles in force, with role, unit and whose role was passed on."""
    grants = RoleGrant.objects.filter(user=user).in_force(now)
    return grants.select_related("role", "unit", "delegated_from__user").order_by(
        "role__position", "unit__path"
    )


def last_link(user: User) -> Invitation | None:
    """The latest link by which this person's password was set, or could be: he should know."""
    rows = Invitation.objects.filter(user=user, revoked_at=None).select_related("created_by")
    return rows.order_by("-created_at").first()
