"""Which page is whose home: the first of these that a role in force opens."""

from __future__ import annotations

from dataclasses import dataclass

from security.models import User
from security.scope import may


@dataclass(frozen=True)
class Home:
    """``url_name`` is where this person works; "" means the unit home, drawn at / itself."""

    action: str
    url_name: str


# In this order: who may do several things lands on the one that looks over most.
HOMES = (
    Home("campaign.board", "board"),
    Home("campaign.report", ""),
    Home("digitization.upload", "digitization:home"),
    Home("digitization.inspect", "digitization:home"),
    Home("records.view", "records:member_list"),
    Home("digitization.view", "digitization:home"),
    Home("campaign.view", "campaign:task_list"),
    Home("records.view_own", "records:own"),
    Home("security.view_trail", "security:trail"),
    Home("security.manage_access", "security:people"),
)


def home_of(user: User) -> Home | None:
    """The home of a signed-in person; None when no role of his is in force."""
    return next((home for home in HOMES if may(user, home.action)), None)
