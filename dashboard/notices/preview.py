"""What choices will do, in sentences: so that nobody has to try them out."""

from __future__ import annotations

from datetime import datetime, time, timedelta

from django.utils.translation import gettext as _

from dashboard.models import NoticeKind
from dashboard.notices import rules


def preview(ways: dict[str, str], hours: rules.Hours, *, reached: bool) -> list[str]:
    """reached: whether an e-mail can reach this person at all."""
    if not reached:
        everything = [kind for kind in NoticeKind if ways[kind] != rules.OFF]
        return [
            _("No e-mail reaches you here; everything stands in the inbox: %(kinds)s.")
            % {"kinds": _named(everything)},
            *_none(ways),
        ]
    return [*_at_once(ways, hours), *_digest(ways, hours), *_inbox(ways), *_none(ways)]


def _at_once(ways: dict[str, str], hours: rules.Hours) -> list[str]:
    kinds = _of(ways, rules.AT_ONCE)
    if not kinds:
        return []
    said = [
        _("By e-mail at once, at most one in a quarter of an hour: %(kinds)s.")
        % {"kinds": _named(kinds)}
    ]
    if hours.quiet_from != hours.quiet_until:
        example = _within(hours)
        left = rules.leaves_at(example, hours)
        said.append(
            _(
                "What happens at %(at)s reaches you by e-mail at %(left)s; in the inbox it stands at once."
            )
            % {"at": _clock(example), "left": _clock(left)}
        )
    return said


def _within(hours: rules.Hours) -> datetime:
    """A moment in the quiet hours: an hour after they begin, or half of them if they are short."""
    begin = datetime.combine(datetime(2026, 1, 1, tzinfo=rules.ZONE), hours.quiet_from, rules.ZONE)
    span = rules.quiet_end(begin, hours) - begin
    return begin + min(timedelta(hours=1), span / 2)


def _digest(ways: dict[str, str], hours: rules.Hours) -> list[str]:
    kinds = _of(ways, rules.DIGEST)
    if not kinds:
        return []
    midnight = datetime.combine(datetime(2026, 1, 1, tzinfo=rules.ZONE), time(), rules.ZONE)
    at = rules.digest_time(midnight, hours)
    said = _("Every day at %(at)s in one e-mail, if anything of it is unread: %(kinds)s.")
    told = [said % {"at": _clock(at), "kinds": _named(kinds)}]
    if at.time() != hours.digest_at:
        told.append(
            _("%(wished)s lies in the quiet hours, so it comes at %(at)s.")
            % {"wished": f"{hours.digest_at:%H:%M}", "at": _clock(at)}
        )
    return told


def _inbox(ways: dict[str, str]) -> list[str]:
    kinds = _of(ways, rules.INBOX)
    return [_("In the inbox alone: %(kinds)s.") % {"kinds": _named(kinds)}] if kinds else []


def _none(ways: dict[str, str]) -> list[str]:
    kinds = _of(ways, rules.OFF)
    return [_("Not told at all: %(kinds)s.") % {"kinds": _named(kinds)}] if kinds else []


def _of(ways: dict[str, str], way: str) -> list[NoticeKind]:
    return [kind for kind in NoticeKind if ways[kind] == way]


def _named(kinds: list[NoticeKind]) -> str:
    return "; ".join(str(kind.label).lower() for kind in kinds)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(rules.ZONE):%H:%M}"
