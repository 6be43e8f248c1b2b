from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from digitization.models import Page
from records.models import Member, MemberUnitGrant, MemberUserGrant
from security.models import RoleGrant, StoredFile, Unit, User
from security.scope import may, roles_of, scopes_of
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.records.make import make_member
from tests.security.make import (
    LONG_AGO,
    grant_role,
    make_classified,
    make_officer,
    make_unit,
    make_user,
)

pytestmark = pytest.mark.django_db


def make_file(unit: Unit, *, level: int = 1, **fields: Any) -> StoredFile:
    row: StoredFile = StoredFile.objects.create(
        **unit.placement,
        created_at=LONG_AGO,
        sha256="0" * 64,
        blob="b",
        size=1,
        level=min(level, 1),
        **fields,
    )
    return make_classified(row, level) if level > 1 else row


def seen(user: User) -> set[int]:
    user._scopes = None
    return set(StoredFile.objects.visible_to(user).values_list("pk", flat=True))


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


# --- grants: the caps of the role they rest on -------------------------------------------


def opened_to(row: Member, **holder: Any) -> None:
    table: Any = MemberUserGrant if "user" in holder else MemberUnitGrant
    kind = ContentType.objects.get_for_model(Member)
    table.objects.create(
        permission=Permission.objects.get(content_type=kind, codename="view_member"),
        content_object=row,
        valid_from=LONG_AGO,
        reason="Thử",
        **holder,
    )


def sees_member(user: User, row: Member) -> bool:
    user._scopes = None
    return bool(Member.objects.visible_to(user).filter(pk=row.pk).exists())


def test_a_grant_to_somebody_without_any_role_shows_nothing() -> None:
    user, row = make_user(), make_member()
    opened_to(row, user=user)
    assert not sees_member(user, row)


def test_a_role_that_shows_no_such_rows_lends_no_caps() -> None:
    """An operator's cap for sensitive scans says nothing of what he may read of members."""
    user, row = make_user(), make_member(sensitivity=2)
    opened_to(row, user=user)
    grant_role(user, "operator", max_sensitivity=2)
    assert not sees_member(user, row)
    grant_role(user, "cell_secretary", max_sensitivity=1)
    assert not sees_member(user, row)
    grant_role(user, "cell_secretary", max_sensitivity=2)
    assert sees_member(user, row)


def test_the_role_for_ones_own_record_carries_only_what_was_opened_for_good() -> None:
    user, own, shared = make_user(), make_member(), make_member()
    grant_role(user, "member")
    opened_to(own, user=user)
    opened_to(shared, user=user, valid_to=timezone.now() + timedelta(days=1))
    assert sees_member(user, own)
    assert not sees_member(user, shared)


def test_caps_of_two_roles_are_never_mixed(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    user = make_user(clearance=2)
    grant_role(user, "cell_secretary", max_level=2, max_sensitivity=1)
    grant_role(user, "cell_secretary", max_level=1, max_sensitivity=2)
    row = make_member(sensitivity=2)
    opened_to(row, user=user)
    assert sees_member(user, row)
    make_classified(row, 2)
    make_classified(row.person, 2)
    assert not sees_member(user, row)


def test_a_row_opened_to_a_unit_is_opened_to_its_own_people_alone() -> None:
    root = make_unit()
    unit = make_unit(parent=root)
    row = make_member(unit=make_unit(parent=root))
    opened_to(row, grantee=unit)
    own = make_officer("cell_secretary", unit=unit)
    below = make_officer("cell_secretary", unit=make_unit(parent=unit))
    beside = make_officer("cell_secretary", unit=make_unit(parent=root))
    assert [sees_member(user, row) for user in (own, below, beside)] == [True, False, False]


def test_a_row_opened_to_a_unit_stays_within_the_caps_of_the_role_on_it() -> None:
    unit = make_unit()
    row = make_member(unit=make_unit(), sensitivity=2)
    opened_to(row, grantee=unit)
    user = make_user(unit=unit)
    grant_role(user, "cell_secretary", unit, max_sensitivity=1)
    # Nor does a role elsewhere help that would show such rows.
    grant_role(user, "cell_secretary", make_unit(), max_sensitivity=2)
    assert not sees_member(user, row)
    grant_role(user, "cell_secretary", unit, max_sensitivity=2)
    assert sees_member(user, row)


def test_a_tokens_actions_bound_what_was_opened_one_by_one() -> None:
    user, row = make_user(), make_member()
    grant_role(user, "keeper")
    opened_to(row, user=user)
    assert sees_member(user, row)
    user.token_actions = frozenset({"digitization.view"})
    assert not sees_member(user, row)


def test_a_child_is_hidden_with_what_it_lies_in() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    rows = Page.objects.visible_to(room.operator).filter(pk=page.pk)
    assert rows.exists()
    # The lot alone becomes secret: neither its dossier nor the page has changed.
    make_classified(room.lot, 2)
    assert not Page.objects.visible_to(room.operator).filter(pk=page.pk).exists()


# --- roles passed on ----------------------------------------------------------------------


def pass_on(origin: RoleGrant, user: User, **fields: Any) -> RoleGrant:
    terms = {"role_id": origin.role_id, "unit": origin.unit, "max_level": 1, "max_sensitivity": 2}
    grant: RoleGrant = RoleGrant.objects.create(
        user=user,
        valid_from=LONG_AGO,
        valid_to=timezone.now() + timedelta(days=1),
        delegated_from=origin,
        **{**terms, **fields},
    )
    return grant


def test_a_role_passed_on_reaches_no_further_than_its_givers() -> None:
    root = make_unit()
    unit = make_unit(parent=root)
    giver, stand_in = make_user(unit=unit), make_user(unit=root)
    origin = grant_role(giver, "operator", unit, max_sensitivity=1)
    row, sensitive, beside = make_file(unit), make_file(unit, sensitivity=2), make_file(root)
    pass_on(origin, stand_in)
    assert seen(stand_in) == {row.pk}
    # Rows that no service writes and the filter still reads as nothing.
    odd = make_user(unit=root)
    pass_on(origin, odd, unit=root)
    pass_on(origin, odd, role_id="inspector")
    pass_on(RoleGrant.objects.get(user=stand_in), odd)
    assert seen(odd) == set()
    User.objects.filter(pk=giver.pk).update(clearance=0)
    assert seen(stand_in) == set()
    User.objects.filter(pk=giver.pk).update(clearance=1, is_active=False)
    assert seen(stand_in) == set()
    assert {sensitive.pk, beside.pk}.isdisjoint(seen(stand_in))


# --- the shape of the query ----------------------------------------------------------------


def plan_of(user: User, model: Any) -> str:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        return str(model.objects.visible_to(user).order_by().explain())


def test_a_role_is_one_scan_of_one_index_range() -> None:
    plan = plan_of(make_officer("operator"), StoredFile)
    assert "storedfile_scope" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    assert "unit_path" in condition
    assert "level" in condition
    assert "Join" not in plan
    assert "SubPlan" not in plan


def test_grants_are_gathered_once() -> None:
    """Two initial plans (people, units) for the whole query; never a question for each row."""
    plan = plan_of(make_officer("keeper"), Member)
    assert plan.count("InitPlan") == 2
    assert "SubPlan" not in plan.replace("InitPlan", "")
    assert "member_scope" in plan


def test_scopes_cost_one_query_a_request() -> None:
    user = make_officer("unit_head")
    with CaptureQueriesContext(connection) as queries:
        scopes_of(user)
        may(user, "campaign.view")
        list(StoredFile.objects.visible_to(user))
    assert len(queries) == 2
