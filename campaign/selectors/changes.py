"""Who changed which field of a task or of its products, from what to what."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from itertools import groupby
from typing import Any

from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from campaign.models import Product, Task
from campaign.services.merging import LOADED
from security.fields import may_read
from security.history import Change, ToldField, author, differences, hidden, pairs
from security.levels import Secrecy
from security.models import User

SHOWN = 40


def changes_of(user: User, task: Task) -> list[Change]:
    """The newest changes of a visible task and of its products, at most SHOWN; two queries.

    The fields of a task are as open as the task, so a version is told to whoever may read a task
    of the level and sensitivity that it had then; a version of a product likewise, because
    products are as open as their task. Products that are gone are told, too.
    """
    found: dict[tuple[datetime, int | None], Change] = {}
    versions: Any = Task.history.filter(id=task.pk)
    joined = versions.select_related("history_user", "unit", "owner")
    shown = [v for v in joined[: SHOWN + 1] if may_read(user, task, v.level, v.sensitivity)]
    for newer, older in list(pairs(shown))[:SHOWN]:
        _change(found, newer).sentences += _of_task(newer, older)
    for _pk, group in groupby(_product_versions(task), key=lambda one: one.id):
        open_ones = [v for v in group if may_read(user, task, v.level_then, v.sensitivity_then)]
        for newer, older in pairs(open_ones):
            _change(found, newer).sentences += _of_product(newer, older)
    told = [change for change in found.values() if change.sentences]
    return sorted(told, key=lambda change: change.at, reverse=True)[:SHOWN]


def _product_versions(task: Task) -> Any:
    """Product by product, the newest first, each with the level and sensitivity of the task then."""
    versions: Any = Task.history.filter(id=task.pk, history_date__lte=OuterRef("history_date"))
    then = versions.order_by("-history_date", "-history_id")
    products: Any = Product.history.filter(task_id=task.pk).annotate(
        level_then=Coalesce(Subquery(then.values("level")[:1]), task.level),
        sensitivity_then=Coalesce(Subquery(then.values("sensitivity")[:1]), task.sensitivity),
    )
    ordered = products.order_by("id", "-history_date", "-history_id")
    return ordered.select_related("history_user")


def _change(found: dict[tuple[datetime, int | None], Change], version: Any) -> Change:
    key = (version.history_date, version.history_user_id)
    reason = version.history_change_reason or ""
    said = str(_("Loaded from the plan file")) if reason == LOADED else reason
    change = found.setdefault(key, Change(version.history_date, author(version)))
    change.reason = change.reason or said
    return change


def _of_task(newer: Any, older: Any) -> Iterator[str]:
    if older is None:
        yield str(_("Task entered"))
        return
    yield from differences(newer, older, TASK, lambda key: True)
    # A key that follows another column is told by its row's name.
    yield from differences(_Named(newer), _Named(older), NAMED, lambda key: True)


def _of_product(newer: Any, older: Any) -> Iterator[str]:
    name = newer.checklist_code or newer.title
    if newer.history_type == "-":
        yield _("Product “%(product)s” removed") % {"product": name}
    elif older is None and newer.history_type != "+":  # what it was before is above the reader
        yield hidden(f"“{name}”")
    elif older is None:
        yield _("Product “%(product)s” entered") % {"product": name}
    else:
        for sentence in differences(newer, older, PRODUCT, lambda key: True):
            yield _("Product “%(product)s”: %(change)s") % {"product": name, "change": sentence}


class _Named:
    """Names of the rows that a version points to."""

    def __init__(self, version: Any) -> None:
        self.unit = version.unit.name if version.unit_id else ""
        self.owner = str(version.owner) if version.owner_id else ""


def _moment(value: datetime) -> str:
    return f"{timezone.localtime(value):%H:%M %d/%m/%Y}"


def _date(value: date) -> str:
    return f"{value:%d/%m/%Y}"


def _lines(value: list[str]) -> str:
    return "; ".join(value)


TASK = (
    ToldField("title", _("Task (việc)")),
    ToldField("focus", _("Focus")),
    ToldField("responsibility", _("Responsibility (trách nhiệm)")),
    ToldField("process", _("Process (quy trình)")),
    ToldField("start", _("Start"), _date),
    ToldField("deadline", _("Deadline"), _moment),
    ToldField("original_deadline", _("Original deadline"), _moment),
    ToldField("lead_scope", _("Scope of the lead")),
    ToldField("check_text", _("How it is checked")),
    ToldField("risk", _("Risk")),
    ToldField("handling", _("Handling of the risk")),
    ToldField("note", _("Note")),
    ToldField("state", _("State"), lambda value: str(Task.State(value).label)),
    ToldField("done_at", _("Completed at"), _moment),
    ToldField("level", _("Secrecy level"), lambda value: str(Secrecy(value).label)),
)
NAMED = (ToldField("unit", _("Lead unit")), ToldField("owner", _("Owner (người)")))
PRODUCT = (
    ToldField("title", _("Title")),
    ToldField("criteria", _("Criteria"), _lines),
    ToldField("deadline", _("Deadline"), _moment),
    ToldField("signing_text", _("Signed off by")),
    ToldField("checklist_no", _("Number on the checklist")),
    ToldField("note", _("Note")),
)
