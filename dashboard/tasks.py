from celery import shared_task
from django.utils import timezone

from dashboard.notices.mail import send_due
from dashboard.notices.telling import tell


@shared_task
def tell_people() -> None:
    tell(now=timezone.now())


@shared_task
def send_letters() -> None:
    send_due(now=timezone.now(), clock=timezone.now)
