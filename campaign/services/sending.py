"""Writing on behalf of a program: the version it had read, and each call once however often sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext as _

from campaign.models import SentOnce, Task
from campaign.services.access import refuse
from security.models import User

# Somebody who sends a call again does so within hours; after this the key may be used anew.
KEPT = timedelta(days=7)


@dataclass(frozen=True)
class Call:
    """key: the caller's own name for this call, or ""; fingerprint: of its address and body."""

    key: str = ""
    fingerprint: str = ""


class StaleVersionError(Exception):
    """The task is no longer as the caller had read it."""

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__(version)


@transaction.atomic
def do_once(
    *,
    actor: User,
    task: Task,
    call: Call,
    version: int | None,
    deed: Callable[[], Model],
    now: datetime,
) -> tuple[int, bool]:
    """Do the deed, a service's call, unless this call did it before: (id of its row, whether new).

    Two such calls at once: the later waits for the earlier one's end and finds what it made. A
    refusal takes the key back with all else, so that a corrected call may use it again. Raises
    StaleVersionError, and RefusedError with ``key_reused`` or as the deed does.
    """
    kept = None
    if call.key:
        SentOnce.objects.filter(user=actor, at__lt=now - KEPT).delete()
        kept, fresh = SentOnce.objects.get_or_create(
            user=actor, key=call.key, defaults={"fingerprint": call.fingerprint, "at": now}
        )
        if not fresh and kept.fingerprint != call.fingerprint:
            raise refuse("key_reused", _("This key was used for another call."))
        if not fresh and kept.made is not None:
            return kept.made, False
    if version is not None:
        _check_version(task, version)
    made = deed()
    if kept is not None:
        kept.made = made.pk
        kept.save(update_fields=["made"])
    return made.pk, True


def _check_version(task: Task, version: int) -> None:
    """The row stays locked until the deed is done, so nothing comes in between."""
    row: Task = Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    if row.version != version:
        raise StaleVersionError(row.version)
