"""A notice in words for its reader, inside the product: with reasons, and with who said it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils.translation import gettext as _

from campaign import reasons
from campaign.models import (
    Acceptance,
    Comment,
    DeadlineRequest,
    HandOver,
    LightTransition,
    Task,
)
from campaign.rules import days_late, last_day
from dashboard.models import Notice, NoticeKind
from dashboard.words import light_word

EXCERPT = 140


@dataclass(frozen=True)
class Voice:
    """Who did it, and the words that stand with the fact; read from the fact, kept nowhere else."""

    who: str
    words: str = ""
    day: str = ""


@dataclass(frozen=True)
class Said:
    """``light``: the theme's class, or "" where no colour is spoken of."""

    light: str
    word: str
    text: str
    quote: str = ""


def voices_of(notices: Iterable[Notice]) -> dict[str, Voice]:
    """By event, the voices of these notices; one query for each sort of fact among them."""
    wanted: dict[str, set[int]] = {}
    for notice in notices:
        sort, _colon, pk = notice.event.partition(":")
        if pk.isdecimal():
            wanted.setdefault(sort, set()).add(int(pk))
    found = {}
    for sort, (rows, voice) in SOURCES.items():
        if sort in wanted:
            for row in rows().filter(pk__in=wanted[sort]):
                found[f"{sort}:{row.pk}"] = voice(row)
    return found


def _of_comment(row: Comment) -> Voice:
    return Voice(str(row.by), "" if row.withdrawn_at else _excerpt(row.text))


def _of_hand_over(row: HandOver) -> Voice:
    return Voice(str(row.by), _excerpt(row.reason))


def _of_request(row: DeadlineRequest) -> Voice:
    return Voice(str(row.by), _excerpt(row.reason), _day(row.new))


def _of_decision(row: DeadlineRequest) -> Voice:
    return Voice(str(row.decided_by or ""), _excerpt(row.decision_reason), _day(row.new))


def _of_grade(row: Acceptance) -> Voice:
    until = _day(row.remediate_until) if row.remediate_until else ""
    return Voice(str(row.by), row.submission.product.title, until)


def _beginnings() -> QuerySet[Any]:
    """First lights, each with the name of whoever put the task on the board."""
    version = Task.history.filter(id=OuterRef("task_id"), state=Task.State.ACTIVE)
    who = version.order_by("history_id").values("history_user__full_name")[:1]
    return LightTransition.objects.annotate(who=Subquery(who))


SOURCES: dict[str, tuple[Callable[[], QuerySet[Any]], Callable[[Any], Voice]]] = {
    "comment": (lambda: Comment.objects.select_related("by"), _of_comment),
    "given": (_beginnings, lambda row: Voice(row.who or "")),
    "handover": (lambda: HandOver.objects.select_related("by"), _of_hand_over),
    "asked": (lambda: DeadlineRequest.objects.select_related("by"), _of_request),
    "decided": (lambda: DeadlineRequest.objects.select_related("decided_by"), _of_decision),
    "grade": (lambda: Acceptance.objects.select_related("by", "submission__product"), _of_grade),
}


def words_of(notice: Notice, voice: Voice | None, now: datetime) -> Said:
    """What happened, in the reader's language."""
    if light := notice.said.get("to", ""):
        return _turned(notice, light, now)
    voice = voice or Voice("")
    said = {"who": voice.who or _("Somebody"), "day": voice.day}
    if notice.kind == NoticeKind.MENTIONED:
        return Said("", "", _("%(who)s mentioned you") % said, voice.words)
    if notice.kind == NoticeKind.GIVEN and notice.event.startswith("given:"):
        return Said("", "", _("%(who)s gave you the task") % said)
    if notice.kind == NoticeKind.GIVEN:
        return Said(
            "", "", _("%(who)s handed the task over to you or your unit") % said, voice.words
        )
    if notice.kind == NoticeKind.TO_DECIDE:
        text = _("%(who)s asks for another deadline, %(day)s: you decide") % said
        return Said("", "", text, voice.words)
    return _decided(notice, voice, said)


def _turned(notice: Notice, light: str, now: datetime) -> Said:
    """The colour with its reasons, as they were then; how late it is by now where it still is."""
    still = notice.task is not None and notice.task.light == light
    told = [
        _reason(stored, notice, still=still, now=now) for stored in notice.said.get("reasons", ())
    ]
    return Said(light, light_word(light), "; ".join(told))


def _reason(stored: dict[str, Any], notice: Notice, *, still: bool, now: datetime) -> str:
    reason = reasons.from_json(stored)
    if reason.code == "overdue" and still:
        reason = replace(reason, days=max(reason.days, days_late(notice.due_at, now)))
    return reasons.text(reason)


def _decided(notice: Notice, voice: Voice, said: dict[str, str]) -> Said:
    if grade := notice.said.get("grade"):
        known = said | {"grade": grade}
        if voice.day:
            text = _("%(who)s graded a product %(grade)s, remedies due %(day)s") % known
        else:
            text = _("%(who)s graded a product %(grade)s") % known
        return Said("", "", text, voice.words)
    if notice.said.get("decision") == DeadlineRequest.Decision.APPROVED:
        return Said("", "", _("%(who)s approved the deadline %(day)s") % said, voice.words)
    return Said("", "", _("%(who)s refused the deadline %(day)s") % said, voice.words)


def _day(at: datetime) -> str:
    last = last_day(at)
    return f"{last.day}/{last.month}"


def _excerpt(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= EXCERPT else f"{plain[: EXCERPT - 1].rstrip()}…"
