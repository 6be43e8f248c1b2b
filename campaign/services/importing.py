"""Taking in a table of tasks: read and kept, compared again, taken in whole or dropped."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from campaign.imports.checking import Change, check
from campaign.imports.known import known_for
from campaign.imports.problems import CellProblem, problem_of
from campaign.imports.reading import Line, line_of, table_of
from campaign.models import Campaign, TableImport, Task
from campaign.services.access import check_open, refuse
from campaign.services.agreeing import (
    MANAGE,
    NewProduct,
    add_product,
    create_task,
    edit_task,
    set_partners,
)
from digitization.ocr.workbook import Sheet
from security import audit
from security.models import User
from security.services import RefusedError, check_action

PROBLEMS_KEPT = 1000


@dataclass(frozen=True)
class Preview:
    """What a table would do to the tasks as they are now."""

    changes: list[Change]
    problems: list[CellProblem]

    def of_kind(self, kind: str) -> list[Change]:
        return [change for change in self.changes if change.kind == kind]


@transaction.atomic
def receive_table(
    *, actor: User, campaign: Campaign, name: str, sheet: Sheet, now: datetime
) -> TableImport:
    """Keep what a sheet asks for, with everything that is wrong; no task changes.

    Raises RefusedError: not_allowed, closed.
    """
    check_action(actor, MANAGE)
    check_open(campaign)
    table = table_of(sheet)
    row = TableImport(
        campaign=campaign,
        by=actor,
        at=now,
        name=name,
        rows=[line.as_dict() for line in table.lines],
        about={
            "sheet": sheet.name[:100],
            "others": sheet.others,
            "passed": table.passed[:60],
            "columns": table.columns,
            "form": [problem.as_dict() for problem in table.problems[:PROBLEMS_KEPT]],
        },
    )
    _compare(row, now=now)
    row.save(force_insert=True)
    _record("table.received", actor, row)
    return row


@transaction.atomic
def compare_again(*, actor: User, table: TableImport, now: datetime) -> TableImport:
    """Look at the tasks as they are now: what somebody changed meanwhile becomes the new "before".

    Raises RefusedError: not_waiting.
    """
    row = _waiting(actor, table)
    _compare(row, now=now)
    row.save(update_fields=["problems", "versions"])
    _record("table.compared", actor, row)
    return row


@transaction.atomic
def take_in(*, actor: User, table: TableImport, now: datetime) -> Preview:
    """Do all that the table asks for, in one transaction: every row of it or none.

    Raises RefusedError, and nothing is written: not_waiting, closed, problems (the table still has
    some), changed_meanwhile (somebody changed a task since it was compared; named by row), and
    whatever the deeds themselves refuse, with the row.
    """
    row = _waiting(actor, table, TableImport.State.READ, TableImport.State.TAKING)
    check_action(actor, MANAGE)
    check_open(row.campaign)
    if row.problems:
        raise refuse("problems", _("The table still has problems; nothing was taken in."))
    _hold(row)
    found = preview(row, now=now)
    if stale := meanwhile(row, found):
        raise RefusedError(*(refuse("changed_meanwhile", p.sentence).problems[0] for p in stale))
    if found.problems:
        raise refuse("problems", _("The table still has problems; nothing was taken in."))
    told = [
        _take(change, actor=actor, campaign=row.campaign, now=now)
        for change in found.changes
        if change.kind != "same"
    ]
    row.state, row.ended_at, row.rows = TableImport.State.APPLIED, now, told
    row.save(update_fields=["state", "ended_at", "rows"])
    _record("table.taken_in", actor, row)
    return found


@transaction.atomic
def ask_to_take_in(*, actor: User, table: TableImport, now: datetime) -> TableImport:
    """Leave a long table to a worker, which calls ``take_in``; asking again does no harm.

    Raises RefusedError: not_waiting, closed, problems.
    """
    row = _waiting(actor, table, TableImport.State.READ, TableImport.State.TAKING)
    check_open(row.campaign)
    if row.problems:
        raise refuse("problems", _("The table still has problems; nothing was taken in."))
    row.state, row.about = TableImport.State.TAKING, {**row.about, "asked": now.isoformat()}
    row.save(update_fields=["state", "about"])
    return row


@transaction.atomic
def give_back(*, table: TableImport, error: RefusedError) -> TableImport:
    """A worker could not take the table in: it waits for its owner again, with the reason."""
    row = TableImport.objects.select_for_update(of=("self",)).get(pk=table.pk)
    if row.state == TableImport.State.TAKING:
        row.state = TableImport.State.READ
        row.problems = [
            CellProblem("", 0, "refused", {"text": problem.message[:300]}).as_dict()
            for problem in error.problems
        ]
        row.save(update_fields=["state", "problems"])
    return row


@transaction.atomic
def drop_table(*, actor: User, table: TableImport, now: datetime) -> TableImport:
    """Forget a table that was not taken in; what its cells said goes with it."""
    row = _waiting(actor, table)
    row.state, row.ended_at = TableImport.State.DROPPED, now
    row.rows, row.problems, row.versions = [], [], {}
    row.save(update_fields=["state", "ended_at", "rows", "problems", "versions"])
    _record("table.dropped", actor, row)
    return row


def preview(table: TableImport, *, now: datetime) -> Preview:
    """The table against the tasks as they are; a fixed number of queries. Empty once it is decided."""
    decided = table.state in {TableImport.State.APPLIED, TableImport.State.DROPPED}
    lines = [] if decided else [line_of(kept) for kept in table.rows]
    known = known_for(table.by, table.campaign, _codes(lines), now=now)
    form = [problem_of(kept) for kept in table.about.get("form", [])]
    checked = check(
        lines,
        known,
        columns=table.about.get("columns", {}),
        told=frozenset(problem.at for problem in form),
    )
    problems = sorted(form + checked.problems, key=_place)
    return Preview(checked.changes, problems)


def _place(problem: CellProblem) -> tuple[int, int, str]:
    """By row, then by column: AA comes after Z."""
    letters = problem.at.rstrip("0123456789")
    return problem.row, len(letters), letters


def meanwhile(table: TableImport, found: Preview) -> list[CellProblem]:
    """Tasks that this table changes and that somebody else changed since it was compared."""
    return [
        CellProblem(
            change.line.cells["code"].at,
            change.line.row,
            "changed_meanwhile",
            {"text": change.task.code},
        )
        for change in found.changes
        if change.task is not None
        and change.kind != "same"
        and table.versions.get(change.task.code) != change.task.version
    ]


def _compare(row: TableImport, *, now: datetime) -> None:
    found = preview(row, now=now)
    row.problems = [problem.as_dict() for problem in found.problems[:PROBLEMS_KEPT]]
    row.versions = {
        change.task.code: change.task.version for change in found.changes if change.task
    }


def _codes(lines: list[Line]) -> set[str]:
    return {line.cells["code"].text for line in lines if "code" in line.cells}


def _waiting(actor: User, table: TableImport, *states: str) -> TableImport:
    """The import, locked, of this person and still to be decided."""
    rows = TableImport.objects.select_related("campaign", "by").select_for_update(of=("self",))
    row = rows.get(pk=table.pk)
    if row.by_id != actor.pk:
        raise refuse("not_allowed", _("Your role does not allow this here."))
    if row.state not in (states or (TableImport.State.READ,)):
        raise refuse("not_waiting", _("This table does not wait for a decision any more."))
    row.by = actor
    return row


def _hold(row: TableImport) -> None:
    """Lock the tasks of the table in one order, so that versions stay as they are compared."""
    rows = Task.objects.filter(campaign=row.campaign, code__in=row.versions).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))


def _take(change: Change, *, actor: User, campaign: Campaign, now: datetime) -> dict[str, Any]:
    """One row by the same deeds as by hand, and what it did; a refusal names the row."""
    try:
        if change.task is None:
            task = _create(change, actor=actor, campaign=campaign, now=now)
        else:
            task = change.task
            _edit(change, task, actor=actor, now=now)
        if change.partners is not None:
            set_partners(actor=actor, task=task, partners=change.partners, now=now)
    except RefusedError as error:
        row = _("row %(row)s") % {"row": change.line.row}
        raise RefusedError(
            *(refuse(p.code, f"{row}: {p.message}").problems[0] for p in error.problems)
        ) from error
    return {
        "row": change.line.row,
        "code": task.code,
        "kind": change.kind,
        "said": [[key, before, after] for key, before, after in change.said],
    }


def _create(change: Change, *, actor: User, campaign: Campaign, now: datetime) -> Task:
    values = dict(change.values)
    return create_task(
        actor=actor,
        campaign=campaign,
        unit=values.pop("unit"),
        products=[NewProduct(title) for title in change.products],
        now=now,
        **values,
    )


def _edit(change: Change, task: Task, *, actor: User, now: datetime) -> None:
    parts: dict[str, Any] = dict(change.values)
    if "deadline" in parts:
        parts["deadline_text"] = ""  # the printed words spoke of another day
    if parts:
        edit_task(actor=actor, task=task, version=task.version, now=now, **parts)
    for title in change.products:
        add_product(actor=actor, task=task, product=NewProduct(title), now=now)


def _record(action: str, actor: User, row: TableImport) -> None:
    audit.record(
        action,
        actor=actor,
        object_type="campaign.tableimport",
        object_id=row.pk,
        reason=f"{len(row.rows)} rows, {len(row.problems)} problems",
    )
