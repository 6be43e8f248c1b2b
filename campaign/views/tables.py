"""The matrices and the timeline as XLSX: what the page shows, for all its pages together."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.models import Light, Task
from campaign.rules import last_day
from campaign.selectors import matrices, six_clear, timeline
from campaign.selectors.tally import Cell, MatrixLine, Slice
from campaign.table_columns import BETWEEN_UNITS, TASK_COLUMNS
from campaign.tables import TYPE, Head, Table, Value, xlsx
from campaign.views.matrices import (
    block_lines,
    checkpoint_words,
    progress_lines,
    six_lines,
    six_ordered,
    units_of,
)
from campaign.views.planning import Plan, as_of, plan_of, said, unit_names
from security import audit
from security.http import require_action

MOST = 20_000  # rows; whoever wants more chooses by the filters


@require_GET
@require_action("campaign.view")
def plan_table(request: HttpRequest, which: str) -> HttpResponse:
    """One of TABLES for the filters of the address; a line of the trail names its tasks."""
    plan = plan_of(request, "order", "lacks", "by", drafts=which == "six")
    if plan is None:
        raise Http404
    table, ids = TABLES[which](plan)
    audit.record(
        "plan.exported",
        actor=plan.user,
        object_type="campaign.task",
        ids=ids,
        reason=f"{which}.xlsx?{plan.query()}",
    )
    response = HttpResponse(xlsx(table), content_type=TYPE)
    name = f"{plan.frame.campaign.code}-{which}-{plan.day:%Y%m%d}.xlsx"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _said(plan: Plan, title: str, rows: int | None = None) -> tuple[str, ...]:
    """The lines above the heading: what, of which campaign, of when, by which filter."""
    words = said(plan.chosen, plan.frame, unit_names(plan))
    lines = [title, plan.frame.campaign.title]
    lines.append(_("Data as of %(moment)s") % {"moment": as_of(plan.at)})
    lines.append(_("Filter: %(words)s") % {"words": " · ".join(words) or _("none")})
    if rows == MOST:
        lines.append(_("Only the first %(n)s rows; choose by the filters.") % {"n": MOST})
    return tuple(lines)


# --- six-clear --------------------------------------------------------------------------


def _six(plan: Plan) -> tuple[Table, list[int]]:
    """With the columns of ``table_columns``: the table can be taken in again."""
    chosen, campaign = plan.chosen, plan.frame.campaign
    rows = six_clear.six_rows(plan.user, campaign, chosen, plan.more.get("lacks", ""), plan.then)
    lines = six_lines(plan, six_ordered(plan, rows)[:MOST])
    heads = tuple(Head(str(column.label), column.width) for column in TASK_COLUMNS)
    numbers = {
        "group": {part.pk: part.no for part in plan.frame.groups},
        "matrix_row": {part.pk: part.no for part in plan.frame.rows},
        "block": {part.pk: part.no for part in plan.frame.blocks},
        "phase": {part.pk: part.no for part in plan.frame.phases},
    }
    cells = (_six_cells(one, numbers) for one in lines)
    title = _("Six-clear matrix")
    table = Table(title, _said(plan, title, len(lines)), heads, cells, frozen=2)
    return table, [one.task.pk for one in lines]


def _six_cells(one: six_clear.SixLine, numbers: dict[str, dict[Any, int]]) -> list[Value]:
    task, line = one.task, one.line
    known: dict[str, Value] = {
        "kind": str(Task.Kind(task.kind).label),
        "unit": task.unit.code if task.lead_named else "",
        "units": BETWEEN_UNITS.join(
            f"{partner.code}: {partner.part}" if partner.part else partner.code
            for partner in one.partners
        ),
        "owner": task.owner.username if task.owner else "",
        "deadline": last_day(line.deadline) if line.deadline else None,
        "products": "\n".join(one.products),
        "state": str(Task.State(task.state).label),
        "light": str(Light(line.light).label) if line.light else "",
        "reasons": "\n".join(line.why),
        "percent": line.progress if line.light else None,
        "original_deadline": last_day(task.original_deadline) if task.original_deadline else None,
    }
    for name, parts in numbers.items():
        known[name] = parts.get(getattr(task, f"{name}_id"))
    return [
        known[column.key] if column.key in known else getattr(task, column.key)
        for column in TASK_COLUMNS
    ]


# --- progress, blocks, units ------------------------------------------------------------


def _progress(plan: Plan) -> tuple[Table, list[int]]:
    lines = progress_lines(plan)
    heads = (
        Head(_("Group of work"), 32),
        Head(_("Light"), 12),
        *(Head(phase.label, 20) for phase in plan.frame.phases),
        Head(_("Final product"), 32),
        *(Head(word, 10) for word in (_("Done"), _("All tasks"), _("In time"), _("Deadline over"))),
    )
    title = _("Progress matrix")
    table = Table(title, _said(plan, title), heads, (_progress_cells(line) for line in lines))
    return table, [cell.task_id for line in lines for cell in line.cells if cell.task_id]


def _progress_cells(line: MatrixLine) -> list[Value]:
    return [
        f"{line.row.no}. {line.row.name}",
        _word(line.light),
        *(_cell_words(cell) for cell in line.cells),
        line.row.extra,
        *(line.done, line.total, line.in_time, line.due),
    ]


def _cell_words(cell: Cell) -> str:
    if not cell.count:
        return ""
    more = f" +{cell.count - 1}" if cell.count > 1 else ""
    return f"{cell.words}{more} ({_word(cell.light, cell.done_late)})"


def _word(light: str, late: int = 0) -> str:
    if light == Light.DONE and late:
        return _("Done late")
    return str(Light(light or Light.GREY).label)


LIGHTS = tuple(Light)


def _colours(part: Slice) -> list[Value]:
    return [*(part.counts[light] for light in LIGHTS), part.total]


def _colour_heads() -> Iterator[Head]:
    yield from (Head(str(light.label), 12) for light in LIGHTS)
    yield Head(_("All tasks"), 12)


def _blocks(plan: Plan) -> tuple[Table, list[int]]:
    lines = block_lines(plan)
    heads = (
        *(Head(_("Block"), 36), Head(_("Deputy head in charge"), 24), Head(_("Post"), 30)),
        *_colour_heads(),
        *(Head(_("Tasks of the block"), 40), Head(_("Products of the block"), 40)),
        *(Head(_("Standing unit"), 28), Head(_("Checkpoints"), 16)),
    )
    rows: Iterable[list[Value]] = (
        [
            f"{line.block.no}. {line.block.name}",
            str(line.block.deputy or ""),
            line.block.in_charge,
            *_colours(line.slice),
            line.block.tasks_text,
            "\n".join(line.block.products),
            line.block.standing_unit.name if line.block.standing_unit else "",
            "\n".join(checkpoint_words(line.block)),
        ]
        for line in lines
    )
    title = _("Responsibility matrix")
    return Table(title, _said(plan, title), heads, rows), []


def _units(plan: Plan) -> tuple[Table, list[int]]:
    """A row for each unit and group, so that a spreadsheet can filter and add up."""
    lines = matrices.unit_lines(plan.rows, plan.then, units_of(plan), plan.frame, plan.chosen)
    heads = (Head(_("Lead unit"), 40), Head(_("Group"), 40), *_colour_heads())

    def cells() -> Iterator[list[Value]]:
        for line in lines:
            for part in line.cells:
                if part.total:
                    name = f"{part.key}. {part.name}" if part.key else part.name
                    yield [line.name, name, *_colours(part)]

    title = _("Unit × group")
    return Table(title, _said(plan, title), heads, cells(), frozen=2), []


# --- timeline ---------------------------------------------------------------------------


def _timeline(plan: Plan) -> tuple[Table, list[int]]:
    bars = timeline.bars_of(
        timeline.in_order(timeline.dated(plan.rows), plan.more.get("by", ""), plan.then)[:MOST],
        user=plan.user,
        policy=plan.frame.policy,
        at=plan.at,
        then=plan.then if plan.past else None,
    )
    heads = (
        *(Head(_("Code"), 10), Head(_("Task (việc)"), 50), Head(_("Lead unit"), 30)),
        *(Head(_("Owner (người)"), 24), Head(_("Start"), 12), Head(_("Deadline, last day"), 12)),
        *(Head(_("Light"), 14), Head(_("Progress %"), 10), Head(_("Depends on"), 24)),
    )
    rows: Iterable[list[Value]] = (
        [
            bar.task.code,
            bar.task.title,
            bar.task.unit.name,
            str(bar.task.owner or ""),
            bar.start,
            bar.end,
            _word(bar.line.light, bar.task.late_days),
            bar.line.progress,
            ", ".join(bar.waits_for),
        ]
        for bar in bars
    )
    title = _("Timeline")
    table = Table(title, _said(plan, title, len(bars)), heads, rows, frozen=2)
    return table, [bar.task.pk for bar in bars]


TABLES: dict[str, Callable[[Plan], tuple[Table, list[int]]]] = {
    "six": _six,
    "progress": _progress,
    "blocks": _blocks,
    "units": _units,
    "timeline": _timeline,
}
