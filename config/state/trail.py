"""What keeps the trail provable: seals, partitions, and who the application is to the database."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.state.line import GREEN, GREY, RED, YELLOW, Line, moment
from security.database_roles import Powers, powers
from security.seals.keys import SealKeyError, load_key
from security.seals.state import SealState, seal_state
from security.seals.store import path_of

LOOKED_AT = 100  # seals; audit_verify looks at all of them
MONTHS_EXPECTED = 2  # beside this one; the clock makes three ahead, every day
_MONTHS = """
SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'security_auditevent'::regclass
"""


def trail_lines(now: datetime) -> tuple[Line, ...]:
    return (seals(now), copies(now), partitions(now), database_role())


def seals(now: datetime) -> Line:
    title = _("Sealing of the trail")
    try:
        load_key(settings.AUDIT_SEAL_KEY_FILE)
    except SealKeyError:
        return Line(
            "seals",
            RED,
            title,
            _("The key that seals is not there or can be read by others. Nothing is sealed."),
            _("Put the key back from its safe place. Only if it is lost for good make a new one."),
            "manage.py audit_key --replace-lost",
        )
    state = seal_state(now=now)
    if state.late:
        return Line(
            "seals",
            RED,
            title,
            _waiting(state),
            _(
                "See that clock and worker run; a transaction left open anywhere also stops sealing."
            ),
            "manage.py audit_verify",
        )
    if not state.sealed_at:
        return Line(
            "seals", GREY, title, _("Nothing is sealed yet; the clock does it every minute.")
        )
    why = _("Seal %(number)d of %(at)s.") % {"number": state.number, "at": moment(state.sealed_at)}
    return Line("seals", GREEN, title, f"{why} {_waiting(state)}")


def _waiting(state: SealState) -> str:
    if not state.unsealed:
        return _("Nothing waits.")
    return ngettext(
        "%(n)d row waits, the oldest for %(minutes)d minutes.",
        "%(n)d rows wait, the oldest for %(minutes)d minutes.",
        state.unsealed,
    ) % {"n": state.unsealed, "minutes": state.minutes}


def copies(now: datetime) -> Line:
    """Whether the last seal also lies outside the database."""
    title, state = _("Copies of the seals"), seal_state(now=now)
    if not state.number:
        return Line(
            "copies", GREY, title, _("Nothing is sealed yet; the clock does it every minute.")
        )
    looked_at = range(max(state.number - LOOKED_AT, 0) + 1, state.number + 1)
    directory = settings.AUDIT_CHECKPOINTS_DIR
    missing = sum(not path_of(directory, number).is_file() for number in looked_at)
    if missing:
        why = _("Of the last %(all)d seals %(n)d have no copy in the directory of copies.")
        return Line(
            "copies",
            RED if missing == len(looked_at) else YELLOW,
            title,
            why % {"n": missing, "all": len(looked_at)},
            _(
                "See that the directory is there and can be written; if files were lost, find out why."
            ),
            "manage.py audit_verify",
        )
    why = _("The last %(all)d seals have a copy. Copy the directory off the machine every day.")
    return Line("copies", GREEN, title, why % {"all": len(looked_at)})


def partitions(now: datetime) -> Line:
    """Months made ahead, and whether rows fell into the net."""
    title, ahead = _("Months of the trail made ahead"), months_ahead(now)
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM security_auditevent_default)")
        in_net = bool(cursor.fetchone()[0])
    why = ngettext(
        "This month and %(n)d more have a table of their own.",
        "This month and %(n)d more have tables of their own.",
        max(ahead, 0),
    ) % {"n": max(ahead, 0)}
    if ahead < 0:
        why = _("This month has no table of its own; its rows fall into the net for all months.")
    light = GREEN if ahead >= MONTHS_EXPECTED else YELLOW if ahead > 0 else RED
    if light == GREEN and in_net:
        light, why = YELLOW, " ".join([why, _("Some rows lie in the net for all months.")])
    todo = _("Tables are made by the clock every day and by each update.") if light != GREEN else ""
    return Line("partitions", light, title, why, todo, "manage.py prepare" if todo else "")


def months_ahead(now: datetime) -> int:
    """How many months after this one have a partition without a gap; -1: not even this one."""
    with connection.cursor() as cursor:
        cursor.execute(_MONTHS)
        made = {name.removeprefix("security_auditevent_") for (name,) in cursor.fetchall()}
    year, month, ahead = now.year, now.month, -1
    while f"{year:04}{month:02}" in made:
        ahead += 1
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return ahead


def database_role() -> Line:
    title, held = _("Role of the application in the database"), powers()
    if held is None:
        return Line("role", GREY, title, _("The database did not say."))
    if held.limited:
        return Line(
            "role", GREEN, title, _("It reads the trail and adds to it; it owns no table of it.")
        )
    return Line(
        "role",
        RED,
        title,
        _too_much(held),
        _(
            "Let the application sign in as a role that owns nothing, and give the owner's role "
            "to migrations alone: DATABASE_URL and DATABASE_OWNER_URL, then migrate."
        ),
        "manage.py migrate",
    )


def _too_much(held: Powers) -> str:
    if held.superuser:
        return _("It is a superuser of the database and could switch off what guards the trail.")
    if held.owns_trail:
        return _("It owns the tables of the trail and could switch off what guards them.")
    if held.changes_trail:
        return _("It may change or delete rows of the trail.")
    return _("It may make tables, which no application needs.")
