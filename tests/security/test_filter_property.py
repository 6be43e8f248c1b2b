"""The filter against a naive reading of the rule, in random worlds."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings

from digitization.models import Dossier, Lot, Page
from records.models import Member
from security.explain import who_can_see
from security.fields import may_read
from security.models import Protected, User
from security.scope import allowed_by, caps_on, may, scopes_of, scopes_q
from tests.security.oracle import Oracle
from tests.security.worlds import WORLDS, Built, build

pytestmark = pytest.mark.django_db
MODELS: tuple[type[Protected], ...] = (Member, Lot, Dossier, Page)

property_settings = settings(
    max_examples=40,
    deadline=None,
    # Shrinking builds hundreds of worlds in the database; the seed that failed is printed anyway.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@property_settings
@given(world=WORLDS)
def test_the_filter_equals_the_rule_read_row_by_row(
    world: dict[str, Any], settings: Any, db: None
) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    now = timezone.now()
    built = build(world, now)
    oracle = Oracle.of(now)
    for user in built.users:
        user._scopes = None
        for model in MODELS:
            _compare(built, oracle, user, model)


def _compare(built: Built, oracle: Oracle, user: User, model: type[Protected]) -> None:
    rows = built.of(model)
    found = model._default_manager.visible_to(user).filter(pk__in=[row.pk for row in rows])
    shown = set(found.values_list("pk", flat=True))
    assert shown == {row.pk for row in rows if oracle.sees(user, row)}
    assert found.count() == len(shown)
    for row in rows:
        if row.pk in shown:
            _explained(oracle, user, row)
        elif not row.parents:
            assert not may(user, row.view_action, row)


def _explained(oracle: Oracle, user: User, row: Protected) -> None:
    """What is shown is shown through something that covers it, and the trail can say what."""
    covering = [
        caps for caps in caps_on(user, row) if caps[0] >= row.level and caps[1] >= row.sensitivity
    ]
    assert covering
    assert max(level for level, _sensitivity in covering) <= user.clearance
    if not row.parents:
        _fields_agree(user, row)
    without = Oracle(oracle.at, oracle.roles, oracle.matrix, [], oracle.units)
    assert allowed_by(user, row).startswith("emergency") is not without.sees(user, row)


def _fields_agree(user: User, row: Protected) -> None:
    """A field is searched exactly where it is shown: else the search would tell what it holds."""
    for level in range(row.level, 3):
        for sensitivity in range(row.sensitivity, 3):
            shown = may_read(user, row, level, sensitivity)
            able = [
                scope
                for scope in scopes_of(user)
                if scope.level >= level and scope.sensitivity >= sensitivity
            ]
            found = type(row)._default_manager.filter(scopes_q(user, able, type(row)), pk=row.pk)
            assert found.exists() is shown


@property_settings
@given(world=WORLDS)
def test_who_can_see_is_the_exact_inverse_of_the_filter(
    world: dict[str, Any], settings: Any, db: None
) -> None:
    """A person is listed, with a reason for the row and all it lies in, exactly where he sees."""
    settings.MAX_SECRECY_LEVEL = 3
    now = timezone.now()
    built = build({**world, "token": None}, now)
    for row in built.rows:
        seers = {seer.user.pk: seer for seer in who_can_see(row, now)}
        for user in built.users:
            user._scopes = None
            rows = type(row)._default_manager.visible_to(user).filter(pk=row.pk)
            assert rows.exists() is (user.pk in seers)
        for seer in seers.values():
            assert all(reason.text for reason in seer.reasons)
            assert len({reason.part for reason in seer.reasons}) == _depth(type(row))


def _depth(model: Any) -> int:
    depth = 1
    for parent in model.parents:
        depth += _depth(model._meta.get_field(parent).related_model)
    return depth
