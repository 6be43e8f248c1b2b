"""Which campaign somebody works in: several live side by side, closed ones stay readable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef
from django.http import HttpRequest

from campaign.models import Campaign, Task
from security.models import User
from security.scope import may

KEY = "campaign"  # of the session, and of an address that names a campaign itself


@dataclass(frozen=True)
class Choice:
    """The campaign of a page, and all that its reader may turn to, open ones first."""

    campaign: Campaign | None
    all: tuple[Campaign, ...] = ()

    @property
    def several(self) -> bool:
        return len(self.all) > 1

    @property
    def named(self) -> str:
        """For the addresses of a page: the campaign's code where there is more than one.

        A list opened from a board then shows what the board counted, whatever was chosen since.
        """
        return self.campaign.code if self.campaign and self.several else ""


def visible_campaigns(user: User) -> tuple[Campaign, ...]:
    """Campaigns with a task that this person may see, or whose unit his role reaches.

    Open ones before closed ones, the newest first. Whoever sees none gets those of the units he
    works under: he is told that nothing there is open to him, not that there is none. One query.
    """
    seen = Task.objects.visible_to(user).filter(campaign=OuterRef("pk"))
    rows = list(
        Campaign.objects.select_related("unit")
        .defer("reference", "loaded")
        .annotate(seen=Exists(seen))
        .order_by("-start", "-pk")
    )
    found: list[Any] = [row for row in rows if row.seen or may(user, "campaign.view", row.unit)]
    found = found or [row for row in rows if user.unit.path.startswith(row.unit.path)]
    return tuple(sorted(found, key=lambda row: row.closed_at is not None))


def choose(user: User, code: str = "") -> Choice:
    """The campaign of this code if the person may see it, else the newest open one. One query."""
    known = visible_campaigns(user)
    fitting = (row for row in known if row.code == code)
    return Choice(next(fitting, known[0] if known else None), known)


def choice_of(request: HttpRequest) -> Choice:
    """As the address says, else as chosen last in this session; asked once for a request."""
    kept: Choice | None = getattr(request, "_campaign_choice", None)
    if kept is None:
        session: Any = getattr(request, "session", {})
        code = request.GET.get(KEY, "") or session.get(KEY, "")
        kept = choose(request.user, code)  # type: ignore[arg-type]
        request._campaign_choice = kept  # type: ignore[attr-defined]
    return kept


def chosen_campaign(request: HttpRequest) -> Campaign | None:
    """The campaign that this page speaks of; None where the reader has none."""
    return choice_of(request).campaign


def remember(request: HttpRequest, code: str) -> Campaign | None:
    """Keep the choice for the session; None where this person may not see such a campaign."""
    found = choose(request.user, code).campaign  # type: ignore[arg-type]
    if found is None or found.code != code:
        return None
    request.session[KEY] = code
    return found
