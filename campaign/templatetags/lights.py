"""A light that explains itself: shape, word, a leader's judgement beside it, and "why?".

Built in Python rather than from a template: a list draws up to two hundred of them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from django import template
from django.template import Context
from django.urls import reverse
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from campaign.models import Campaign, Light
from campaign.selectors.judged import Judged
from campaign.selectors.sweeping import late_since
from security.models import User

register = template.Library()


class Lit(Protocol):
    """What ``light_of`` draws: a line of a list, a page's detail."""

    @property
    def shape(self) -> str: ...
    @property
    def why(self) -> list[str]: ...
    @property
    def next_change_at(self) -> datetime | None: ...
    @property
    def beside(self) -> Judged | None: ...


@register.simple_tag
def light_of(lit: Lit, *, hide_word: bool = False, end: bool = False) -> SafeString:
    """The light of a line with its "why?": ``{% light_of line hide_word=True %}``.

    end: the light stands at the right margin, so that the explanation opens to the left.
    """
    return light_why(
        lit.shape,
        lit.why,
        lit.next_change_at,
        lit.beside,
        hide_word=hide_word,
        end=end,
    )


@register.simple_tag
def light_why(
    shape: str,
    why: Iterable[str],
    next_at: datetime | None = None,
    beside: Judged | None = None,
    *,
    hide_word: bool = False,
    end: bool = False,
) -> SafeString:
    """The same from its parts. Without a script a ``<details>``; no query of its own."""
    drawn = _drawn(shape, beside, hide_word=hide_word)
    if not shape:
        return drawn
    return format_html(
        '<details class="why{}" data-closes><summary>{}<span class="visually-hidden">, {}</span>'
        '</summary><div class="why-box"><b>{}</b><ul>{}</ul>{}<p class="sub">{} <a href="{}">{}</a></p></div></details>',
        " why-end" if end else "",
        drawn,
        _("why?"),
        word_of(shape),
        format_html_join("", "<li>{}</li>", ((one,) for one in why)),
        _judged(beside) if beside else "",
        _next(shape, next_at),
        _rules(),
        _("How lights are worked out"),
    )


@register.inclusion_tag("campaign/_sweep_late.html", takes_context=True)
def sweep_late(context: Context, campaign: Campaign) -> dict[str, Any]:
    """Says so when stored lights may be out of date; one query, whatever stands on the page."""
    user = context["request"].user
    since = None
    if isinstance(user, User):
        since = late_since(user, campaign, timezone.now())
    return {"since": since}


@cache
def _rules() -> str:
    """A page may draw two hundred of these addresses."""
    return reverse("campaign:lights")


def word_of(shape: str) -> str:
    """The word beside a light: Red, Yellow, Done late …"""
    return _("Done late") if shape == "done-late" else str(Light(shape).label) if shape else ""


def _drawn(shape: str, beside: Judged | None, *, hide_word: bool) -> SafeString:
    """The computed light, and a leader's own beside it: never one in place of the other."""
    if not shape:
        return SafeString()
    own = _mark(shape, hide_word=hide_word)
    if beside is None:
        return own
    return format_html(
        '<span class="lights-two">{}<span class="lights-judged">{}{}</span></span>',
        own,
        format_html('<span class="visually-hidden">, {} </span>', _("judged by a leader:")),
        _mark(beside.light, hide_word=hide_word),
    )


def _mark(shape: str, *, hide_word: bool) -> SafeString:
    drawn = '<span class="light light-{}"><span>{}</span></span>'
    if hide_word:
        drawn = '<span class="light light-{}"><span class="visually-hidden">{}</span></span>'
    return format_html(drawn, shape, word_of(shape))


def _judged(beside: Judged) -> SafeString:
    words = _("%(who)s sees it as %(light)s until %(day)s: %(reason)s") % {
        "who": beside.who,
        "light": word_of(beside.light).lower(),
        "day": formats.date_format(beside.last_day, "d/m/Y"),
        "reason": beside.reason,
    }
    return format_html(
        '<p class="why-judged">{} {}</p>', _mark(beside.light, hide_word=True), words
    )


def _next(shape: str, at: datetime | None) -> str:
    """What the passing of time alone will do."""
    if shape.startswith("done"):
        return _("It stays so.")
    if at is None:
        return _("Time alone changes nothing more: only a report, a hand-in or a decision does.")
    moment = formats.date_format(timezone.localtime(at), "H:i, d/m/Y")
    return _("If nothing new is recorded, it changes at %(moment)s.") % {"moment": moment}
