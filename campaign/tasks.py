from celery import shared_task
from django.utils import timezone

from campaign import services


@shared_task
def sweep_lights() -> None:
    services.sweep_lights(now=timezone.now())
