"""The Celery application; its settings are the CELERY_* names of config.settings."""

import logging
import os
from typing import Any

from celery import Celery, Task

from config.keeping.closed import is_closed

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

log = logging.getLogger(__name__)


class OpenTask(Task):  # type: ignore[type-arg] # no parameters while the program runs
    """A task that leaves its work undone while the installation is closed.

    Nothing is lost with the message: each only says that it is time to look into the database.
    """

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if is_closed():
            log.warning("closed: %s was left undone", self.name)
            return None
        return super().__call__(*args, **kwargs)


app = Celery("sauro", task_cls=OpenTask)
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
