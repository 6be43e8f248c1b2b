from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.models import Member, MemberUnitGrant, MemberUserGrant
from records.services import MemberRow, load_code_lists, register_members
from security.models import StoredFile, Unit, User
from security.scope import may, roles_of, scopes_of
from tests.security.make import LONG_AGO, grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
ROLES = ("keeper", "cell_secretary", "member", "operator")
VIEWERS = {"keeper", "cell_secretary"}


def make_file(unit: Unit, **fields: Any) -> StoredFile:
    row: StoredFile = StoredFile.objects.create(
        **unit.placement, created_at=LONG_AGO, sha256="0" * 64, blob="b", size=1, **fields
    )
    return row


def seen(user: User) -> set[int]:
    user._scopes = None
    return set(StoredFile.objects.visible_to(user).values_list("pk", flat=True))


# --- the filter against a naive reading of the rule -------------------------------------

_levels = st.integers(0, 2)
_world: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        # parents[i] is the parent of unit i + 1; unit 0 is the root
        "parents": st.lists(st.integers(0, 3), min_size=3, max_size=6),
        "clearance": st.integers(0, 3),
        "roles": st.lists(
            st.tuples(
                st.sampled_from(ROLES),
                st.integers(0, 6),
                _levels,
                _levels,
                st.sampled_from(["in force", "expired", "to come"]),
            ),
            max_size=4,
        ),
        "rows": st.lists(
            st.tuples(st.integers(0, 6), _levels, st.integers(1, 2)), min_size=1, max_size=8
        ),
        "grants": st.lists(
            st.tuples(
                st.sampled_from(["user", "unit"]),
                st.integers(0, 7),
                st.integers(0, 6),
                st.sampled_from(["in force", "expired"]),
            ),
            max_size=4,
        ),
    }
)


def _dates(when: str) -> dict[str, Any]:
    now = timezone.now()
    dates: dict[str, dict[str, Any]] = {
        "in force": {"now": LONG_AGO, "valid_to": None},
        "expired": {"now": LONG_AGO, "valid_to": now - timedelta(seconds=1)},
        "to come": {"now": now + timedelta(hours=1), "valid_to": None},
    }
    return dates[when]


def _build(world: dict[str, Any]) -> tuple[User, list[Member], list[Unit]]:
    units = [make_unit()]
    for parent in world["parents"]:
        units.append(make_unit(parent=units[parent % len(units)]))
    user = make_user(unit=units[0], clearance=world["clearance"])
    for role, at, level, sensitivity, when in world["roles"]:
        grant_role(
            user,
            role,
            units[at % len(units)],
            max_level=level,
            max_sensitivity=sensitivity,
            **_dates(when),
        )
    rows = [
        MemberRow(
            units[at % len(units)],
            {"full_name": "Lê An", "status": "du_bi"},
            level=level,
            sensitivity=sensitivity,
        )
        for at, level, sensitivity in world["rows"]
    ]
    members = register_members(rows, actor=None, now=LONG_AGO, reason="Thử")
    _grant(world, user, members, units)
    return user, members, units


def _grant(world: dict[str, Any], user: User, members: list[Member], units: list[Unit]) -> None:
    permission = Permission.objects.get(
        content_type=ContentType.objects.get_for_model(Member), codename="view_member"
    )
    given_already = set()
    for kind, row, at, when in world["grants"]:
        member, unit = members[row % len(members)], units[at % len(units)]
        key = (kind, member.pk, unit.pk if kind == "unit" else 0)
        if key in given_already:
            continue
        given_already.add(key)
        dates = _dates(when)
        terms: dict[str, Any] = {
            "permission": permission,
            "content_object": member,
            "valid_from": dates["now"],
            "valid_to": dates["valid_to"],
            "reason": "Thử",
        }
        if kind == "user":
            MemberUserGrant.objects.create(user=user, **terms)
        else:
            MemberUnitGrant.objects.create(grantee=unit, **terms)


