"""What an e-mail says: codes, counts, colours, days and links. No title, no name, no word that
anybody typed: mail passes through other people's machines and lies there for years."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaign.models import Task
from dashboard.models import Notice, NoticeKind
from dashboard.words import light_word

LINES = 40


@dataclass(frozen=True)
class Letter:
    subject: str
    text: str
    html: str


@dataclass(frozen=True)
class Line:
    code: str
    said: str
    at: str
    url: str


def letter_of(notices: list[Notice]) -> Letter:
    """The letter in Vietnamese, as plain text and as HTML with the same words."""
    with translation.override(settings.LANGUAGE_CODE):
        tasks = dict(
            Task.objects.filter(pk__in={n.task_id for n in notices}).values_list("pk", "code")
        )
        lines = [_line(notice, tasks) for notice in _most_pressing(notices)]
        number = len(notices)
        context = {
            "lines": lines[:LINES],
            "head": ngettext("%(n)s notice", "%(n)s notices", number) % {"n": number},
            "counts": _counts(notices),
            "more": number - LINES if number > LINES else 0,
            "inbox": address(reverse("notices")),
            "choices": address(reverse("notice_choices")),
        }
        subject = f"Sáu Rõ: {context['head']}"
        text = render_to_string("dashboard/mail/notices.txt", context)
        html = render_to_string("dashboard/mail/notices.html", context)
    return Letter(subject, text, html)


def _most_pressing(notices: list[Notice]) -> list[Notice]:
    rank = {kind: place for place, kind in enumerate(NoticeKind.values)}
    return sorted(notices, key=lambda one: (rank[one.kind], one.due_at, one.pk))


def _counts(notices: list[Notice]) -> list[tuple[str, int]]:
    """How many of each kind, the most pressing first."""
    found = {kind: sum(1 for one in notices if one.kind == kind) for kind in NoticeKind.values}
    return [(str(NoticeKind(kind).label), number) for kind, number in found.items() if number]


def _line(notice: Notice, codes: dict[int, str]) -> Line:
    """Codes are letters and digits of the plan; whatever else were typed into one stays at home."""
    light = notice.said.get("to", "")
    said = light_word(light) if light else str(notice.get_kind_display())
    at = timezone.localtime(notice.due_at)
    path = reverse("campaign:task_detail", args=[notice.task_id]) if notice.task_id else ""
    return Line(
        code=plain_code(codes.get(notice.task_id or 0, "")),
        said=said,
        at=date_format(at, "H:i d/m/Y"),
        url=address(path or reverse("notices")),
    )


def plain_code(code: str) -> str:
    """A task's code as it may leave the house; its number alone stands in the link otherwise."""
    known = code.isascii() and code.replace(".", "").replace("-", "").isalnum() and " " not in code
    return code if known and any(sign.isdigit() for sign in code) else _("Task")


def address(path: str) -> str:
    return f"{settings.SITE_URL.rstrip('/')}{path}"
