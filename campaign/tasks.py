import logging

from celery import shared_task
from django.utils import timezone

from campaign import services
from campaign.models import TableImport
from campaign.services.importing import give_back, take_in
from security.services import RefusedError

log = logging.getLogger(__name__)


@shared_task
def sweep_lights() -> None:
    services.sweep_lights(now=services.database_now())


@shared_task
def check_lights() -> None:
    """Nightly: the stored lights against the rule; kept for the office's page of comparisons."""
    for check in services.compare_lights(now=services.database_now()):
        if check.differences:
            log.error(
                "%s of %s stored lights differ from the rule in campaign %s",
                *(len(check.differences), check.looked_at, check.campaign_id),
            )


@shared_task
def take_snapshots() -> None:
    services.take_snapshots(now=services.database_now())


@shared_task
def take_in_table(pk: int) -> None:
    """Take a long table in, as whoever uploaded it; what is refused waits for him again."""
    table = TableImport.objects.select_related("by").get(pk=pk)
    if table.state != TableImport.State.TAKING:
        return  # done by another worker, or given back
    try:
        take_in(actor=table.by, table=table, now=timezone.now())
    except RefusedError as error:
        give_back(table=table, error=error)
