from celery import shared_task
from django.utils import timezone

from security.partitions import make_partitions
from security.services.sessions import clear_dead_sessions, forget_attempts


@shared_task
def make_audit_partitions() -> None:
    make_partitions(now=timezone.now())


@shared_task
def clear_sessions() -> None:
    now = timezone.now()
    clear_dead_sessions(now=now)
    forget_attempts(now=now)
