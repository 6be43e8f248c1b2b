"""A progress report together with the files that prove it: both are kept, or neither."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import ProgressReport, Task
from campaign.services.access import refuse
from campaign.services.attaching import attach_file
from campaign.services.products import report_progress
from security.models import User
from security.services import Problem, RefusedError

FILES_AT_MOST = 10  # of one report


@dataclass(frozen=True)
class Sent:
    """A file as it came in a form."""

    name: str
    chunks: Iterable[bytes]


@transaction.atomic
def report_with_files(
    *,
    actor: User,
    task: Task,
    percent: int,
    note: str = "",
    obstacle: bool = False,
    sent: Iterable[Sent] = (),
    now: datetime,
) -> ProgressReport:
    """A progress report and its files. Raises RefusedError as ``report_progress`` and, for a file
    that is not taken, with the code ``proof`` and the file's name."""
    found = list(sent)
    if len(found) > FILES_AT_MOST:
        raise refuse("proof", _("%(n)d files at most.") % {"n": FILES_AT_MOST})
    report = report_progress(
        actor=actor, task=task, percent=percent, note=note, obstacle=obstacle, now=now
    )
    attach_all(actor=actor, task=task, sent=found, now=now, report=report)
    return report


@transaction.atomic
def attach_all(
    *,
    actor: User,
    task: Task,
    sent: Iterable[Sent],
    now: datetime,
    report: ProgressReport | None = None,
) -> int:
    """All of these files, or none. Returns how many."""
    number = 0
    for one in sent:
        try:
            attach_file(
                actor=actor, task=task, name=one.name, chunks=one.chunks, now=now, report=report
            )
        except RefusedError as refused:
            if any(problem.code == "not_allowed" for problem in refused.problems):
                raise
            said = [Problem("proof", f"{one.name}: {p.message}") for p in refused.problems]
            raise RefusedError(*said) from refused
        number += 1
    return number
