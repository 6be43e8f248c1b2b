from celery import shared_task
from django.utils import timezone

from security.partitions import make_partitions


@shared_task
def make_audit_partitions() -> None:
    make_partitions(now=timezone.now())
