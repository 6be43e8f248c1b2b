"""What can be exported, which exports somebody sees, and whether he may still have them."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet, Sum

from digitization import export_rules as rules
from digitization.models import Dossier, Lot, Page, PageExport
from digitization.selectors.search import COUNT_UP_TO
from records.folding import fold
from security.models import RoleGrant, User
from security.rules import Reach
from security.scope import scopes_of

EXPORT, APPROVE = "digitization.export", "digitization.approve_export"
WAITING_AT_MOST = 100
SHOWN_AT_MOST = 100
DECIDED_AT_MOST = 20
ASKED_AT_MOST = 20  # people looked at as a possible second person


# --- what can be exported ---------------------------------------------------------------


@dataclass(frozen=True)
class Choice:
    """Pages for one export, in their order; ``left_out``: not read yet, so without a picture."""

    ids: list[int]
    left_out: int
    level: int
    sensitivity: int
    path: str
    dossiers: list[str]


def pages_of_dossiers(user: User, dossiers: Iterable[Dossier]) -> QuerySet[Page]:
    rows: QuerySet[Page] = Page.objects.visible_to(user).filter(dossier__in=list(dossiers))
    return rows


def pages_found(user: User, query: str) -> QuerySet[Page]:
    """The pages that a search shows, as many as it counts."""
    found = Page.objects.visible_to(user).matching(fold(query)).order_by("-id")
    newest = list(found.values_list("pk", flat=True)[:COUNT_UP_TO])
    rows: QuerySet[Page] = Page.objects.visible_to(user).filter(pk__in=newest)
    return rows


def choice_of(pages: QuerySet[Page]) -> Choice:
    """What an export of these (already filtered) pages would hold; three queries."""
    drawn = pages.exclude(derivative="")
    ordered = drawn.order_by("dossier__code", "dossier_id", "source__position", "number")
    tops = drawn.order_by().aggregate(level=Max("level"), sensitivity=Max("sensitivity"))
    codes = dict(drawn.order_by("dossier__code").values_list("dossier__code", "dossier__unit_path"))
    ids = list(ordered.values_list("pk", flat=True))
    return Choice(
        ids=ids,
        left_out=pages.count() - len(ids),
        level=tops["level"] or 0,
        sensitivity=tops["sensitivity"] or 0,
        path=common_path(list(codes.values())),
        dossiers=list(codes),
    )


def common_path(paths: Sequence[str]) -> str:
    """``/1/7/`` of ``/1/7/9/`` and ``/1/7/12/``: the nearest unit above all of them."""
    return posixpath.commonpath(paths).rstrip("/") + "/" if paths else ""


def taken_alone(user: User, now: datetime) -> int:
    """Pages that this person exported in the last 24 hours without a second person."""
    alone: QuerySet[PageExport] = PageExport.objects.filter(
        asked_by=user, alone=True, asked_at__gt=now - rules.ALONE_WITHIN
    ).exclude(state__in=rules.NOTHING_LEFT, downloads=0)
    pages: int | None = alone.aggregate(pages=Sum("page_count"))["pages"]
    return pages or 0


# --- who may have it --------------------------------------------------------------------


def may_have_all(user: User, ids: Collection[int], action: str) -> bool:
    """Whether he sees every one of these pages now, and his role allows the action on each.

    Emergency access shows pages and allows nothing with them. A page that was deleted or raised
    above him counts as not seen.
    """
    return not denied_pages(user, ids, action)


def denied_pages(user: User, ids: Collection[int], action: str) -> int:
    """How many of these pages he may not see, or not do this with."""
    seen = Page.objects.visible_to(user).filter(pk__in=list(ids)).order_by()
    reaches = seen.values_list("unit_path", "level", "sensitivity").annotate(pages=Count("pk"))
    able = [scope.reach for scope in scopes_of(user) if action in scope.actions]
    allowed: int = sum(
        pages
        for path, level, sensitivity, pages in reaches
        if any(reach.covers(Reach(path, level, sensitivity)) for reach in able)
    )
    return len(ids) - allowed


def still_his(export: PageExport, asker: User) -> bool:
    """Whether its asker, freshly read, may have all of it now; asked at every step.

    Not if a page was raised since above what was asked for and agreed to.
    """
    if not may_have_all(asker, export.page_ids, EXPORT):
        return False
    seen = Page.objects.visible_to(asker).filter(pk__in=export.page_ids).order_by()
    tops = seen.aggregate(level=Max("level"), sensitivity=Max("sensitivity"))
    return bool(tops["level"] <= export.level and tops["sensitivity"] <= export.sensitivity)


# --- lists ------------------------------------------------------------------------------


def mine(user: User) -> list[PageExport]:
    """One's own exports, newest first."""
    return list(
        PageExport.objects.filter(asked_by=user)
        .select_related("decided_by")
        .defer("page_ids")[:SHOWN_AT_MOST]
    )


def to_decide(user: User) -> list[PageExport]:
    """Requests that wait for this person: somebody else's, of which he sees every page."""
    if not any(APPROVE in scope.actions for scope in scopes_of(user)):
        return []
    waiting = PageExport.objects.filter(state=PageExport.State.ASKED).exclude(asked_by=user)
    rows = waiting.select_related("asked_by__unit").order_by("asked_at")[:WAITING_AT_MOST]
    return [one for one in rows if may_have_all(user, one.page_ids, APPROVE)]


def decided_by(user: User) -> list[PageExport]:
    """What this person decided lately, as far as he still sees all of it."""
    rows = PageExport.objects.filter(decided_by=user).select_related("asked_by__unit")
    latest = rows.order_by("-decided_at")[:DECIDED_AT_MOST]
    return [one for one in latest if may_have_all(user, one.page_ids, APPROVE)]


def export_for(user: User, number: str) -> PageExport | None:
    """The export of this number for its asker, or for a second person cleared for all of it."""
    found: PageExport | None = (
        PageExport.objects.select_related("asked_by__unit", "decided_by")
        .filter(number=number)
        .first()
    )
    if found is None or found.asked_by_id == user.pk:
        return found
    return found if may_have_all(user, found.page_ids, APPROVE) else None


def able_to_decide(asker: User, ids: Collection[int], now: datetime) -> list[User]:
    """Who could be the second person for these pages: for the asker, so that he knows whom to
    remind, or that there is nobody and an administrator must give somebody the role."""
    seen = Page.objects.visible_to(asker).filter(pk__in=list(ids)).order_by()
    paths = seen.values_list("unit_path", flat=True).distinct()
    units = {int(part) for path in paths for part in path.strip("/").split("/")}
    grants = RoleGrant.objects.in_force(now).filter(
        unit_id__in=units, role__permissions__action=APPROVE, role__permissions__allowed=True
    )
    people = User.objects.filter(pk__in=grants.values("user"), is_active=True).exclude(pk=asker.pk)
    some = people.order_by("full_name")[:ASKED_AT_MOST]
    return [one for one in some if may_have_all(one, ids, APPROVE)]


def contents_for(user: User, export: PageExport) -> list[Dossier]:
    """Dossiers that its pages are of, each with how many (``exported``), within what he sees."""
    within = Q(pages__in=export.page_ids)
    rows = Dossier.objects.visible_to(user).filter(within).select_related("unit")
    counted = rows.annotate(exported=Count("pages", filter=within, distinct=True))
    return list(counted.order_by("code")[:SHOWN_AT_MOST])


def dossiers_of(lot: Lot, user: User) -> QuerySet[Dossier]:
    rows: QuerySet[Dossier] = Dossier.objects.visible_to(user).filter(lot=lot).order_by("code")
    return rows
