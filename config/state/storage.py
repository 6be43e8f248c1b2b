"""Stored files: are they whole, do they fit, can they be opened."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder
from django.db.models import Min
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.state.line import GREEN, GREY, RED, YELLOW, Line, lasted, moment, of_backups
from security import blobs
from security.keyring import KeyRing
from security.levels import Secrecy
from security.models import FileFinding, StoredFile, UpkeepRun
from security.selectors.upkeep import files_read
from security.upkeep_rules import SHARES, all_read

Kind = UpkeepRun.Kind
CHECK_EVERY = timedelta(hours=36)
FULL, TIGHT = 5, 15  # per cent of a disk that are still free


def storage_lines(now: datetime) -> tuple[Line, ...]:
    return (findings(), coverage(now), unnamed(), keys(), *disks(), volume())


def findings() -> Line:
    title, bad = _("Damaged files"), FileFinding.objects.open().count()
    if not bad:
        return Line("findings", GREEN, title, _("No file is known to be damaged or missing."))
    why = ngettext(
        "%(n)d stored file is not what was received.",
        "%(n)d stored files are not what was received.",
        bad,
    ) % {"n": bad}
    return Line(
        "findings",
        RED,
        title,
        " ".join([why, _("It stays here until it is whole again.")]),
        _("Send the same scan again into its dossier, or bring the file back from a backup."),
        of_backups("heal_files"),
        url=reverse("damaged_files"),
        url_word=_("Which files"),
    )


def coverage(now: datetime) -> Line:
    """Whether every stored file was read within the last 31 days."""
    title, last = _("Reading of all files"), UpkeepRun.objects.newest_usable(Kind.FIXITY)
    advice, command = (
        _("See that clock and worker run, or read all of them now."),
        "manage.py check_files",
    )
    if last is None or last.finished_at is None:
        age = now - installed_at(now)
        light = RED if age > CHECK_EVERY else GREY
        why = _("None was read yet; a part is read every night.")
        return Line("coverage", light, title, why, advice if light == RED else "", command)
    read = files_read(now)
    told = {"n": len(read), "all": SHARES, "at": moment(last.finished_at)}
    if all_read(read, now=now):
        why = _("Every file was read to its end within the last 31 days, last at %(at)s.") % told
    else:
        why = _("%(n)d parts of %(all)d were read within the last 31 days, last at %(at)s.") % told
    if now - last.started_at > CHECK_EVERY:
        missed = _("The nightly reading did not run for %(ago)s.")
        why = f"{why} {missed % {'ago': lasted(now - last.started_at)}}"
        return Line("coverage", RED, title, why, advice, command)
    if all_read(read, now=now):
        return Line("coverage", GREEN, title, why)
    return Line(
        "coverage", YELLOW, title, why, _("Wait for the next nights, or read all now."), command
    )


def installed_at(now: datetime) -> datetime:
    """When this database was first migrated."""
    first = MigrationRecorder.Migration.objects.aggregate(first=Min("applied"))["first"]
    return first or now


def unnamed() -> Line:
    """Blobs that no row names: swept in two steps by the nightly job."""
    title, last = _("Files that nothing refers to"), UpkeepRun.objects.newest_usable(Kind.SWEEP)
    if last is None or last.finished_at is None:
        return Line("unnamed", GREY, title, _("Nobody has looked for them yet; the clock does it."))
    aside = last.figures.get("in_quarantine", 0)
    if not aside and not last.figures.get("back"):
        why = _("None. Last looked at %(at)s.") % {"at": moment(last.finished_at)}
        return Line("unnamed", GREEN, title, why)
    why = ngettext(
        "%(n)d lies in quarantine and is deleted after 30 days. Last looked at %(at)s.",
        "%(n)d lie in quarantine and are deleted after 30 days. Last looked at %(at)s.",
        aside,
    ) % {"n": aside, "at": moment(last.finished_at)}
    if last.figures.get("back"):
        back = _("Some were needed after all and were put back.")
        advice = _("That should never be: keep the log of the worker and look into the trail.")
        return Line("unnamed", YELLOW, title, f"{why} {back}", advice, "manage.py check_files")
    return Line("unnamed", GREEN, title, why)


# --- keys -------------------------------------------------------------------------------


def keys() -> Line:
    title = _("Keys of the stored files")
    if not blobs.encrypting():
        return Line(
            "keys",
            RED,
            title,
            _("Files are stored unencrypted: FILE_ENCRYPTION is off."),
            _("Make keys, set FILE_ENCRYPTION=on, then encrypt what is stored."),
            "manage.py make_file_keys",
        )
    try:
        ring = blobs.ring()
    except ImproperlyConfigured:
        ring = KeyRing([])
    levels = range(min(settings.MAX_SECRECY_LEVEL, Secrecy.SECRET) + 1)
    without = [level for level in levels if not ring.versions(level)]
    versions = "; ".join(
        _("level %(level)d: %(versions)s")
        % {"level": level, "versions": ", ".join(map(str, ring.versions(level))) or "–"}
        for level in levels
    )
    why = _("Versions present: %(versions)s.") % {"versions": versions}
    if without:
        advice = _("Put the key file back from its safe place; nothing is received without it.")
        return Line("keys", RED, title, why, advice)
    if any(len(ring.versions(level)) > 1 for level in levels):
        older = _("Older versions may leave once no file needs them.")
        return Line(
            "keys", YELLOW, title, f"{why} {older}", _(
                "Change the wrapping of all files; when the command answers “already” alone, the older "
                "versions can leave."
            ),
            "manage.py rotate_file_keys",
        )  # fmt: skip
    return Line("keys", GREEN, title, why)


# --- room -------------------------------------------------------------------------------


def disks() -> tuple[Line, ...]:
    return (files_disk(Path(settings.DATA_DIR)), *backup_disk())


def files_disk(directory: Path) -> Line:
    title = _("Room for files")
    if not StoredFile.objects.exists():  # nothing was received yet: the first file makes it
        directory = next(one for one in (directory, *directory.parents) if one.is_dir())
    try:
        usage = shutil.disk_usage(directory)
    except OSError:
        why = _("The directory is not there or cannot be read.")
        return Line("disk", RED, title, why, _("Mount the disk, then look at this page again."))
    return room("disk", title, free=usage.free, total=usage.total)


def backup_disk() -> tuple[Line, ...]:
    """As the last backup left it: this process may not reach the backups, and need not."""
    last = UpkeepRun.objects.newest_usable(Kind.BACKUP)
    total = last.figures.get("disk_bytes", 0) if last else 0
    if last is None or not total:
        return ()
    free = last.figures.get("disk_free_bytes", 0)
    return (room("backup_disk", _("Room for backups"), free=free, total=total),)


def room(code: str, title: str, *, free: int, total: int) -> Line:
    percent = free * 100 // total
    why = _("%(free)s free of %(total)s (%(percent)d %%).") % {
        "free": filesizeformat(free),
        "total": filesizeformat(total),
        "percent": percent,
    }
    if percent >= TIGHT:
        return Line(code, GREEN, title, why)
    advice = _(
        "Make the disk larger or move other things away. Nothing is received on a full disk."
    )
    return Line(code, RED if percent < FULL else YELLOW, title, why, advice)


def volume() -> Line:
    """What there is: no judgement, so no colour."""
    title, last = _("Volume"), UpkeepRun.objects.newest_usable(Kind.SWEEP)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        why = _("Database: %(size)s.") % {"size": filesizeformat(cursor.fetchone()[0])}
    if last is None or last.finished_at is None:
        counted = _("Files are counted every night; not yet.")
        return Line("volume", GREY, title, f"{why} {counted}")
    counted = _("Files: %(n)d with %(size)s, counted at %(at)s.") % {
        "n": last.figures.get("blobs", 0),
        "size": filesizeformat(last.figures.get("bytes", 0)),
        "at": moment(last.finished_at),
    }
    return Line("volume", GREEN, title, f"{why} {counted}")
