"""All doors of the product, area by area."""

from tests.walk.doors import account, api, campaign, digitization, records, security
from tests.walk.register import Door

DOORS: tuple[Door, ...] = (
    *account.DOORS,
    *api.DOORS,
    *campaign.DOORS,
    *digitization.DOORS,
    *records.DOORS,
    *security.DOORS,
)
WALKED = tuple(door for door in DOORS if not door.elsewhere)
