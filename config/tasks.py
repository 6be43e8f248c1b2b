"""Jobs of the clock that concern the installation as a whole."""

import logging

from celery import shared_task
from django.conf import settings

from config.keeping.errors import KeepingError
from config.keeping.runs import back_up

log = logging.getLogger(__name__)


# Acknowledged at once: one that lasts longer than the broker waits must not be begun twice.
@shared_task(acks_late=False, time_limit=12 * 3600)
def make_backup() -> None:
    """Every night, where BACKUP_DIR says to; the run and how it ended are recorded."""
    if settings.BACKUP_DIR is None:
        log.warning("no backup: BACKUP_DIR is not set")
        return
    try:
        made = back_up(settings.BACKUP_DIR, keep=settings.BACKUP_KEEP)
    except KeepingError as error:
        log.error("%s", error)
        return
    log.info("backup %s: %s", made.manifest.name, made.figures())
