"""Search over recognised text and index values, accents optional, only what one may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from digitization.fields import known_levels, levels_of
from digitization.models import Dossier, IndexValue, Page
from digitization.snippets import Piece, snippet
from records.folding import fold
from security.fields import HiddenFieldError, where_readable
from security.models import User

COUNT_UP_TO = 500  # broad words: nobody reads more, and counting all costs a quarter of a second
SHOWN = 50


@dataclass(frozen=True)
class Hit:
    page: Page
    pieces: list[Piece]


@dataclass(frozen=True)
class Found:
    """Pages with snippets, dossiers by name or number, and how many pages there are in all."""

    hits: list[Hit]
    dossiers: list[Dossier]
    count: int

    @property
    def capped(self) -> bool:
        return self.count >= COUNT_UP_TO


def search_scans(user: User, query: str) -> Found:
    """Pages that hold every word of the query; those with exactly these accents come first."""
    folded = fold(query)
    if not folded:
        return Found([], [], 0)
    visible = Page.objects.visible_to(user).matching(folded)
    newest = list(visible.order_by("-id").values_list("pk", flat=True)[:COUNT_UP_TO])
    pages = (
        Page.objects.filter(pk__in=newest)
        .annotate(exact=_exact(query))
        .select_related("source", "dossier__lot")
        .order_by("-exact", "dossier__code", "source__position", "number")
    )
    hits = [Hit(page, snippet(page.current_text, query)) for page in pages[:SHOWN]]
    return Found(hits, list(_dossiers(user, query, folded)[:20]), len(newest))


def _exact(query: str) -> Case:
    words = " ".join(query.split())
    return Case(
        When(Q(text__contains=words) | Q(corrected__contains=words), then=Value(2)),
        When(Q(text__icontains=words) | Q(corrected__icontains=words), then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )


def _by_index(user: User, folded: str) -> Q:
    """Dossiers by their index values, each field only where this user may read it.

    A box that searches everything refuses nobody: it leaves out what is not his to read.
    """
    found = Q(pk__in=[])
    by_caps: dict[tuple[int, int], list[str]] = {}
    for one in known_levels().values():
        by_caps.setdefault((one.level, one.sensitivity), []).append(one.key)
    for keys in by_caps.values():
        try:
            rows = where_readable(user, Dossier.objects.all(), *levels_of(keys))
        except HiddenFieldError:
            continue
        values = IndexValue.objects.filter(key__in=keys, value_folded__contains=folded)
        found |= Q(pk__in=rows.filter(pk__in=values.values("dossier")).values("pk"))
    return found


def _dossiers(user: User, query: str, folded: str) -> QuerySet[Dossier]:
    found: QuerySet[Dossier] = (
        Dossier.objects.visible_to(user)
        .filter(Q(code__icontains=query.strip()) | _by_index(user, folded))
        .select_related("lot")
        .order_by("code")
    )
    return found
