"""The world of the walk: one organisation, everybody who may ask, rows that each may and may not see.

root ── own ── desk      where the twelve roles hold sway; ``own`` rows lie at the desk
     └─ foreign          rows of another branch
root                     rows above the own unit ("parent")
own, level 2             rows above everybody's clearance ("secret")
foreign, opened once     rows whose object grant to everybody has expired ("expired")
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.hashers import make_password
from django.test import Client

from campaign.models import TaskUnitGrant, TaskUserGrant
from records.models import CadreUserGrant, CodeItem, CodeList, MemberUnitGrant, MemberUserGrant
from records.services import load_code_lists
from security.models import Classification, MatrixChange, Role, Unit, User
from security.services import load_roles
from tests.campaign.make import make_campaign
from tests.security.make import LONG_AGO, grant_role, make_approval, make_unit, make_user
from tests.walk.around_rows import around_rows
from tests.walk.export_rows import export_rows
from tests.walk.rows import (
    SECRET,
    Absent,
    Place,
    Rows,
    dossier_of,
    grant,
    index_of,
    page_of,
    people_rows,
    record_rows,
    scan_rows,
    task_rows,
)
from tests.walk.security_rows import security_rows

ROLES = (
    "head",
    "deputy",
    "office",
    "unit_head",
    "unit_staff",
    "operator",
    "inspector",
    "keeper",
    "cell_secretary",
    "member",
    "security_officer",
    "administrator",
)
# Signed in without a role in force; not signed in, or no longer somebody.
POWERLESS = ("nobody", "expired")
OUTSIDE = ("disabled", "anonymous")
EVERYBODY = (*ROLES, *POWERLESS, *OUTSIDE)


@dataclass
class World:
    now: datetime
    units: dict[str, Unit] = field(default_factory=dict)
    users: dict[str, User] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    rows: dict[str, Rows] = field(default_factory=dict)

    @property
    def own(self) -> Rows:
        return self.rows["own"]

    @property
    def hidden(self) -> dict[str, Rows]:
        return {name: rows for name, rows in self.rows.items() if name != "own"}


# Other areas add their rows here: (world, place, rows) → kinds of rows by name.
More = Callable[[World, Place, Rows], dict[str, Any]]
MORE: list[More] = [security_rows, export_rows, around_rows]


def make_world(now: datetime) -> World:
    """Organisation, people and the own rows; ``hide_rows`` adds what must stay hidden."""
    load_roles()
    load_code_lists()
    Role.objects.update(mfa_required=False)
    world = World(now)
    root = make_unit(code="GOC", name="Cơ quan")
    own = make_unit(code="NHA", name="Đơn vị nhà", parent=root)
    desk = make_unit(code="BAN", name="Bộ phận nhà", parent=own)
    world.units = {"root": root, "own": own, "desk": desk}
    world.users = _people(own)
    _sign_in(world)
    campaign = make_campaign(unit=root, start=(now - timedelta(days=3)).date())
    world.users["_cleared"] = _cleared(own)
    world.users["_above"] = _all_powerful(root, "gốc")
    place = Place("nhamình", desk)
    rows = Rows("own", campaign=campaign)
    rows.add(**task_rows(place, campaign, now), **record_rows(place), **people_rows(place))
    rows.add(**scan_rows(place, now, world.users["keeper"], world.users["operator"]))
    grant(MemberUserGrant, rows.member, user=world.users["member"])
    rows.add(
        approval=make_approval(),
        code_list=CodeList.objects.first(),
        code_item=CodeItem.objects.first(),
        standing=Classification.objects.create(
            kind=Classification.Kind.STANDING,
            object_type="campaign.task",
            level=1,
            legal_basis="Quy chế",
            classified_at=LONG_AGO,
            review_on=now.date(),
        ),
    )
    rows.add(
        change=MatrixChange.objects.create(
            role_id="keeper",
            action="campaign.view",
            allowed=True,
            reason="QĐ",
            requested_by=world.users["administrator"],
            requested_at=now,
        )
    )
    world.rows["own"] = rows
    for more in MORE:
        rows.add(**more(world, place, rows))
    return world


def hide_rows(world: World) -> None:
    """Everything nobody of the twelve may see, with the canary in every text."""
    root = world.units["root"]
    foreign = make_unit(code="CANARYF", name="Đơn vị canaryforeign", parent=root)
    world.units["foreign"] = foreign
    cleared = world.users["_cleared"]
    places = [
        Place("canaryforeign", foreign, maker=_all_powerful(foreign, "canaryforeign")),
        Place("canaryparent", root, maker=world.users["_above"]),
        Place("canarysecret", world.units["own"], level=SECRET, maker=cleared),
        Place("canaryexpired", foreign, maker=_all_powerful(foreign, "canaryexpired")),
    ]
    campaign = world.own.campaign
    for place in places:
        assert place.maker is not None
        rows = Rows(place.word)
        rows.add(**task_rows(place, campaign, world.now), **record_rows(place))
        rows.add(**scan_rows(place, world.now, place.maker, place.maker))
        if place.unit not in (world.units["own"], world.units["desk"]):
            rows.add(**people_rows(place))
        for more in MORE:
            rows.add(**more(world, place, rows))
        if place.level == SECRET:
            rows.classify(world.own.approval)
        world.rows[place.word.removeprefix("canary")] = rows
    _expire(world, world.rows["expired"])
    world.rows["within"] = _secrets_within(world)
    world.rows["missing"] = Rows("missing")
    world.rows["missing"].__dict__.update(dict.fromkeys(world.own.__dict__, Absent()))


def _people(own: Unit) -> dict[str, User]:
    users = {}
    for role in ROLES:
        users[role] = make_user(unit=own, username=f"di-{role}", full_name=f"Người {role}")
        grant_role(users[role], role, own, now=LONG_AGO)
    users["nobody"] = make_user(unit=own, username="di-nobody", full_name="Người không vai")
    users["expired"] = make_user(unit=own, username="di-expired", full_name="Người hết hạn")
    users["disabled"] = make_user(unit=own, username="di-disabled", full_name="Người nghỉ")
    for role in ("keeper", "unit_head", "administrator"):
        ended = grant_role(users["expired"], role, own, now=LONG_AGO)
        ended.valid_to = LONG_AGO + timedelta(days=1)
        ended.save(update_fields=["valid_to"])
        grant_role(users["disabled"], role, own, now=LONG_AGO)
    password = make_password("một câu đủ dài")
    for user in users.values():
        user.password = password
        user.save(update_fields=["password"])
    return users


def _sign_in(world: World) -> None:
    """A session each; the disabled account was signed in when it was disabled."""
    for name in EVERYBODY:
        world.clients[name] = client = Client(raise_request_exception=False)
        if name != "anonymous":
            client.force_login(
                world.users[name], backend="django.contrib.auth.backends.ModelBackend"
            )
    disabled = world.users["disabled"]
    disabled.is_active = False
    disabled.save(update_fields=["is_active"])
    world.clients["disabled"].get("/")  # told once why he is out


def _cleared(own: Unit) -> User:
    """Somebody of the own unit who may see level 2, known to all: his rows are not."""
    user = make_user(unit=own, username="mat", full_name="Người giữ mật", clearance=3)
    for role in ("keeper", "operator", "unit_staff"):
        grant_role(user, role, own, now=LONG_AGO, max_level=3)
    return user


def _all_powerful(unit: Unit, word: str) -> User:
    """Who stands above is offered as an operator further down: his name is no secret there."""
    user = make_user(unit=unit, username=f"chu-{word}", full_name=f"Chủ {word}")
    for role in ("keeper", "operator", "unit_staff"):
        grant_role(user, role, unit, now=LONG_AGO)
    return user


def _secrets_within(world: World) -> Rows:
    """A secret dossier in the own lot and a secret page in the own dossier: the parent is seen."""
    cleared = world.users["_cleared"]
    place = Place("canarywithin", world.units["desk"], level=SECRET, maker=cleared)
    dossier = dossier_of(place, world.own.lot, cleared, world.now)
    index_of(place, dossier, cleared, world.now)
    page = page_of(place, dossier, world.now)
    approval = world.own.approval
    Rows("", dossier=dossier, page=page, source=page.source).classify(approval)
    inner = page_of(place, world.own.dossier, world.now)
    rows = Rows(place.word, dossier=dossier, page=inner, source=inner.source)
    rows.classify(approval)
    return rows


def _expire(world: World, rows: Rows) -> None:
    """Opened to everybody and to the own unit, until yesterday."""
    own, over = world.units["own"], world.now - timedelta(days=1)
    for row in (rows.task, rows.draft):
        grant(TaskUnitGrant, row, grantee=own, valid_to=over)
    grant(MemberUnitGrant, rows.member, grantee=own, valid_to=over)
    for name in (*ROLES, "nobody", "disabled"):
        user = world.users[name]
        for row in (rows.task, rows.draft):
            grant(TaskUserGrant, row, user=user, valid_to=over)
        grant(MemberUserGrant, rows.member, user=user, valid_to=over)
        grant(CadreUserGrant, rows.cadre, user=user, valid_to=over)


__all__ = ["EVERYBODY", "OUTSIDE", "POWERLESS", "ROLES", "World", "hide_rows", "make_world"]
