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

from dashboard.inbox import unread_count
from security.models import Installation
from security.models.users import User
from security.places import ACCESS, ACCOUNT, offered
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
    reader: User | None = None

    @property
    def unread(self) -> int | None:
        """Notices not read yet; None for whoever has no tasks to hear of. One query a time."""
        if self.reader is None or not may(self.reader, "campaign.view"):
            return None
        return unread_count(self.reader)

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
    user = getattr(request, "user", None)
    reader = user if isinstance(user, User) else None
    return {"shell": SimpleLazyObject(lambda: Shell(entries_for(request), is_demo(), reader))}


def entries_for(request: HttpRequest) -> list[Entry]:
    """The navigation of the signed-in user; empty for anybody else."""
    user = getattr(request, "user", None)
    if not isinstance(user, User):
        return []
    places = [(place.label, _address(place.url_name)) for place in PLACES if _open_to(user, place)]
    known = _with_access(user, [(label, url) for label, url in places if url])
    here = _here(request.path, [url for _label, url in known])
    return [Entry(url, _(label), url == here) for label, url in known]


def _with_access(user: User, known: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """With a way into the access area for whoever has pages there and does not begin at people.

    Whoever has a single page there is shown that page by its own name.
    """
    pages = [(place.label, _address(place.url_name)) for place in offered(ACCESS, user)]
    if not any(url for _label, url in pages) or pages[0][1] in {url for _label, url in known}:
        return known
    label = pages[0][0] if len(pages) == 1 else gettext_noop("Access")
    trail = _address("security:trail")
    before = [entry for entry in known if entry[1] != trail]
    return [*before, (label, pages[0][1]), *known[len(before) :]]


def _open_to(user: User, place: Place) -> bool:
    if place.url_name == "home":
        # Everybody else's home is one of the other entries: two names for a page only puzzle.
        return may(user, "campaign.report") and not may(user, "campaign.board")
    return may(user, place.action)


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _here(path: str, urls: list[str]) -> str:
    """The entry to mark; a page of the access area without one belongs to the area's first."""
    found = _longest_match(path, urls)
    area = _address("security:people").removesuffix("people/")
    own = tuple(_address(place.url_name) for place in ACCOUNT)
    if not found and path.startswith((area, _address("admin:index"))) and not path.startswith(own):
        return next((url for url in urls if url.startswith(area)), "")
    return found


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
