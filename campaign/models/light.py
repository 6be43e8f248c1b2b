"""The five lights and their order."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Light(models.TextChoices):
    """Colour of a task: computed by ``campaign.rules.task_light``, never typed."""

    RED = "red", _("Red")
    YELLOW = "yellow", _("Yellow")
    GREEN = "green", _("Green")
    GREY = "grey", _("Not due yet")
    DONE = "done", _("Done")


SEVERITY = {Light.RED: 0, Light.YELLOW: 1, Light.GREEN: 2, Light.GREY: 2, Light.DONE: 3}


def shape(light: str, late_days: int = 0) -> str:
    """Name of the drawing of a light; a task done late shows it for ever."""
    return "done-late" if light == Light.DONE and late_days else light
