"""Somebody's saved views of a list."""

from __future__ import annotations

from dataclasses import dataclass

from campaign.models import SavedView
from security.models import User


@dataclass(frozen=True)
class ViewTab:
    """A saved view as a tab; ``here``: the list shows it now."""

    view: SavedView
    query: str
    here: bool


def views_of(user: User, page: str, shown: str = "") -> list[ViewTab]:
    """His views of this page in his order. One query. shown: the list's filters as an address."""
    rows = SavedView.objects.filter(user=user, page=page).order_by("position", "pk")
    return [ViewTab(row, plain(row.query), row.query == shown) for row in rows]


def default_query(user: User, page: str) -> str:
    """The address of the view with which this page opens; "" for none. One query."""
    found = SavedView.objects.filter(user=user, page=page, is_default=True).first()
    return plain(found.query) if found else ""


def plain(query: str) -> str:
    """A query that is never empty: the bare address of a list opens the default view."""
    return query or "state="
