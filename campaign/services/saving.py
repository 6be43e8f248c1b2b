"""Saved views: a list's filters and order under a name, for their owner alone."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from campaign.models import SavedView
from campaign.services.access import refuse
from security import audit
from security.models import User

VIEWS_AT_MOST = 20
NAME_AT_MOST = 60
QUERY_AT_MOST = 1000
Page = SavedView.Page


@transaction.atomic
def save_view(*, actor: User, name: str, query: str, page: str = Page.TASKS) -> SavedView:
    """Keep this address of a list; the same name again replaces what it stood for.

    Raises RefusedError: name, query_long, too_many.
    """
    mine = _mine(actor, page)
    kept = " ".join(name.split())
    _check_name(kept)
    if len(query) > QUERY_AT_MOST:
        raise refuse("query_long", _("These filters are too many to be kept."))
    found = mine.filter(name=kept).first()
    if found is None and mine.count() >= VIEWS_AT_MOST:
        raise refuse("too_many", _("Twenty saved views are enough: delete one first."))
    last: int = mine.aggregate(last=Max("position"))["last"] or 0
    view = found or SavedView(user=actor, page=page, name=kept, position=last + 1)
    view.query = query
    view.save()
    _record("view.saved", actor, view)
    return view


@transaction.atomic
def rename_view(*, actor: User, view: SavedView, name: str) -> SavedView:
    """Raises RefusedError: not_allowed, name, name_taken."""
    row = _own(actor, view)
    kept = " ".join(name.split())
    _check_name(kept)
    if _mine(actor, row.page).filter(name=kept).exclude(pk=row.pk).exists():
        raise refuse("name_taken", _("You have a view of this name already."))
    row.name = kept
    row.save(update_fields=["name"])
    _record("view.changed", actor, row)
    return row


@transaction.atomic
def move_view(*, actor: User, view: SavedView, up: bool) -> None:
    """One place to the front or to the back; at the end nothing happens."""
    row = _own(actor, view)
    rows = list(_mine(actor, row.page))
    here = next(i for i, one in enumerate(rows) if one.pk == row.pk)
    there = min(max(here + (-1 if up else 1), 0), len(rows) - 1)
    rows.insert(there, rows.pop(here))
    for position, one in enumerate(rows, start=1):
        one.position = position
    SavedView.objects.bulk_update(rows, ["position"])
    _record("view.changed", actor, row)


@transaction.atomic
def delete_view(*, actor: User, view: SavedView) -> None:
    """Raises RefusedError: not_allowed."""
    row = _own(actor, view)
    _record("view.deleted", actor, row)
    SavedView.objects.filter(pk=row.pk).delete()


@transaction.atomic
def set_default_view(*, actor: User, view: SavedView, default: bool) -> None:
    """Let the list open with this view, or plainly again. Raises RefusedError: not_allowed."""
    row = _own(actor, view)
    _mine(actor, row.page)  # waits for another page of his
    SavedView.objects.filter(user=actor, page=row.page).update(is_default=False)
    if default:
        SavedView.objects.filter(pk=row.pk).update(is_default=True)
    _record("view.changed", actor, row)


def _mine(actor: User, page: str) -> QuerySet[SavedView]:
    # Their owner's row stands for all of them: two pages saving at once wait for each other.
    User.objects.select_for_update(of=("self",)).get(pk=actor.pk)
    return SavedView.objects.filter(user=actor, page=page).order_by("position", "pk")


def _own(actor: User, view: SavedView) -> SavedView:
    row = SavedView.objects.select_for_update(of=("self",)).filter(pk=view.pk, user=actor).first()
    if row is None:
        raise refuse("not_allowed", _("This view is somebody else's."))
    return row


def _check_name(name: str) -> None:
    if not name or len(name) > NAME_AT_MOST:
        raise refuse("name", _("Give it a name of at most 60 characters."))


def _record(action: str, actor: User, view: SavedView) -> None:
    audit.record(action, actor=actor, object_type="campaign.savedview", object_id=view.pk)
