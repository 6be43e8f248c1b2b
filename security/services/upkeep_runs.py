"""Recording the runs of jobs that keep the installation: backups, drills, checks, sweeps."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from security import audit
from security.models.upkeep_runs import UpkeepRun

Kind, Outcome = UpkeepRun.Kind, UpkeepRun.Outcome

# How the trail calls a run of each kind.
EVENTS = {
    Kind.BACKUP: "backup.made",
    Kind.RESTORE: "backup.restored",
    Kind.DRILL: "backup.drilled",
    Kind.FIXITY: "files.checked",
    Kind.SWEEP: "files.swept",
    Kind.ROTATION: "files.rewrapped",
}
# Whoever runs longer than this was killed: no job lasts two days.
BROKEN_OFF_AFTER = timedelta(days=2)
_ALONE = 0x5EA1_0100  # advisory locks, one per kind
_NOT_A_CODE = re.compile(r"[^A-Za-z0-9_ .,;:=+-]+")


@dataclass
class Running:
    """What a run has found so far; whoever runs it fills this in."""

    run: UpkeepRun
    figures: dict[str, int] = field(default_factory=dict)
    said: str = ""
    problems: bool = False


@contextmanager
def recorded(kind: str, *, clock: Callable[[], datetime] = timezone.now) -> Iterator[Running]:
    """Record what happens inside as one run; not inside a transaction.

    Fill in ``figures`` (counts and bytes), ``said`` (codes) and ``problems`` on what is given. An
    exception ends the run as failed, with its class name alone, and goes on its way.
    """
    running = Running(begin_run(kind=kind, now=clock()))
    try:
        yield running
    except BaseException as error:
        said = "; ".join(filter(None, [type(error).__name__, running.said]))
        finish_run(
            run=running.run, outcome=Outcome.FAILED, figures=running.figures, said=said, now=clock()
        )
        raise
    outcome = Outcome.PROBLEMS if running.problems else Outcome.OK
    finish_run(
        run=running.run, outcome=outcome, figures=running.figures, said=running.said, now=clock()
    )


@contextmanager
def alone(kind: str) -> Iterator[bool]:
    """True to the one who may do a job now, False while somebody is at it: a broker delivers the
    message of a job that takes hours a second time. Whoever is killed gives it back."""
    key = _ALONE + list(Kind).index(Kind(kind))
    mine = _locked("SELECT pg_try_advisory_lock(%s)", key)
    try:
        yield mine
    finally:
        if mine:
            _locked("SELECT pg_advisory_unlock(%s)", key)


def _locked(statement: str, key: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(statement, [key])
        return bool(cursor.fetchone()[0])


@transaction.atomic
def begin_run(*, kind: str, now: datetime) -> UpkeepRun:
    """Say that a run began. Runs of this kind that somebody killed long ago are closed as failed."""
    lost = UpkeepRun.objects.running().filter(kind=kind).begun_before(now - BROKEN_OFF_AFTER)
    for run in lost.select_for_update():
        finish_run(run=run, outcome=Outcome.FAILED, said="broken_off", now=now)
    return UpkeepRun.objects.create(kind=Kind(kind), started_at=now)


@transaction.atomic
def finish_run(
    *,
    run: UpkeepRun,
    outcome: str,
    now: datetime,
    figures: Mapping[str, int] | None = None,
    said: str = "",
) -> UpkeepRun:
    """Say how a run ended: its row and one line of the trail. A run ends once (ValueError)."""
    run = UpkeepRun.objects.select_for_update().get(pk=run.pk)
    if run.finished_at is not None:
        raise ValueError(f"run {run.pk} has ended")
    run.outcome, run.said = Outcome(outcome), codes(said)
    run.figures = {str(name): int(figure) for name, figure in (figures or {}).items()}
    run.finished_at = max(now, run.started_at)
    run.save(update_fields=["outcome", "said", "figures", "finished_at"])
    audit.record(
        EVENTS[Kind(run.kind)],
        actor=None,
        object_type="security.upkeeprun",
        object_id=run.pk,
        reason="; ".join(filter(None, [run.outcome, told(run.figures), run.said])),
    )
    return run


def told(figures: Mapping[str, int]) -> str:
    """Figures as the trail and the log have them."""
    return ", ".join(f"{name} {figure}" for name, figure in sorted(figures.items()))


def codes(said: str) -> str:
    """What a job says, as the column takes it: anything that is no code becomes a space."""
    return _NOT_A_CODE.sub(" ", said).strip()[:300]
