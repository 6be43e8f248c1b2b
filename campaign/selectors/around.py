"""What stands around a task on its page: words, files, links, dates asked for, who is gone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from campaign.models import Attachment, Comment, DeadlineRequest, Task, TaskLink
from campaign.rules import last_day
from campaign.services.access import may_decide, may_work
from campaign.services.agreeing import MANAGE
from campaign.services.talking import WITHDRAWN_WITHIN
from security.models import User
from security.scope import may

Kind = TaskLink.Kind
OPEN = frozenset({Task.State.DRAFT, Task.State.ACTIVE})
ORIGINS = frozenset({Kind.SPLIT_FROM, Kind.CARRIED_FROM})


@dataclass(frozen=True)
class Said:
    """A comment; ``withdrawable`` by whoever reads."""

    comment: Comment
    called: list[User]
    withdrawable: bool


@dataclass(frozen=True)
class Kept:
    """A file in sight; ``of`` says what it proves."""

    row: Attachment
    of: str
    removable: bool


@dataclass(frozen=True)
class Related:
    """Another task and how it stands to this one; ``link`` where it may be taken back."""

    words: str
    task: Task
    link: int | None


@dataclass(frozen=True)
class Asked:
    """A request for another deadline that waits for its decision."""

    row: DeadlineRequest
    may_decide: bool
    may_withdraw: bool

    @property
    def old_day(self) -> date:
        return last_day(self.row.old)

    @property
    def new_day(self) -> date:
        return last_day(self.row.new)


@dataclass(frozen=True)
class Around:
    comments: list[Said]
    files: list[Kept]
    related: list[Related]
    asked: Asked | None
    troubles: list[str]
    may_manage: bool
    may_hand_over: bool
    may_attach: bool
    may_ask: bool
    may_comment: bool


def around_task(user: User, task: Task, *, now: datetime) -> Around:
    """Everything around one visible task, as this user may see and use it; five queries."""
    living = task.campaign.closed_at is None
    manages = living and may(user, MANAGE, task)
    works = living and may_work(user, "campaign.report", task)
    running = living and task.state == Task.State.ACTIVE
    asked = _asked(user, task, now)
    return Around(
        comments=_comments(user, task, now),
        files=_files(user, task, manages=manages),
        related=related_to(user, task, manages=manages),
        asked=asked,
        troubles=troubles_of(task) if task.state in OPEN else [],
        may_manage=manages and task.state in OPEN,
        may_hand_over=running and (manages or may(user, "campaign.accept", task)),
        may_attach=living and task.state in OPEN and (works or manages),
        may_ask=running and works and asked is None,
        may_comment=living,
    )


def troubles_of(task: Task) -> list[str]:
    """Who holds a task and can hold it no longer."""
    owner, unit = task.owner, task.unit
    gone = unit.dissolved_on
    found = [
        (
            gone is not None,
            _("The lead unit %(unit)s was dissolved on %(day)s.")
            % {"unit": unit.name, "day": f"{gone:%d/%m/%Y}" if gone else ""},
        ),
        (
            owner is not None and not owner.is_active,
            _("%(who)s has left: the account is closed.") % {"who": owner},
        ),
        (
            owner is not None
            and owner.is_active
            and gone is None
            and task.lead_named
            and not owner.unit.path.startswith(unit.path),
            _("%(who)s now works in %(unit)s, outside the lead unit.")
            % {"who": owner, "unit": owner.unit.name if owner else ""},
        ),
    ]
    return [said for wrong, said in found if wrong]


def _comments(user: User, task: Task, now: datetime) -> list[Said]:
    rows = task.comments.select_related("by").prefetch_related("mentions")
    return [
        Said(
            row,
            [] if row.withdrawn_at else list(row.mentions.all()),
            row.by_id == user.pk and row.withdrawn_at is None and now - row.at <= WITHDRAWN_WITHIN,
        )
        for row in rows
    ]


def _files(user: User, task: Task, *, manages: bool) -> list[Kept]:
    rows = task.attachments.kept().select_related("stored", "by", "report", "submission__product")
    return [
        Kept(
            row,
            _proves(row),
            row.submission_id is None and (manages or row.by_id == user.pk),
        )
        for row in rows.order_by("-at", "-pk")
    ]


def _proves(row: Attachment) -> str:
    if row.report is not None:
        return _("proof of the report of %(percent)s%%") % {"percent": row.report.percent}
    if row.submission is not None:
        return _("handed in with “%(product)s”") % {"product": row.submission.product.title}
    return ""


def related_to(user: User, task: Task, *, manages: bool) -> list[Related]:
    """Both directions; tasks that the user may not see are not there for him."""
    links = list(TaskLink.objects.filter(Q(task=task) | Q(other=task)).order_by("kind", "pk"))
    ids = {link.task_id for link in links} | {link.other_id for link in links}
    rows = Task.objects.visible_to(user).select_related("unit").filter(pk__in=ids - {task.pk})
    seen = {row.pk: row for row in rows} if links else {}
    found = []
    for link in links:
        forth = link.task_id == task.pk
        other = seen.get(link.other_id if forth else link.task_id)
        if other is not None:
            removable = manages and forth and link.kind not in ORIGINS
            found.append(
                Related(_words(link.kind, forth=forth), other, link.pk if removable else None)
            )
    return found


def _words(kind: str, *, forth: bool) -> str:
    words = {
        (Kind.DEPENDS_ON, True): _("Waits for"),
        (Kind.DEPENDS_ON, False): _("Is waited for by"),
        (Kind.TECHNICAL_PART, True): _("Its technical part"),
        (Kind.TECHNICAL_PART, False): _("Is the technical part of"),
        (Kind.SPLIT_FROM, True): _("Taken out of"),
        (Kind.SPLIT_FROM, False): _("Part taken out"),
        (Kind.CARRIED_FROM, True): _("Goes on with"),
        (Kind.CARRIED_FROM, False): _("Carried over to"),
    }
    return words[Kind(kind), forth]


def _asked(user: User, task: Task, now: datetime) -> Asked | None:
    rows = task.deadline_requests.filter(decision=DeadlineRequest.Decision.WAITING)
    row = rows.select_related("by__unit").first()
    if row is None:
        return None
    own = row.by_id == user.pk
    decides = not own and may_decide(user, "campaign.approve_deadline", task, now)
    return Asked(row, decides, own)
