"""The matrices of the plan as pages. Each number opens the list that it counts."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from campaign.models import Block, Light
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import matrices, six_clear
from campaign.selectors.tally import MatrixLine, Slice
from campaign.views.planning import (
    FILTERS,
    Counted,
    Plan,
    of_light,
    page_context,
    page_links,
    plan_of,
    sort_links,
    sort_of,
)
from security import audit
from security.http import require_action

LINES, UNITS = 50, 50
PARTS = ("q", "unit", "group", "block", "week", "kind", "owner", "at")


@require_GET
@require_action("campaign.view")
def matrix_six(request: HttpRequest) -> HttpResponse:
    """Tasks × what has to be clear, the unclear ones first."""
    plan = plan_of(request, "order", "lacks", drafts=True)
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    rows = six_clear.six_rows(plan.user, plan.frame.campaign, plan.chosen)
    gaps, lacking = six_clear.gaps_of(rows, plan.then), six_clear.lacking_at(plan.then)
    lacks = plan.more.get("lacks", "")
    shown = rows.filter(lacking[lacks]) if lacks in lacking else rows
    total = gaps.lacking.get(lacks, gaps.total)
    order = sort_links(plan, tuple(six_clear.SORTS), "gaps")
    page = Counted(six_ordered(plan, shown), LINES, total).get_page(request.GET.get("page"))
    lines = six_lines(plan, page.object_list)
    _record(plan, [line.task.pk for line in lines])
    context = {
        **page_context(plan, "matrix", asked=("state", *FILTERS, "at"), matrix="six"),
        **page_links(page, plan),
        **order,
        "lines": lines,
        "page": page,
        "gaps": gaps,
        "lacks": lacks,
        "lacking": _lacking(plan, gaps, lacks),
        "table": "six",
    }
    return render(request, "campaign/matrix_six.html", context)


def six_ordered(plan: Plan, rows: TaskQuerySet) -> TaskQuerySet:
    """Rows of ``six_rows`` in the order that the address asks for."""
    sort = sort_of(plan, tuple(six_clear.SORTS), "gaps")
    name, backwards = sort.removeprefix("-"), sort.startswith("-")
    return six_clear.in_order(rows, name, backwards=backwards, then=plan.then)


def six_lines(plan: Plan, rows: Any) -> list[six_clear.SixLine]:
    """Of rows that are ordered and cut."""
    then = plan.then if plan.past else None
    return six_clear.six_lines(rows, policy=plan.frame.policy, at=plan.at, then=then)


def _lacking(plan: Plan, gaps: six_clear.Gaps, now: str) -> list[dict[str, Any]]:
    """How many tasks lack each of the six; each number opens exactly them."""
    words = six_words()
    return [
        {
            "word": words[name],
            "count": gaps.lacking[name],
            "url": f"?{plan.query(lacks='' if name == now else name, page='')}",
            "here": name == now,
        }
        for name in six_clear.SIX
    ]


def six_words() -> dict[str, str]:
    return {
        "work": _("Work (việc)"),
        "person": _("Person (người)"),
        "responsibility": _("Responsibility (trách nhiệm)"),
        "process": _("Process (quy trình)"),
        "time": _("Time (thời gian)"),
        "product": _("Product (sản phẩm)"),
    }


@require_GET
@require_action("campaign.view")
def matrix_progress(request: HttpRequest) -> HttpResponse:
    """The plan's rows × weeks in its own words, with the light of each milestone."""
    plan = plan_of(request, "order")
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    order = sort_links(plan, matrices.PROGRESS_SORTS, "no")
    lines = progress_lines(plan)
    _record(plan, [cell.task_id for line in lines for cell in line.cells if cell.task_id])
    today = plan.frame.phase_on(plan.day)
    context = {
        **page_context(plan, "matrix", asked=("light", *PARTS), matrix="progress"),
        **order,
        "lines": lines,
        "phases": plan.frame.phases,
        "this_week": today.no if today else 0,
        "table": "progress",
    }
    return render(request, "campaign/matrix_progress.html", context)


