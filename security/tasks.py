import logging

from celery import shared_task
from django.utils import timezone

from security import alarms
from security.models import FileFinding
from security.partitions import make_partitions
from security.seals.keys import SealKeyError
from security.seals.sealing import seal
from security.seals.state import seal_state
from security.seals.store import CheckpointConflictError
from security.selectors.upkeep import backup_in_time
from security.services.sessions import clear_dead_sessions, forget_attempts

log = logging.getLogger(__name__)


@shared_task
def make_audit_partitions() -> None:
    make_partitions(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    now = timezone.now()
    clear_dead_sessions(now=now)
    forget_attempts(now=now)


@shared_task
def tell_alarms() -> None:
    """Every hour: say in the log, and by letter, what the state of the installation shows in red."""
    if not backup_in_time(timezone.now()):
        log.error("backup is late: there is none of the last 36 hours")
    if bad := FileFinding.objects.open().count():
        log.error("stored files: %d are not whole", bad)
    alarms.tell(now=timezone.now())


@shared_task
def seal_trail() -> None:
    """Seal what can be sealed; say so, in numbers alone, when that is late."""
    now, trouble = timezone.now(), ""
    try:
        seal(now=now)
    except SealKeyError as error:
        log.error("nothing sealed: %s", error)
        trouble = "seal_key"
    except (OSError, CheckpointConflictError) as error:
        log.error("sealed, but a checkpoint could not be copied: %s", error)
        trouble = "seal_copy"
    state = seal_state(now=now)
    if trouble or state.late:
        alarms.tell([trouble] if trouble else [], now=now)
    if state.late:
        log.warning(
            "sealing is late: %d rows wait, the oldest for %d min", state.unsealed, state.minutes
        )