def _oracle(
    world: dict[str, Any], user: User, members: list[Member], units: list[Unit]
) -> set[int]:
    """The rule, read row by row without any SQL."""
    held = [
        (role, units[at % len(units)], min(level, user.clearance), sensitivity)
        for role, at, level, sensitivity, when in world["roles"]
        if when == "in force"
    ]
    viewing = [one for one in held if one[0] in VIEWERS]
    granted: set[int] = set()
    seen_keys = set()
    for kind, row, at, when in world["grants"]:
        member, unit = members[row % len(members)], units[at % len(units)]
        key = (kind, member.pk, unit.pk if kind == "unit" else 0)
        if key in seen_keys:
            continue
        seen_keys.add(key)
        mine = kind == "user" or any(unit.pk == scope.pk for _role, scope, *_caps in viewing)
        if when == "in force" and mine:
            granted.add(member.pk)
    visible = set()
    for member in members:
        by_role = any(
            member.unit_path.startswith(unit.path)
            and member.level <= level
            and member.sensitivity <= sensitivity
            for _role, unit, level, sensitivity in viewing
        )
        by_grant = (
            member.pk in granted
            and bool(held)
            and member.level <= min(user.clearance, max(level for *_r, level, _s in held))
            and member.sensitivity <= max(sensitivity for *_r, sensitivity in held)
        )
        if by_role or by_grant:
            visible.add(member.pk)
    return visible


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(world=_world)
def test_the_filter_equals_the_rule_read_row_by_row(
    world: dict[str, Any], settings: Any, db: None
) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    load_code_lists()
    user, members, units = _build(world)
    user._scopes = None
    ids = [member.pk for member in members]
    found = set(Member.objects.visible_to(user).filter(pk__in=ids).values_list("pk", flat=True))
    assert found == _oracle(world, user, members, units)


# --- single statements ------------------------------------------------------------------


def test_a_scope_reaches_down_and_never_sideways_or_up() -> None:
    root = make_unit()
    mine, sister = make_unit(parent=root), make_unit(parent=root)
    rows = [make_file(unit) for unit in (root, mine, make_unit(parent=mine), sister)]
    officer = make_officer("operator", unit=mine)
    assert seen(officer) == {rows[1].pk, rows[2].pk}


def test_a_path_that_only_begins_alike_is_another_unit() -> None:
    mine = make_unit()
    other = make_unit()
    Unit.objects.filter(pk=other.pk).update(path=f"/{mine.pk}0/")
    other.refresh_from_db()
    row = make_file(other)
    assert row.pk not in seen(make_officer("operator", unit=mine))


@pytest.mark.parametrize(
    ("clearance", "role_level", "row_level", "shown"),
    [(1, 1, 1, True), (0, 1, 1, False), (1, 0, 1, False), (3, 1, 2, False), (0, 0, 0, True)],
)
def test_level_is_capped_by_role_and_by_clearance(
    clearance: int, role_level: int, row_level: int, shown: bool
) -> None:
    user = make_user(clearance=clearance)
    grant_role(user, "operator", max_level=role_level)
    row = make_file(user.unit, level=row_level)
    assert (row.pk in seen(user)) is shown


@pytest.mark.parametrize(("cap", "shown"), [(0, False), (1, True), (2, True)])
def test_sensitivity_is_capped_by_the_role(cap: int, shown: bool) -> None:
    user = make_user()
    grant_role(user, "operator", max_sensitivity=cap)
    row = make_file(user.unit, sensitivity=1)
    assert (row.pk in seen(user)) is shown


def test_an_expired_role_sees_nothing_and_may_nothing() -> None:
    user = make_user()
    row = make_file(user.unit)
    grant_role(user, "operator", valid_to=timezone.now() + timedelta(minutes=1))
    assert seen(user) == {row.pk}
    user.role_grants.update(valid_to=timezone.now())
    assert seen(user) == set()
    assert roles_of(user) == frozenset()
    assert not may(user, "digitization.view")


def test_a_role_without_the_viewing_action_shows_nothing() -> None:
    user = make_officer("administrator")
    make_file(user.unit)
    assert seen(user) == set()


def test_a_disabled_account_has_no_scope() -> None:
    user = make_officer("operator")
    user.is_active = False
    user._scopes = None
    assert scopes_of(user) == []


def test_being_superuser_opens_nothing() -> None:
    user = make_user(is_superuser=True, is_staff=True)
    make_file(user.unit)
    assert seen(user) == set()


def test_may_asks_for_unit_and_row() -> None:
    root = make_unit()
    mine, other = make_unit(parent=root), make_unit(parent=root)
    officer = make_officer("operator", unit=mine)
    assert may(officer, "digitization.upload")
    assert may(officer, "digitization.upload", mine)
    assert not may(officer, "digitization.upload", root)
    assert not may(officer, "digitization.upload", other)
    assert may(officer, "digitization.upload", make_file(mine))
    assert not may(officer, "digitization.upload", make_file(mine, level=2))
    assert not may(officer, "records.edit", mine)
