"""Reads about lots: what stands in the way of acceptance, and how fast it goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from digitization.models import (
    Dossier,
    IndexField,
    IndexValue,
    Lot,
    LotCounter,
    OcrJob,
    Page,
    SourceFile,
)
from digitization.rules import LotFacts, Pace, acceptance_problems, pace
from digitization.selectors.counts import fit_counters, hides_something
from security.models import User

LATELY = timedelta(minutes=2)


@dataclass(frozen=True)
class Gap:
    """A dossier that lacks minimum index data."""

    dossier: Dossier
    missing: list[str]


def index_gaps(lot: Lot, user: User | None = None) -> list[Gap]:
    """Dossiers with pages whose required fields are not all confirmed. Three queries.

    user: only those that he may see; None: all, as the gate of acceptance counts them.
    """
    required = {
        field.key: field.name
        for field in IndexField.objects.filter(
            programme_id=lot.programme_id, required=True, scope=IndexField.Scope.DOSSIER
        )
    }
    has_pages = Exists(Page.objects.filter(dossier=OuterRef("pk")))
    rows = Dossier.objects.all() if user is None else Dossier.objects.visible_to(user)
    dossiers = list(
        rows.filter(has_pages, lot=lot).prefetch_related("index_values").order_by("code")
    )
    gaps = []
    for dossier in dossiers:
        given = {v.key for v in dossier.index_values.all() if v.document_id is None}
        if missing := [name for key, name in required.items() if key not in given]:
            gaps.append(Gap(dossier, missing))
    return gaps


def lot_facts(lot: Lot, *, inspector: User, seen_only: bool = False) -> LotFacts:
    """Everything the gate of acceptance looks at, as it is now.

    seen_only: for the screen, by the counter that was fitted to the reader. The acceptance itself
    judges all pages, and only somebody who sees all of them may accept.
    """
    counter = lot.counter if seen_only else LotCounter.objects.get(pk=lot.pk)
    reader = inspector if seen_only else None
    files = SourceFile.objects.filter(dossier__lot=lot).values_list("received_by", flat=True)
    keyed = IndexValue.objects.filter(dossier__lot=lot).values_list("confirmed_by", flat=True)
    return LotFacts(
        state=lot.state,
        pages=counter.stored,
        unread=counter.remaining,
        failed=counter.failed,
        dossiers_without_index=len(index_gaps(lot, reader)),
        inspector=inspector.pk,
        operator=lot.assigned_to_id,
        workers=frozenset(files) | frozenset(keyed),
        unseen=not seen_only and hides_something(lot, inspector),
    )


def lot_pace(lot: Lot, *, now: datetime) -> Pace:
    """Pages a minute over the last two minutes (or since the first of them), minutes left."""
    finished = OcrJob.objects.filter(
        lot=lot, state=OcrJob.State.DONE, finished_at__gt=now - LATELY
    ).order_by("finished_at")
    times = list(finished.values_list("finished_at", flat=True))
    seconds = (now - times[0]).total_seconds() if times else 0.0
    # The first page marks the start of the stretch, so it does not count as read in it.
    return pace(
        read_lately=max(0, len(times) - 1),
        seconds=max(seconds, 1.0),
        remaining=lot.counter.remaining,
    )


def failed_pages(lot: Lot, user: User) -> list[Page]:
    """Pages that could not be read and that this user may see, with job, file and dossier."""
    return list(
        Page.objects.visible_to(user)
        .filter(job__state=OcrJob.State.FAILED, dossier__lot=lot)
        .select_related("job", "source", "dossier")
        .order_by("dossier__code", "source__position", "number")
    )


def current_lot(user: User) -> Lot | None:
    """The newest open lot assigned to this operator that he may see."""
    lots = Lot.objects.visible_to(user).open().assigned_to(user)
    lot: Lot | None = lots.order_by("-created_at", "-id").first()
    return lot


@dataclass(frozen=True)
class GateLine:
    """One condition of acceptance: whether it holds, and what to say about it."""

    code: str
    holds: bool


GATE = ("lot_empty", "pages_unread", "pages_failed", "index_missing", "own_work")


def acceptance_gate(lot: Lot, *, inspector: User) -> list[GateLine]:
    """Every condition of acceptance in order, holding or not, by what this reader may see."""
    facts = lot_facts(lot, inspector=inspector, seen_only=True)
    problems = set(acceptance_problems(facts))
    return [GateLine(code, code not in problems) for code in GATE]


@dataclass(frozen=True)
class LotRow:
    """A lot as lists show it."""

    lot: Lot
    pace: Pace | None
    signature: str

    @property
    def counter(self) -> LotCounter:
        return self.lot.counter


def lot_rows(lots: Iterable[Lot], *, user: User, now: datetime) -> list[LotRow]:
    """Lots with what this user may see of their counters; the pace is looked up only for those under way."""
    return [
        LotRow(lot, lot_pace(lot, now=now) if lot.counter.busy else None, lot_signature(lot))
        for lot in fit_counters(lots, user)
    ]


def lot_signature(lot: Lot) -> str:
    """Changes whenever something that the screens show of a lot changes."""
    c = lot.counter
    counts = (c.sent, c.refused, c.received, c.stored, c.running, c.recognised, c.failed, c.excused)
    return "-".join(str(part) for part in (lot.state, *counts))
