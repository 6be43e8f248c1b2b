"""Random small worlds for the property tests of the filter, and how they are built."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from hypothesis import strategies as st

from digitization.models import Dossier, Lot, Page
from records.models import Member, MemberUnitGrant, MemberUserGrant
from records.services import MemberRow, load_code_lists, register_members
from security.models import EmergencyAccess, Protected, RoleGrant, Unit, User
from security.services import move_unit
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.security.make import LONG_AGO, make_classified, make_unit, make_user

ROLES = ("keeper", "cell_secretary", "member", "operator", "unit_head", "unit_staff")
WHEN = ("in force", "in force", "lasting", "expired", "to come")
PEOPLE = 3

_levels = st.integers(0, 2)
_unit = st.integers(0, 6)
_person = st.integers(0, PEOPLE - 1)
_when = st.sampled_from(WHEN)
_place = st.tuples(_unit, _levels, st.integers(0, 2))

WORLDS: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        # parents[i] is the parent of unit i + 1; unit 0 is the root
        "parents": st.lists(st.integers(0, 3), min_size=3, max_size=6),
        "people": st.lists(
            st.tuples(st.integers(0, 3), st.sampled_from([True, True, True, False])),
            min_size=PEOPLE,
            max_size=PEOPLE,
        ),
        "roles": st.lists(
            st.tuples(_person, st.sampled_from(ROLES), _unit, _levels, _levels, _when), max_size=6
        ),
        "delegations": st.lists(
            st.tuples(st.integers(0, 7), _person, _unit, _levels, _levels, _when), max_size=2
        ),
        "emergencies": st.lists(
            st.tuples(
                _person,
                _unit,
                st.sampled_from(["records.view", "digitization.view", "records.edit"]),
                st.sampled_from(["in force", "in force", "expired"]),
            ),
            max_size=2,
        ),
        "rows": st.lists(st.tuples(_unit, _levels, st.integers(1, 2)), min_size=1, max_size=6),
        "grants": st.lists(
            st.tuples(st.sampled_from(["user", "unit"]), st.integers(0, 5), _person, _unit, _when),
            max_size=5,
        ),
        # lot, dossier and page of one chain, each with a place and levels of its own
        "chain": st.tuples(_place, _place, _place),
        "move": st.none() | st.tuples(_unit, _unit),
        "token": st.none()
        | st.frozensets(
            st.sampled_from(["records.view", "records.view_own", "digitization.view"]), max_size=2
        ),
    }
)


@dataclass
class Built:
    """A world in the database."""

    users: list[User]
    units: list[Unit]
    rows: list[Protected] = field(default_factory=list)

    def of(self, model: type[Protected]) -> list[Protected]:
        return [row for row in self.rows if isinstance(row, model)]


def build(world: dict[str, Any], now: datetime) -> Built:
    load_code_lists()
    units = [make_unit()]
    for parent in world["parents"]:
        units.append(make_unit(parent=units[parent % len(units)]))
    users = [
        make_user(unit=units[0], clearance=clearance, is_active=active)
        for clearance, active in world["people"]
    ]
    built = Built(users, units)
    _give_roles(world, built, now)
    members = _members(world, units)
    _open(world, built, members, now)
    chain = _chain(world, units)
    if world["move"] is not None:
        _move(units, *world["move"])
    for unit in units:
        unit.refresh_from_db()
    everything: list[tuple[type[Protected], int]] = [(Member, one.pk) for one in members]
    everything += chain
    built.rows = [model._default_manager.get(pk=pk) for model, pk in everything]
    users[0].token_actions = world["token"]
    return built


def _dates(when: str, now: datetime) -> dict[str, Any]:
    day = timedelta(days=1)
    dates: dict[str, dict[str, Any]] = {
        "in force": {"valid_from": LONG_AGO, "valid_to": now + day},
        "lasting": {"valid_from": LONG_AGO, "valid_to": None},
        "expired": {"valid_from": LONG_AGO, "valid_to": now - day},
        "to come": {"valid_from": now + day, "valid_to": now + 2 * day},
    }
    return dates[when]


def _give_roles(world: dict[str, Any], built: Built, now: datetime) -> None:
    units, users = built.units, built.users
    grants: list[RoleGrant] = []
    for who, role, at, level, sensitivity, when in world["roles"]:
        grants.append(
            RoleGrant.objects.create(
                user=users[who],
                role_id=role,
                unit=units[at % len(units)],
                max_level=level,
                max_sensitivity=sensitivity,
                **_dates(when, now),
            )
        )
    # Also of what was itself passed on, to other units and with other caps: never more than given.
    for which, who, at, level, sensitivity, when in world["delegations"] if grants else []:
        origin = grants[which % len(grants)]
        grants.append(
            RoleGrant.objects.create(
                user=users[who],
                role_id=origin.role_id if at else "keeper",
                unit=units[at % len(units)],
                max_level=level,
                max_sensitivity=sensitivity,
                delegated_from=origin,
                **_dates("in force" if when == "lasting" else when, now),
            )
        )
    for who, at, action, when in world["emergencies"]:
        EmergencyAccess.objects.create(
            user=users[who],
            unit=units[at % len(units)],
            action=action,
            reason="Thử",
            **_dates(when, now),
        )


def _members(world: dict[str, Any], units: list[Unit]) -> list[Member]:
    rows = [
        MemberRow(
            units[at % len(units)],
            {"full_name": "Lê An", "status": "du_bi"},
            level=min(level, 1),
            sensitivity=sensitivity,
        )
        for at, level, sensitivity in world["rows"]
    ]
    members = register_members(rows, actor=None, now=LONG_AGO, reason="Thử")
    for member, (_at, level, _sensitivity) in zip(members, world["rows"], strict=True):
        if level == 2:
            make_classified(member, 2)
            make_classified(member.person, 2)
    return members


def _open(world: dict[str, Any], built: Built, members: list[Member], now: datetime) -> None:
    permission = Permission.objects.get(
        content_type=ContentType.objects.get_for_model(Member), codename="view_member"
    )
    there = set()
    for kind, row, who, at, when in world["grants"]:
        member, unit = members[row % len(members)], built.units[at % len(built.units)]
        holder: dict[str, Any] = {"user": built.users[who]} if kind == "user" else {"grantee": unit}
        key = (kind, member.pk, who if kind == "user" else unit.pk)
        if key in there:
            continue
        there.add(key)
        table: Any = MemberUserGrant if kind == "user" else MemberUnitGrant
        table.objects.create(
            permission=permission,
            content_object=member,
            reason="Thử",
            **holder,
            **_dates(when, now),
        )


def _chain(world: dict[str, Any], units: list[Unit]) -> list[tuple[type[Protected], int]]:
    room = make_room(unit=units[0])
    dossier = make_dossier(room)
    page = make_pages(dossier)[0]
    chain: list[tuple[type[Protected], int]] = [
        (Lot, room.lot.pk),
        (Dossier, dossier.pk),
        (Page, page.pk),
    ]
    for (model, pk), (at, level, sensitivity) in zip(chain, world["chain"], strict=True):
        place = units[at % len(units)].placement
        rows = model._default_manager.filter(pk=pk)
        rows.update(**place, level=min(level, 1), sensitivity=sensitivity)
        if level == 2:
            make_classified(rows.get(), 2)
    return chain


def _move(units: list[Unit], which: int, to: int) -> None:
    unit, parent = units[which % len(units)], units[to % len(units)]
    parent.refresh_from_db()
    unit.refresh_from_db()
    if unit.parent_id not in {None, parent.pk} and not unit.contains(parent.path):
        move_unit(actor=None, unit=unit, parent=parent)
