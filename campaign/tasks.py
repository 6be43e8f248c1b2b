import logging

from celery import shared_task
from django.utils import timezone

from campaign import services

log = logging.getLogger(__name__)


@shared_task
def sweep_lights() -> None:
    services.sweep_lights(now=timezone.now())


@shared_task
def check_lights() -> None:
    """Nightly: the stored lights against the rule. A difference is a fault worth a look."""
    if wrong := services.stale_lights(now=timezone.now()):
        log.error("stored lights differ from the rule: %s", ", ".join(wrong))


@shared_task
def take_snapshots() -> None:
    services.take_snapshots(now=timezone.now())
