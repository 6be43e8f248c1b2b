"""Two people change one task: both versions side by side, field by field, with nothing lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.forms.boundfield import BoundField
from django.utils.translation import gettext as _

from campaign.forms.seen import SeenForm
from campaign.forms.writing import CompleteForm, EditTaskForm
from campaign.models import Task
from campaign.rules import last_day
from security.history import author

MINE, THEIRS = "mine", "theirs"
CHOICE = "keep-"  # before a field's name: which of the two versions is kept


@dataclass(frozen=True)
class Pair:
    """One field of which the two versions differ.

    both: each of the two people changed it. chosen: "mine", "theirs", or "" while it must still be
    chosen.
    """

    field: BoundField
    theirs: str
    both: bool
    chosen: str

    @property
    def choice(self) -> str:
        return f"{CHOICE}{self.field.name}"


@dataclass(frozen=True)
class Saving:
    """Somebody saved the task meanwhile."""

    who: str
    at: datetime


@dataclass(frozen=True)
class Clash:
    """What must be chosen. version: of the row as it is now; rest: the fields that nobody disputes,
    as they were sent; chosen: what is written once it is settled."""

    pairs: list[Pair]
    rest: list[tuple[str, Any]]
    savings: list[Saving]
    version: int
    chosen: dict[str, Any]
    settled: bool


def newest_version(task: Task) -> int:
    """Number of the newest version in the task's history; 0 without one."""
    rows: Any = Task.history.filter(id=task.pk)
    return rows.order_by("-history_id").values_list("history_id", flat=True).first() or 0


def ask_again(task: Task, form: SeenForm) -> list[Saving]:
    """Who saved after this form was opened; it is beside the newest version from now on."""
    savings = _savings(task, _seen(task, form.said("seen")))
    form.renew(task.version, newest_version(task))
    return savings


def clash_of(
    task: Task, form: EditTaskForm | CompleteForm, sent: Mapping[str, Any]
) -> Clash | None:
    """What the editor of a valid form must choose, because the row is no longer the one he saw.

    None if it is the one he saw.
    """
    if form.cleaned_data["version"] == task.version:
        return None
    base = _seen(task, form.cleaned_data["seen"])
    mine = form.agreed
    pairs = []
    for name, value in mine.items():
        now = getattr(task, name)
        if value != now:
            before = getattr(base, name, now) if base is not None else None
            pairs.append(_pair(form[name], now, value, before, sent, known=base is not None))
    # The choices were made beside this very version, and every one of them.
    beside = _number(sent.get("beside")) == task.version
    settled = not pairs or (beside and all(one.chosen for one in pairs))
    chosen = {one.field.name: mine[one.field.name] for one in pairs if one.chosen == MINE}
    disputed = {one.field.name for one in pairs}
    rest = [
        (field.name, field.value() or "")
        for field in form.visible_fields()
        if field.name not in disputed
    ]
    return Clash(pairs, rest, _savings(task, base), task.version, chosen, settled)


def _pair(
    field: BoundField, now: Any, mine: Any, before: Any, sent: Mapping[str, Any], *, known: bool
) -> Pair:
    both = not known or (now != before and mine != before)
    chosen = sent.get(f"{CHOICE}{field.name}", "")
    if chosen not in {MINE, THEIRS}:
        # Whoever alone changed a field is not asked twice.
        chosen = "" if both else (MINE if now == before else THEIRS)
    return Pair(field, _written(field, now), both, chosen)


def _written(field: BoundField, value: Any) -> str:
    """A value of the row in words."""
    if value is None or value == "":
        return _("(empty)")
    if isinstance(value, datetime):
        value = last_day(value)
    if isinstance(value, date):
        return f"{value:%d/%m/%Y}"
    if isinstance(field.field, forms.ChoiceField) and not isinstance(
        field.field, forms.ModelChoiceField
    ):
        return str(dict(field.field.choices).get(value, value))  # type: ignore[arg-type]
    return str(value)


def _seen(task: Task, number: int | None) -> Any:
    """The version that the editor had before him."""
    rows: Any = Task.history.filter(id=task.pk)
    return rows.filter(history_id=number or 0).first()


def _savings(task: Task, base: Any) -> list[Saving]:
    rows: Any = Task.history.filter(id=task.pk).select_related("history_user")
    if base is not None:
        rows = rows.filter(history_id__gt=base.history_id)
    return [Saving(author(one), one.history_date) for one in rows.order_by("-history_id")[:5]]


def _number(given: Any) -> int:
    return int(given) if str(given or "").isdecimal() and len(str(given)) < 10 else 0
