from celery import shared_task
from django.utils import timezone

from security.partitions import make_partitions
from security.services.sessions import clear_dead_sessions


@shared_task
def make_audit_partitions() -> None:
    make_partitions(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    clear_dead_sessions(now=timezone.now())
