from celery import shared_task
from django.utils import timezone

from digitization import queue, reading, upkeep


# The engine has limits of its own; this one ends a process that hangs elsewhere. Its page is then
# given to another worker when the lease runs out.
@shared_task(time_limit=900)
def recognise_next() -> None:
    """Read one page and pass the wake-up on; a wake-up that finds no page ends here."""
    if reading.recognise_one(worker=reading.worker_name()):
        queue.wake(queue.claimable(limit=1))


@shared_task
def requeue_expired() -> None:
    """Every 30 seconds: orphans back into the queue, wake-ups for whatever waits."""
    queue.requeue_expired()
    queue.top_up()


@shared_task
def check_files() -> None:
    """Every night a thirtieth of the stored files; the report is a line of the trail."""
    upkeep.check_files(share=upkeep.share_of(timezone.localdate()))
