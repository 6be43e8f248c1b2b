"""All doors of the product, area by area."""

from tests.walk.doors import (
    access,
    account,
    admin,
    api,
    api_campaign,
    board,
    campaign,
    digitization,
    exports,
    imports,
    lights,
    matrix,
    notices,
    plans,
    products,
    records,
    security,
    state,
    task_lists,
    tasks,
)
from tests.walk.register import Door, patterns

DOORS: tuple[Door, ...] = (
    *access.DOORS,
    *account.DOORS,
    *admin.DOORS,
    *api.DOORS,
    *api_campaign.DOORS,
    *board.DOORS,
    *campaign.DOORS,
    *digitization.DOORS,
    *exports.DOORS,
    *imports.DOORS,
    *lights.DOORS,
    *matrix.DOORS,
    *notices.DOORS,
    *plans.DOORS,
    *products.DOORS,
    *records.DOORS,
    *security.DOORS,
    *state.DOORS,
    *task_lists.DOORS,
    *tasks.DOORS,
)
_THERE = {name for name, _route in patterns()}
# A door that is gone is test_register's matter, not that of every test of the walk.
WALKED = tuple(door for door in DOORS if not door.elsewhere and door.name in _THERE)
