"""Counters of lots as one reader may see them.

``LotCounter`` counts every page of a lot. A lot may hold a dossier or a page of a higher level
than its own; whoever may not see it must not find it in a number either.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, F, Q

from digitization.models import Dossier, Lot, LotCounter, OcrJob, Page
from security.models import User

State = OcrJob.State
# A child lies where its lot lies, so only a higher level or sensitivity can hide it.
_ABOVE_ITS_LOT = Q(level__gt=F("lot__level")) | Q(sensitivity__gt=F("lot__sensitivity"))
_ABOVE_ITS_DOSSIER = Q(level__gt=F("dossier__lot__level")) | Q(
    sensitivity__gt=F("dossier__lot__sensitivity")
)


def fit_counters(lots: Iterable[Lot], user: User) -> list[Lot]:
    """The same lots; where something inside is above the lot, ``counter`` counts what is visible.

    Two queries, and one more for each such lot.
    """
    rows = list(lots)
    ids = [lot.pk for lot in rows]
    mixed = set(Dossier.objects.filter(_ABOVE_ITS_LOT, lot__in=ids).values_list("lot", flat=True))
    pages = Page.objects.filter(_ABOVE_ITS_DOSSIER, dossier__lot__in=ids)
    mixed |= set(pages.values_list("dossier__lot", flat=True))
    for lot in rows:
        if lot.pk in mixed:
            lot.counter = _visible_counter(lot, user)
    return rows


def hides_something(lot: Lot, user: User) -> bool:
    """Whether the lot holds a dossier or a page that this user may not see."""
    seen = Dossier.objects.visible_to(user).filter(lot=lot)
    pages = Page.objects.visible_to(user).filter(dossier__lot=lot)
    return (
        Dossier.objects.filter(lot=lot).exclude(pk__in=seen).exists()
        or Page.objects.filter(dossier__lot=lot).exclude(pk__in=pages).exists()
    )


def _visible_counter(lot: Lot, user: User) -> LotCounter:
    """What a lot would count if the hidden pages were not there; never to be saved."""
    seen = Page.objects.visible_to(user).filter(dossier__lot=lot).order_by()
    states = dict(seen.values_list("job__state").annotate(n=Count("pk")))
    files = seen.values("source").distinct().count()
    kept = lot.counter
    return LotCounter(
        lot=lot,
        expected=kept.expected,
        sent=files + kept.refused,
        refused=kept.refused,
        received=files,
        stored=sum(states.values()),
        queued=states.get(State.QUEUED, 0),
        running=states.get(State.RUNNING, 0),
        recognised=states.get(State.DONE, 0),
        failed=states.get(State.FAILED, 0),
        excused=states.get(State.EXCUSED, 0),
        served_at=kept.served_at,
    )
