"""Rows of the access area: units, requests, reviews, passed-on roles, tokens, sessions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.test import Client

from records.models import MemberUserGrant
from security.models import (
    AccessReview,
    ApiToken,
    EmergencyAccess,
    ReviewItem,
    RoleGrant,
    RoleRequest,
    User,
)
from tests.security.make import LONG_AGO, make_unit, make_user
from tests.walk.rows import CANARY, Place, Rows, grant


def security_rows(world: Any, place: Place, rows: Rows) -> dict[str, Any]:
    """Only where people are: a unit's level does not hide its people."""
    if "person" not in rows.__dict__:
        return {}
    now = world.now
    hidden = place.hidden
    maker: User = place.maker or world.users["security_officer"]
    giver: User = place.maker or world.users["unit_head"]
    keeper: User = place.maker or world.users["keeper"]
    second = make_user(
        unit=place.unit, username=f"hai-{place.word}", full_name=place.text("Người thứ hai")
    )
    return {
        "unit": place.unit
        if hidden
        else make_unit(parent=world.units["own"], code="KHO", name="Kho nhà"),
        "parent": world.units["own"],
        "request": RoleRequest.objects.create(
            user=second,
            role_id="operator",
            unit=place.unit,
            requested_by=place.maker or world.users["administrator"],
            requested_at=now,
            valid_from=now,
            reason=place.text("Vì"),
        ),
        **_review(place, maker, rows.grant, now),
        "passed_on": RoleGrant.objects.create(
            user=second,
            role_id="unit_head" if not hidden else "keeper",
            unit=giver.role_grants.earliest("pk").unit,
            valid_from=LONG_AGO,
            valid_to=now + timedelta(days=200),
            delegated_from=giver.role_grants.earliest("pk"),
            granted_by=giver,
            reason=place.text("Nghỉ"),
        ),
        "token": _token(keeper, place, now),
        "session": _session(keeper),
        "share": _share(world, place, rows),
        "emergency": EmergencyAccess.objects.create(
            user=giver,
            unit=place.unit,
            action="campaign.view",
            reason=place.text("Cứu"),
            valid_from=now - timedelta(hours=1),
            valid_to=now + timedelta(hours=1),
        ),
    }


def _review(place: Place, maker: User, grant: RoleGrant, now: Any) -> dict[str, Any]:
    review = AccessReview.objects.create(
        title=place.text("Rà soát"),
        unit=place.unit,
        opened_by=maker,
        opened_at=now,
        due_on=(now + timedelta(days=20)).date(),
    )
    item = ReviewItem.objects.create(
        review=review, grant=grant, holder=grant.user, note=place.text("Ghi")
    )
    return {"review": review, "item": item}


def _share(world: Any, place: Place, rows: Rows) -> Any:
    """The member's record opened to somebody: where it is own, to the member himself."""
    if not place.hidden:
        return MemberUserGrant.objects.get(content_object=rows.member)
    return grant(MemberUserGrant, rows.member, user=rows.person)


def _token(owner: User, place: Place, now: Any) -> ApiToken:
    mark = f"{owner.pk}".rjust(8, "0")
    token: ApiToken = ApiToken.objects.create(
        user=owner,
        name=place.text("Chương trình"),
        prefix=f"{CANARY[:2]}{mark}"[:12],
        token_hash=mark.rjust(64, "0"),
        actions=["records.view"],
        created_at=now,
        expires_at=now + timedelta(days=20),
    )
    return token


def _session(owner: User) -> UserSession:
    """Another browser of the same person."""
    client = Client()
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    key = client.session.session_key
    session: UserSession = UserSession.objects.get_or_create(
        session_key=key, defaults={"user": owner, "ip": "10.9.8.7", "user_agent": "Khác"}
    )[0]
    return session
