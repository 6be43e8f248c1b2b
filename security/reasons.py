"""What services note beside an event, in words for people.

The trail keeps short forms that no language can make wrong, ``term 1f09…``, ``3 pages``, ``1 -> 2;
…``; people read them here. A text that a person typed, and any form not known here, is shown as
it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from re import Match

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from security.kinds import kind_called
from security.levels import Secrecy

Telling = Callable[[Match[str]], str]


def _pages(found: Match[str]) -> str:
    n = int(found[1])
    return ngettext("%d page", "%d pages", n) % n


def _sessions(found: Match[str]) -> str:
    n = int(found[1])
    return ngettext("%d other session", "%d other sessions", n) % n


def _level(said: str) -> str:
    return str(Secrecy(int(said)).label) if said.isdecimal() and int(said) in Secrecy else said


def _kind(label: str) -> str:
    model = kind_called(label)
    return str(model.kind_name) if model and model.kind_name else label


def _moved(found: Match[str]) -> str:
    before, after, rest = found.groups()
    text = _("%(before)s became %(after)s") % {"before": _level(before), "after": _level(after)}
    return f"{text}: {rest}" if rest else text


def _along(found: Match[str]) -> str:
    level, label, number = found.groups()
    what = f"{_kind(label)} {number}"
    return _("to %(level)s, with %(what)s") % {"level": _level(level), "what": what}


FORMS: tuple[tuple[str, Telling], ...] = (
    (r"term [0-9a-f]{8,64}", lambda found: _("what was searched for is not kept")),
    (r"name [0-9a-f]{8,64}(?:, .*)?", lambda found: _("the name typed is not kept")),
    (r"[0-9a-f]{64}", lambda found: _("fingerprint %(hash)s…") % {"hash": found[0][:8]}),
    (r"on behalf of user (\d+)", lambda found: _("for the person with number %(n)s") % {"n": found[1]}),
    (r"(\d+) pages?", _pages),
    (r"product (\d+)", lambda found: _("product %(n)s") % {"n": found[1]}),
    (r"product (\d+): ([ABC])",
     lambda found: _("product %(n)s, grade %(grade)s") % {"n": found[1], "grade": found[2]}),
    (r"file (\d+)", lambda found: _("file %(n)s") % {"n": found[1]}),
    (r"step (\d+)", lambda found: _("step %(n)s") % {"n": found[1]}),
    (r"(\d) -> (\d)(?:; (.*))?", _moved),
    (r"-> (\d); with ([\w.]+) (\d+)", _along),
    (r"standing: ([\w.]+)", lambda found: _kind(found[1])),
    (r"invitation (\d+), \w+", lambda found: _("link %(n)s") % {"n": found[1]}),
    (r"signed out everywhere else: (\d+)", _sessions),
    (r"(\d+) other sessions ended", _sessions),
    (r"signed out from elsewhere: (.*)", lambda found: found[1]),
    (r"access ended", lambda found: _("the right to it ended")),
    (r"/[\w/.:-]*", lambda found: _("at %(address)s") % {"address": found[0]}),
)  # fmt: skip
KNOWN = tuple((re.compile(form), telling) for form, telling in FORMS)


def said(reason: str) -> str:
    """A reason of the trail as people read it."""
    for form, telling in KNOWN:
        if found := form.fullmatch(reason):
            return telling(found)
    return reason
