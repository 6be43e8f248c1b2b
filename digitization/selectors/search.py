"""Search over recognised text and index values, accents optional, only what one may see."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from digitization.models import Dossier, Page
from digitization.snippets import Piece, snippet
from records.folding import fold
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


def _dossiers(user: User, query: str, folded: str) -> QuerySet[Dossier]:
    found: QuerySet[Dossier] = (
        Dossier.objects.visible_to(user)
        .filter(
            Q(code__icontains=query.strip())
            | Q(pk__in=Dossier.objects.filter(index_values__value_folded__contains=folded))
        )
        .select_related("lot")
        .order_by("code")
    )
    return found
