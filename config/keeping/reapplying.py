"""Doing revocations again that a restored database has forgotten.

Each handler only ever takes access away, may be run twice, and changes nothing where the row it is
about does not exist (it was made after the backup). Where what was decided cannot be told from
codes alone, the safe side is taken (a changed clearance becomes internal, a changed password no
longer opens), or it is left to be confirmed by a person.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from dashboard.models import CalendarFeed
from security import audit
from security.kinds import grant_model, kind_called
from security.levels import Secrecy
from security.models import (
    ApiToken,
    Invitation,
    Protected,
    Role,
    RoleGrant,
    RolePermission,
    SecrecyApproval,
    User,
)
from security.services import RefusedError
from security.services.raising import raise_again

Entry = dict[str, Any]
DONE, NOTHING, OPEN = "done again", "nothing to do", ""


@transaction.atomic
def reapply(entry: Entry, *, now: datetime) -> str:
    """Do one revocation again: DONE, NOTHING, or OPEN where a person must confirm it.

    One line of the trail says which line it stands for.
    """
    handler = _HANDLERS.get(entry["action"])
    result = handler(entry, now) if handler else OPEN
    if result == DONE:
        audit.record(
            "revocation.reapplied",
            actor=None,
            object_type=entry["object_type"],
            object_id=entry["object_id"],
            ids=entry["ids"],
            reason=f"{entry['action']}, row {entry['id']} of the lost trail",
        )
    return result


def _told(changed: int) -> str:
    return DONE if changed else NOTHING


def _end_role(entry: Entry, now: datetime) -> str:
    grant = RoleGrant.objects.select_for_update(of=("self",)).filter(pk=entry["object_id"]).first()
    if grant is None or (grant.valid_to is not None and grant.valid_to <= now):
        return NOTHING
    grant.valid_to = max(now, grant.valid_from)
    grant.save(update_fields=["valid_to"])
    return DONE


def _disable(entry: Entry, now: datetime) -> str:
    ApiToken.objects.filter(user_id=entry["object_id"], revoked_at=None).update(revoked_at=now)
    open_accounts = User.objects.filter(pk=entry["object_id"], is_active=True)
    return _told(open_accounts.update(is_active=False))


def _lower_clearance(entry: Entry, now: datetime) -> str:
    """To what is not known: internal, until a security officer says otherwise."""
    people = User.objects.filter(pk=entry["object_id"], clearance__gt=Secrecy.INTERNAL)
    return _told(people.update(clearance=Secrecy.INTERNAL))


def _forget_password(entry: Entry, now: datetime) -> str:
    """The password of before the change must not open again; an administrator makes a new link."""
    user = User.objects.select_for_update(of=("self",)).filter(pk=entry["object_id"]).first()
    if user is None or not user.has_usable_password():
        return NOTHING
    user.set_unusable_password()
    user.save(update_fields=["password"])
    return DONE


def _use_link(entry: Entry, now: datetime) -> str:
    used = Invitation.objects.filter(pk=_number(entry), used_at=None, revoked_at=None)
    changed = used.update(revoked_at=now)
    return DONE if _forget_password(entry, now) == DONE or changed else NOTHING


def _drop_factors(entry: Entry, now: datetime) -> str:
    return _told(Authenticator.objects.filter(user_id=entry["object_id"]).delete()[0])


def _drop_codes(entry: Entry, now: datetime) -> str:
    """Recovery codes used or replaced since: the old sheet must not open again."""
    codes = Authenticator.objects.filter(
        user_id=entry["object_id"], type=Authenticator.Type.RECOVERY_CODES
    )
    return _told(codes.delete()[0])


def _drop_factor(entry: Entry, now: datetime) -> str:
    """Of several security keys it cannot be told which one: all of that kind go."""
    kind = entry["detail"]
    owned = Authenticator.objects.filter(user_id=entry["object_id"])
    return _told(owned.filter(type=kind).delete()[0]) if kind else OPEN


def _revoke_token(entry: Entry, now: datetime) -> str:
    tokens = ApiToken.objects.filter(pk=entry["object_id"], revoked_at=None)
    return _told(tokens.update(revoked_at=now))


def _revoke_feed(entry: Entry, now: datetime) -> str:
    feeds = CalendarFeed.objects.filter(pk=entry["object_id"], revoked_at=None)
    return _told(feeds.update(revoked_at=now))


def _withdraw_approval(entry: Entry, now: datetime) -> str:
    approvals = SecrecyApproval.objects.filter(pk=entry["object_id"], withdrawn_at=None)
    return _told(approvals.update(withdrawn_at=now, withdrawn_by_id=_person(entry)))


def _require_factor(entry: Entry, now: datetime) -> str:
    roles = Role.objects.filter(pk=entry["object_id"], mfa_required=False)
    return _told(roles.update(mfa_required=True))


def _take_from_role(entry: Entry, now: datetime) -> str:
    role = entry["detail"].partition(":")[0]
    cells = RolePermission.objects.filter(role_id=role, action__in=entry["fields"], allowed=True)
    return _told(cells.update(allowed=False))


def _end_share(entry: Entry, now: datetime) -> str:
    """A share that was ended ends; one whose terms were changed lasts no longer than was said."""
    model, said = kind_called(entry["object_type"]), entry["detail"].split()
    if model is None or len(said) < 2:
        return OPEN
    holder, key = ("user_grants", "user_id") if said[0] == "user" else ("unit_grants", "grantee_id")
    table = grant_model(model, holder)
    if table is None:
        return OPEN
    until = datetime.fromisoformat(said[3]) if len(said) > 3 else now
    grants = table.objects.select_for_update().filter(
        content_object_id=entry["object_id"], valid_to__gt=until, **{key: said[1]}
    )
    ended = 0
    for grant in grants:
        grant.valid_to = max(until, grant.valid_from)
        grant.save(update_fields=["valid_to"])
        ended += 1
    return _told(ended)


def _raise_level(entry: Entry, now: datetime) -> str:
    model, by = kind_called(entry["object_type"]), _person(entry)
    level = re.fullmatch(r"-> ([0-3])", entry["detail"])
    if model is None or by is None or level is None:
        return OPEN
    rows = model._default_manager.filter(pk__in=[*entry["ids"], *_own(entry)])
    results = [_raised(row, by, int(level[1]), entry, now) for row in rows]
    if None in results:
        return OPEN
    return _told(any(results))


def _raised(row: Protected, by: int, level: int, entry: Entry, now: datetime) -> bool | None:
    why = f"decided before the restore: row {entry['id']} of the lost trail"
    try:
        with transaction.atomic():
            person = User.objects.get(pk=by)
            return raise_again(by=person, row=row, level=level, why=why, now=now)
    except RefusedError:  # above the ceiling, or its approval is lost as well
        return None


def _own(entry: Entry) -> list[str]:
    return [entry["object_id"]] if entry["object_id"].isdigit() else []


def _person(entry: Entry) -> int | None:
    """Who decided it, if the restored database knows him."""
    found = User.objects.filter(pk=entry["actor"] or 0).values_list("pk", flat=True).first()
    return int(found) if found is not None else None


def _number(entry: Entry) -> int:
    return int(entry["detail"].rpartition(" ")[2] or 0)


def _ended(entry: Entry, now: datetime) -> str:
    """Every restore ends all sessions, open links and emergency accesses."""
    return DONE


_HANDLERS: dict[str, Callable[[Entry, datetime], str]] = {
    "role.ended": _end_role,
    "role.delegation_ended": _end_role,
    "user.disabled": _disable,
    "user.cleared": _lower_clearance,
    "user.sessions_ended": _ended,
    "session.ended": _ended,
    "password.changed": _forget_password,
    "invitation.used": _use_link,
    "invitation.revoked": _ended,
    "emergency.ended": _ended,
    "mfa.reset": _drop_factors,
    "mfa.removed": _drop_factor,
    "mfa.code_used": _drop_codes,
    "mfa.codes_made": _drop_codes,
    "token.revoked": _revoke_token,
    "feed.revoked": _revoke_feed,
    "approval.withdrawn": _withdraw_approval,
    "role.mfa_changed": _require_factor,
    "matrix.approved": _take_from_role,
    "row.shared": _end_share,
    "row.share_ended": _end_share,
    "level.raised": _raise_level,
}
