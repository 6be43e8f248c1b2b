"""Backups and the proof that they can be restored."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db.models import Min
from django.utils.translation import gettext as _

from config.state.line import GREEN, GREY, RED, YELLOW, Line, lasted, moment, of_backups
from security.models import UpkeepRun
from security.upkeep_rules import BACKUP_WITHIN, DRILL_WITHIN

Kind, Outcome = UpkeepRun.Kind, UpkeepRun.Outcome


def keeping_lines(now: datetime) -> tuple[Line, ...]:
    return (backup(now), drill(now))


def backup(now: datetime) -> Line:
    title = _("Last backup")
    good, last = UpkeepRun.objects.newest_usable(Kind.BACKUP), UpkeepRun.objects.newest(Kind.BACKUP)
    if good is None or good.finished_at is None:
        why = _("There is none.")
        if last is not None and last.finished_at is not None:
            why = _("There is none; the last attempt failed at %(at)s.") % {
                "at": moment(last.finished_at)
            }
        return Line("backup", RED, title, why, _advice(), of_backups("backup"))
    why = _("%(at)s, %(ago)s ago, with %(files)d files.") % {
        "at": moment(good.finished_at),
        "ago": lasted(now - good.finished_at),
        "files": good.figures.get("files", 0),
    }
    if now - good.finished_at > BACKUP_WITHIN:
        why = " ".join([why, _("There must be one every day.")])
        return Line("backup", RED, title, why, _advice(), of_backups("backup"))
    return _recent(title, why, good, last)


def _recent(title: str, why: str, good: UpkeepRun, last: UpkeepRun | None) -> Line:
    if good.outcome == Outcome.PROBLEMS:
        missing = _("Files that were missing on the disk are not in it.")
        return Line(
            "backup",
            YELLOW,
            title,
            f"{why} {missing}",
            _("Find out which files are missing, and bring them back from an older backup."),
            "manage.py check_files",
        )
    if last is not None and last.outcome == Outcome.FAILED:
        failed = _("The attempt after it failed.")
        return Line("backup", YELLOW, title, f"{why} {failed}", _advice(), of_backups("backup"))
    if settings.BACKUP_DIR is None:
        by_hand = _("It was made by hand: no nightly backup is set up.")
        return Line("backup", YELLOW, title, f"{why} {by_hand}", _advice(), of_backups("backup"))
    return Line("backup", GREEN, title, why)


def _advice() -> str:
    if settings.BACKUP_DIR is None:
        return _("Set BACKUP_DIR to a directory on another disk; until then make one by hand.")
    return _("See in the log of the worker why; make one by hand now.")


def drill(now: datetime) -> Line:
    title = _("Last restore drill")
    advice = _("Restore the last backup into a scratch database; the product goes on working.")
    good = UpkeepRun.objects.newest_good(Kind.DRILL)
    if good is not None and good.finished_at is not None:
        why = _("%(at)s, %(ago)s ago.") % {
            "at": moment(good.finished_at),
            "ago": lasted(now - good.finished_at),
        }
        if now - good.finished_at <= DRILL_WITHIN:
            return Line("drill", GREEN, title, why)
        why = " ".join([why, _("There must be one every three months.")])
        return Line("drill", RED, title, why, advice, of_backups("restore_drill"))
    if UpkeepRun.objects.newest(Kind.DRILL) is not None:
        return Line(
            "drill",
            RED,
            title,
            _("None has come to a good end yet."),
            advice,
            of_backups("restore_drill"),
        )
    backups = UpkeepRun.objects.filter(kind=Kind.BACKUP)
    first = backups.aggregate(first=Min("started_at"))["first"]
    if first is None:
        return Line("drill", GREY, title, _("Nothing can be drilled before there is a backup."))
    light = RED if now - first > DRILL_WITHIN else YELLOW
    why = _("None yet: nobody knows whether the backups can be restored.")
    return Line("drill", light, title, why, advice, of_backups("restore_drill"))
