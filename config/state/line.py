"""One line of the state and the words that lines share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

GREEN, YELLOW, RED, GREY = "green", "yellow", "red", "grey"


@dataclass(frozen=True)
class Line:
    """``why`` says what the light rests on; ``todo`` and ``command`` are empty where all is well."""

    code: str
    light: str
    title: str
    why: str
    todo: str = ""
    command: str = ""
    url: str = ""
    url_word: str = ""


@dataclass(frozen=True)
class Group:
    title: str
    lines: tuple[Line, ...]

    def of(self, *lights: str) -> Group:
        """The group with its lines of these lights alone."""
        return Group(self.title, tuple(line for line in self.lines if line.light in lights))


def of_backups(command: str) -> str:
    """A command that looks into BACKUP_DIR, or must be told where the backups are."""
    return f"manage.py {command}" + ("" if settings.BACKUP_DIR else " DIR")


def moment(at: datetime) -> str:
    return date_format(timezone.localtime(at), "H:i, d/m/Y")


def lasted(span: timedelta) -> str:
    """A span in its largest unit: "3 days"."""
    minutes = int(span.total_seconds() // 60)
    if minutes >= 48 * 60:
        return _("%(n)d days") % {"n": minutes // (24 * 60)}
    if minutes >= 120:
        return _("%(n)d hours") % {"n": minutes // 60}
    return ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes}
