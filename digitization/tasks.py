from celery import current_task, shared_task
from django.utils import timezone

from digitization import export_queue, exporting, queue, reading, services, sweeping, upkeep
from digitization.ocr import children
from security.models import UpkeepRun
from security.selectors.upkeep import files_read
from security.services.upkeep_runs import alone
from security.upkeep_rules import shares_due


# The engine has limits of its own; this one ends a process that hangs elsewhere. Its page is then
# given to another worker when the lease runs out.
@shared_task(time_limit=900)
def recognise_next() -> None:
    """Read one page and pass the wake-up on; a wake-up that finds no page ends here."""
    if reading.recognise_one(worker=reading.worker_name()):
        queue.wake(queue.claimable(limit=1))


@shared_task
def requeue_expired() -> None:
    """Every 30 seconds: orphans back into the queue, wake-ups for whatever waits, and off the disk
    what a killed machine was reading."""
    queue.requeue_expired()
    queue.top_up()
    children.sweep()


@shared_task
def check_files() -> None:
    """Every night a thirtieth of the stored files, more after missed nights, and what was bad."""
    with alone(UpkeepRun.Kind.FIXITY) as mine:
        if mine:
            now = timezone.now()
            shares = shares_due(files_read(now), now=now)
            upkeep.check_files(shares=shares)
            sweeping.sweep_files(shares=shares)


# A large export takes minutes; a process that hangs loses its lease, and another one begins anew.
@shared_task(time_limit=3300)
def assemble_next() -> None:
    """Make one export of pages and pass the wake-up on."""
    if exporting.make_one(worker=reading.worker_name(), job=f"job {current_task.request.id}"):
        export_queue.wake_if_waiting()


@shared_task
def sweep_exports() -> None:
    """Every minute: exports whose time or right is over, and whatever waits for a worker."""
    services.sweep_exports(now=timezone.now())
