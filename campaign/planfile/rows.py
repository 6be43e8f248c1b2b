"""From the sections of a checked plan file to the tasks they become; pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from campaign.planfile.checking import milestones
from campaign.rules import end_of

Data = dict[str, Any]


CHECKLIST_FROM = 101


@dataclass(frozen=True)
class ProductRow:
    """key: code of the checklist (S1 …) or ``TASK/position``.

    Products of the checklist stand behind the row's own: positions from CHECKLIST_FROM on, by
    their place in section VIII, so that a row may gain a product without moving them.
    """

    key: str
    position: int
    title: str
    checklist_code: str = ""
    checklist_no: str = ""
    criteria: tuple[str, ...] = ()
    signing: tuple[str, ...] = ()
    signing_text: str = ""
    deadline: datetime | None = None
    deadline_text: str = ""
    note: str = ""


@dataclass(frozen=True)
class PartnerRow:
    unit: str
    part: str = ""
    leads_part: bool = False


@dataclass(frozen=True)
class TaskRow:
    """A task as the file gives it; what the file does not say is empty or None."""

    code: str
    kind: str
    title: str
    focus: str = ""
    group: int | None = None
    matrix_row: int | None = None
    week: int | None = None
    block: int | None = None
    lead: str | None = None
    lead_scope: str = ""
    owner: str | None = None
    responsibility: str = ""
    process: str = ""
    start: date | None = None
    deadline: datetime | None = None
    deadline_text: str = ""
    deadline_assumed: bool = False
    check_text: str = ""
    risk: str = ""
    handling: str = ""
    note: str = ""
    partners: tuple[PartnerRow, ...] = ()
    products: tuple[ProductRow, ...] = field(default=())


def task_rows(data: Data) -> list[TaskRow]:
    """Group tasks, week tasks and milestones, with the checklist's products and assignments."""
    printed = [_task(row, data) for row in data.get("tasks", [])]
    leads = {row.code: row.lead for row in printed}
    rows = printed + list(_milestones(data, leads))
    checklist = _checklist(data)
    named = {row["task"]: row for row in data.get("assignments", {}).get("tasks", [])}
    return [
        _assigned(
            replace(row, products=row.products + tuple(checklist.get(row.code, ()))),
            named.get(row.code, {}),
        )
        for row in rows
    ]


def end_instant(deadline: Data) -> datetime | None:
    """The instant at which a ``{before: …}`` or ``{by: …}`` deadline is over."""
    if "before" in deadline:
        return end_of(date.fromisoformat(deadline["before"]), before=True)
    if "by" in deadline:
        return end_of(date.fromisoformat(deadline["by"]), before=False)
    return None


def _phases(data: Data) -> dict[int, Data]:
    return {row["number"]: row for row in data["phases"]}


def _task(row: Data, data: Data) -> TaskRow:
    deadline = row.get("deadline", {})
    week = row.get("week")
    start = row.get("start") or (_phases(data)[week] if week else data["campaign"])["start"]
    return TaskRow(
        code=row["code"],
        kind=row["kind"],
        title=row["title"],
        focus=row.get("focus", ""),
        group=row.get("group"),
        matrix_row=row.get("matrix_row"),
        week=week,
        block=row.get("block"),
        lead=row.get("lead"),
        lead_scope=row.get("lead_scope", ""),
        start=date.fromisoformat(start),
        deadline=end_instant(deadline),
        deadline_text=deadline.get("printed", ""),
        deadline_assumed=deadline.get("assumed", False),
        check_text=row.get("check", ""),
        risk=row.get("risk", ""),
        handling=row.get("handling", ""),
        note=row.get("note", ""),
        partners=tuple(_partner(item) for item in row.get("coordinating", [])),
        products=tuple(
            ProductRow(key=f"{row['code']}/{i}", position=i, title=title)
            for i, title in enumerate(row.get("products", []), 1)
        ),
    )


def _partner(item: str | Data) -> PartnerRow:
    if isinstance(item, str):
        return PartnerRow(item)
    return PartnerRow(item["unit"], item.get("part", ""), item.get("leads_part", False))


def _milestones(data: Data, leads: dict[str, str | None]) -> Iterator[TaskRow]:
    """One task per non-empty cell of the progress matrix; its product is the cell's own words."""
    for (i, j), code in milestones(data):
        row, phase = data["matrix"][i], data["phases"][j]
        words = row["cells"][j]
        yield TaskRow(
            code=code,
            kind="milestone",
            title=f"{row['name']}: {words}",
            focus=words,
            group=row.get("group"),
            matrix_row=row["number"],
            week=phase["number"],
            block=row.get("block"),
            lead=row.get("lead") or leads.get(row.get("follows", "")),
            start=date.fromisoformat(phase["start"]),
            deadline=end_of(date.fromisoformat(phase["end"]), before=False),
            deadline_text=phase.get("printed", ""),
            products=(ProductRow(key=f"{code}/1", position=1, title=words),),
        )


def _checklist(data: Data) -> dict[str, list[ProductRow]]:
    """Mandatory products by the task they hang on: the first one named."""
    found: dict[str, list[ProductRow]] = {}
    for place, row in enumerate(data.get("products", [])):
        deadline = row.get("deadline", {})
        product = ProductRow(
            key=row["code"],
            position=CHECKLIST_FROM + place,
            title=row["title"],
            checklist_code=row["code"],
            checklist_no=row.get("number", ""),
            criteria=tuple(row.get("criteria", [])),
            signing=tuple(row.get("signing", [])),
            signing_text=row.get("signing_text", ""),
            deadline=end_instant(deadline),
            deadline_text=deadline.get("printed", ""),
            note=row.get("note", ""),
        )
        for task in row.get("tasks", [])[:1]:
            found.setdefault(task, []).append(product)
    return found


def _assigned(row: TaskRow, named: Data) -> TaskRow:
    return replace(
        row,
        owner=named.get("owner"),
        lead=named.get("lead") or row.lead,
        responsibility=named.get("responsibility", ""),
        process=named.get("process", ""),
    )
