"""Comments on a task, and who is called by an @."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.models import Comment, Task
from campaign.services.access import check_open, not_allowed, refuse
from security import audit
from security.models import User

CALL = re.compile(r"(?<![\w@.])@([\w.+-]{1,150})")
TEXT_AT_MOST = 5000
WITHDRAWN_WITHIN = timedelta(hours=24)


@transaction.atomic
def add_comment(*, actor: User, task: Task, text: str, now: datetime) -> Comment:
    """Say something on a task; everybody who is called and may see the task is told.

    Whoever may not see it is not told, and the answer does not say who that is: otherwise a
    comment would ask the filter questions. Raises RefusedError: not_allowed, closed, text.
    """
    if not _sees(actor, task):
        raise not_allowed()
    check_open(task.campaign)
    words = text.strip()
    if not words:
        raise refuse("text", _("Write something first."))
    if len(words) > TEXT_AT_MOST:
        raise refuse("text", _("A comment has 5000 characters at most."))
    comment = Comment.objects.create(task=task, text=words, by=actor, at=now)
    comment.mentions.set(called(words, task, but=actor))
    audit.record("task.commented", actor=actor, row=task, reason=f"comment {comment.pk}")
    return comment


@transaction.atomic
def withdraw_comment(*, actor: User, comment: Comment, now: datetime) -> Comment:
    """Hide one's own words within a day; that something was said stays."""
    row = Comment.objects.select_for_update(of=("self",)).get(pk=comment.pk)
    if row.by_id != actor.pk:
        raise refuse("not_allowed", _("Only its author can withdraw a comment."))
    if now - row.at > WITHDRAWN_WITHIN:
        raise refuse("too_late", _("A comment can be withdrawn within a day."))
    if row.withdrawn_at is None:
        row.withdrawn_at = now
        row.save(update_fields=["withdrawn_at"])
        audit.record(
            "task.comment_withdrawn", actor=actor, row=row.task, reason=f"comment {row.pk}"
        )
    return row


def called(text: str, task: Task, *, but: User) -> list[User]:
    """People called by their sign-in name who may see the task."""
    names = {found.casefold() for found in CALL.findall(text)}
    people: Iterable[User] = User.objects.filter(
        is_active=True, username__in=names | {name.rstrip(".") for name in names}
    ).exclude(pk=but.pk)
    return [person for person in people if _sees(person, task)]


def _sees(person: User, task: Task) -> bool:
    return Task.objects.visible_to(person).filter(pk=task.pk).exists()
