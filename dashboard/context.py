"""What every page's frame needs: the navigation of this user and the demonstration marker."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from security.models import Installation
from security.models.users import User
from security.scope import may

# On a phone this many entries stand in the bar under the thumb, the others behind "More".
THUMB_PLACES = 4
DEMO_KNOWN_FOR = 600.0  # seconds; asked every ten minutes per process, not once per page


@dataclass(frozen=True)
class Place:
    """A place of the navigation; shown to whoever may do ``action`` somewhere."""

    url_name: str
    label: str
    action: str


PLACES = (
    Place("board", gettext_noop("Board"), "campaign.board"),
    Place("home", gettext_noop("My work"), ""),
    Place("campaign:task_list", gettext_noop("Tasks"), "campaign.view"),
    Place("campaign:product_list", gettext_noop("Products"), "campaign.view"),
    Place("digitization:home", gettext_noop("Digitization"), "digitization.view"),
    Place("digitization:search", gettext_noop("Search scans"), "digitization.view"),
    Place("records:member_list", gettext_noop("Members"), "records.view"),
    Place("records:cadre_list", gettext_noop("Cadres"), "records.view"),
    Place("security:people", gettext_noop("People and roles"), "security.manage_access"),
    Place("security:trail", gettext_noop("Audit trail"), "security.view_trail"),
)


@dataclass(frozen=True)
class Entry:
    """A link of the navigation; ``here`` marks the one the page belongs to."""

    url: str
    label: str
    here: bool


@dataclass(frozen=True)
class Shell:
    """The frame of one page."""

    entries: list[Entry]
    is_demo: bool

    @property
    def thumb(self) -> list[Entry]:
        """The entries within the thumb's reach; all of them where they fit."""
        return self.entries[:THUMB_PLACES] if self.more else self.entries

    @property
    def more(self) -> list[Entry]:
        rest = self.entries[THUMB_PLACES:]
        return rest if len(rest) > 1 else []

    @property
    def here_in_more(self) -> bool:
        return any(entry.here for entry in self.more)


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: ``shell``, worked out only where a template asks for it.

    A partial answered to htmx has no frame and so costs nothing here.
    """
    return {"shell": SimpleLazyObject(lambda: Shell(entries_for(request), is_demo()))}


def entries_for(request: HttpRequest) -> list[Entry]:
    """The navigation of the signed-in user; empty for anybody else."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    links = [(place, _address(place)) for place in PLACES if _open_to(user, place)]
    known = [(place, url) for place, url in links if url]
    here = _longest_match(request.path, [url for _place, url in known])
    return [Entry(url, _(place.label), url == here) for place, url in known]


def _open_to(user: User, place: Place) -> bool:
    if place.url_name == "home":
        # Everybody else's home is one of the other entries: two names for a page only puzzle.
        return may(user, "campaign.report") and not may(user, "campaign.board")
    return may(user, place.action)


def _address(place: Place) -> str:
    try:
        return reverse(place.url_name)
    except NoReverseMatch:
        return ""


def _longest_match(path: str, urls: list[str]) -> str:
    """Which entry a page belongs to; the root only to itself, or it would match everything."""
    fitting = [url for url in urls if (path.startswith(url) if url != "/" else path == url)]
    return max(fitting, key=len, default="")


_demo: dict[str, float | bool] = {}


def is_demo() -> bool:
    """Whether this database holds invented data; remembered for ten minutes in this process."""
    now = time.monotonic()
    if float(_demo.get("until", 0.0)) < now:
        _demo["value"] = Installation.objects.filter(is_demo=True).exists()
        _demo["until"] = now + DEMO_KNOWN_FOR
    return bool(_demo["value"])


def forget_demo() -> None:
    """Ask the database again at the next page (``demo`` was just run; tests)."""
    _demo.clear()
