"""What must run: worker, broker, clock; and whether database and program are of one version."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Max, Min
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django_celery_beat.models import PeriodicTask

from config import health
from config.state.line import GREEN, GREY, RED, YELLOW, Line, lasted, moment
from config.state.storage import installed_at
from digitization.models import OcrJob

# The clock writes down every three minutes what it started.
CLOCK_WITHIN = timedelta(minutes=10)
NEW = timedelta(hours=1)  # since the installation was made
WAITS_AT_MOST = timedelta(hours=6)


def process_lines(now: datetime) -> tuple[Line, ...]:
    return (workers(), clock(now), queue(now), migrations())


def workers() -> Line:
    title = _("Workers")
    if not health.broker():
        why = _("The broker (Redis) does not answer: no job gets to a worker.")
        return Line("workers", RED, title, why, _("Start Redis; what waits is not lost."))
    if not health.worker():
        why = _("None answers: no page is read, no trail sealed, no backup made.")
        return Line("workers", RED, title, why, _("Start the worker; its log says why it ended."))
    return Line("workers", GREEN, title, _("At least one answers."))


def clock(now: datetime) -> Line:
    title = _("Clock")
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    advice = _("Start exactly one clock (celery beat); without it nothing happens by itself.")
    if last is None:
        is_new = now - installed_at(now) < NEW
        light, todo = (GREY, "") if is_new else (RED, advice)
        return Line("clock", light, title, _("It has started nothing yet."), todo)
    why = _("It last started a job at %(at)s.") % {"at": moment(last)}
    if now - last > CLOCK_WITHIN:
        return Line("clock", RED, title, why, advice)
    return Line("clock", GREEN, title, why)


def queue(now: datetime) -> Line:
    title = _("Pages waiting to be read")
    waiting = OcrJob.objects.filter(state=OcrJob.State.QUEUED)
    n, oldest = waiting.count(), waiting.aggregate(oldest=Min("not_before"))["oldest"]
    if not n:
        return Line("queue", GREEN, title, _("None."))
    waited = max(now - oldest, timedelta())
    why = ngettext(
        "%(n)d page, waiting for %(ago)s.", "%(n)d pages, the oldest for %(ago)s.", n
    ) % {"n": n, "ago": lasted(waited)}
    if waited > WAITS_AT_MOST:
        return Line("queue", YELLOW, title, why, _("Start more workers, or let the night do it."))
    return Line("queue", GREEN, title, why)


def migrations() -> Line:
    title = _("Database and program")
    executor = MigrationExecutor(connection)
    waiting = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    if not waiting:
        return Line("migrations", GREEN, title, _("All migrations are done."))
    why = ngettext("%(n)d migration is not done.", "%(n)d migrations are not done.", waiting) % {
        "n": waiting
    }
    advice = _("Make a backup, then bring the database to the version of the program.")
    return Line("migrations", RED, title, why, advice, "manage.py prepare")