@require_GET
@require_action("campaign.view")
def matrix_blocks(request: HttpRequest) -> HttpResponse:
    """What each deputy head answers for, as printed, with the tasks of the block by colour."""
    plan = plan_of(request, "order")
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    order = sort_links(plan, matrices.BLOCK_SORTS, "no")
    lines = block_lines(plan)
    _record(plan, [])
    context = {
        **page_context(plan, "matrix", asked=("light", *PARTS), matrix="blocks"),
        **order,
        "lines": [(line, counts_of(line.slice), checkpoint_words(line.block)) for line in lines],
        "table": "blocks",
    }
    return render(request, "campaign/matrix_blocks.html", context)


@require_GET
@require_action("campaign.view")
def matrix_units(request: HttpRequest) -> HttpResponse:
    """Lead units × groups with the number of tasks of each colour."""
    plan = plan_of(request, "order")
    if plan is None:
        return render(request, "campaign/no_campaign.html")
    order = sort_links(plan, matrices.UNIT_SORTS, "red")
    rows, then = plan.rows, plan.then
    page = Paginator(units_of(plan), UNITS).get_page(request.GET.get("page"))
    lines = matrices.unit_lines(rows, then, list(page.object_list), plan.frame, plan.chosen)
    sums = matrices.group_totals(rows, plan.frame, plan.chosen)
    grouped = not sums[-2].total  # nothing lies outside the groups: no column for it
    _record(plan, [])
    context = {
        **page_context(plan, "matrix", asked=("light", *PARTS), matrix="units"),
        **page_links(page, plan),
        **order,
        "groups": plan.frame.groups,
        "grouped": grouped,
        "lines": [
            (
                line,
                [(part, counts_of(part)) for part in shown_parts([*line.cells, line.all], grouped)],
            )
            for line in lines
        ],
        "sums": [(part, counts_of(part)) for part in shown_parts(sums, grouped)],
        "page": page,
        "table": "units",
    }
    return render(request, "campaign/matrix_units.html", context)


def shown_parts(parts: list[Slice], grouped: bool) -> list[Slice]:  # noqa: FBT001
    """Without the column of tasks outside the groups where there is none."""
    return [*parts[:-2], parts[-1]] if grouped else parts


def counts_of(part: Slice) -> list[dict[str, Any]]:
    """(light, word, number, query) of what there is, worst first."""
    return [
        {
            "light": light,
            "word": str(Light(light).label),
            "n": n,
            "query": of_light(part.query, light),
        }
        for light, n in part.bars
    ]


def checkpoint_words(block: Block) -> list[str]:
    """Days and rhythms at which the plan asks about a block."""
    return [_checkpoint(str(one)) for one in block.checkpoints]


def _checkpoint(one: str) -> str:
    day = parse_date(one) if one[:1].isdigit() else None
    if day is not None:
        return f"{day:%d/%m/%Y}"
    return _("every week") if one == "weekly" else one


def progress_lines(plan: Plan) -> list[MatrixLine]:
    """In the order that the address asks for, for the page and the table alike; so the next two."""
    sort = sort_of(plan, matrices.PROGRESS_SORTS, "no")
    name = sort.removeprefix("-")
    lines = matrices.progress_lines(plan.rows, plan.frame, plan.chosen, plan.at, name)
    return lines[::-1] if sort.startswith("-") else lines


def block_lines(plan: Plan) -> list[matrices.BlockLine]:
    sort = sort_of(plan, matrices.BLOCK_SORTS, "no")
    name = sort.removeprefix("-")
    lines = matrices.block_lines(plan.rows, plan.frame.campaign, plan.chosen, name)
    return lines[::-1] if sort.startswith("-") else lines


def units_of(plan: Plan) -> list[tuple[str, str]]:
    """(code, name) of the lead units."""
    sort = sort_of(plan, matrices.UNIT_SORTS, "red")
    units = matrices.unit_totals(plan.rows, plan.then, sort.removeprefix("-"))
    return units[::-1] if sort.startswith("-") else units


def _record(plan: Plan, ids: list[int]) -> None:
    audit.record("list", actor=plan.user, object_type="campaign.task", ids=ids)
