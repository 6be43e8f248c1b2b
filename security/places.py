"""The pages of the access area and of one's own account, each with who is offered it.

The trail is not among them: it is a place of the main navigation, for whoever reads it.

A page that is not offered here must not be reachable by whoever lacks its action: the views ask
again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from django.utils.translation import gettext_noop

from security.models import User
from security.scope import BREAK_GLASS, may
from security.selectors import holdings, matrix
from security.selectors.emergencies import waiting_count
from security.selectors.upkeep import alarm_count


@dataclass(frozen=True)
class Place:
    """One page: shown to whoever may do one of ``actions`` somewhere; to everybody if empty."""

    url_name: str
    label: str
    actions: tuple[str, ...] = ()
    # How many things wait there for this user; shown beside the word where there are any.
    count: Callable[[User], int] | None = None
    # Whether something there is not in order; shown as a red light.
    alarm: Callable[[], bool] | None = None
    # Beginning of the names of the pages that lie below it.
    below: str = ""
    # Begins a group: set apart from the pages before it.
    begins: bool = False

    def holds(self, url_name: str) -> bool:
        return url_name == self.url_name or bool(self.below and url_name.startswith(self.below))


def _to_decide(user: User) -> int:
    """Requests for high roles and changes of the matrix that wait for this user."""
    return holdings.waiting_count(user) + matrix.waiting_count(user, timezone.now())


# Whoever keeps the machine, and whoever watches the trail.
STATE_ACTIONS = ("security.manage_access", "security.view_trail")
ACCESS = (
    Place(
        "security:people",
        gettext_noop("People"),
        ("security.manage_access",),
        below="security:person",
    ),
    Place("security:units", gettext_noop("Units"), ("security.manage_units",)),
    Place(
        "security:requests",
        gettext_noop("Waiting for a second person"),
        ("security.manage_access", "security.approve_access"),
        _to_decide,
        begins=True,
    ),
    Place(
        "security:expiring",
        gettext_noop("What expires"),
        (
            "security.manage_access",
            "security.approve_access",
            "security.review_access",
            "security.approve_secrecy",
        ),
    ),
    Place("security:reviews", gettext_noop("Access review"), ("security.review_access",)),
    Place(
        "security:emergencies",
        gettext_noop("Emergency access"),
        ("security.review_emergency",),
        waiting_count,
    ),
    Place(
        "security:explained_people",
        gettext_noop("Who sees what"),
        ("security.explain_access",),
        begins=True,
    ),
    Place("security:clearances", gettext_noop("Clearances"), ("security.approve_access",)),
    Place(
        "security:roles",
        gettext_noop("Roles"),
        ("security.manage_access", "security.approve_access", "security.review_access"),
        below="security:role",
    ),
    Place(
        "security:classifications",
        gettext_noop("Secrecy levels"),
        ("security.classify", "security.declassify", "security.approve_secrecy"),
        begins=True,
    ),
    Place("security:approvals", gettext_noop("Approvals"), ("security.approve_secrecy",)),
    Place(
        "admin:index",
        gettext_noop("Reference data"),
        ("security.manage_reference",),
        below="admin:",
        begins=True,
    ),
    Place(
        "installation_state",
        gettext_noop("State of the installation"),
        STATE_ACTIONS,
        alarm=lambda: alarm_count() > 0,
        below="damaged_files",
    ),
    Place("notice_sending", gettext_noop("E-mails"), STATE_ACTIONS),
)
ACCOUNT = (
    Place("account_home", gettext_noop("My account")),
    Place("security:my_roles", gettext_noop("My roles")),
    Place("security:opened_to_me", gettext_noop("Opened to me")),
    Place("security:emergency_mine", gettext_noop("Emergency access"), (BREAK_GLASS,)),
    Place("notice_choices", gettext_noop("What I am told"), below="notice_", begins=True),
    Place("calendar_feed", gettext_noop("Calendar"), ("campaign.view",), below="calendar_feed"),
    Place("account_change_password", gettext_noop("Password"), begins=True),
    Place("account_sessions", gettext_noop("Signed-in devices")),
    Place("mfa_index", gettext_noop("Two-step sign-in")),
    Place(
        "account_tokens",
        gettext_noop("Tokens for programs"),
        ("security.use_tokens",),
        below="account_token",
    ),
)


def offered(places: tuple[Place, ...], user: User) -> list[Place]:
    """Those of the places that this user may open, in their order."""
    return [
        place
        for place in places
        if not place.actions or any(may(user, action) for action in place.actions)
    ]
