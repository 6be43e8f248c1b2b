"""Everything of a plan file but its tasks: units, weeks, groups, blocks, rows, lines, processes."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from campaign.models import (
    Block,
    LightPolicy,
    MatrixRow,
    Phase,
    Process,
    SupportLine,
    TaskGroup,
)
from campaign.services.merging import Merge, users_named
from campaign.services.plan_briefings import load_briefings
from security.models import Unit, User
from security.services import create_unit

Data = dict[str, Any]


@dataclass
class Parts:
    """The plan's numbered parts by number, and the people whom assignments name."""

    phases: dict[int, Phase] = field(default_factory=dict)
    groups: dict[int, TaskGroup] = field(default_factory=dict)
    rows: dict[int, MatrixRow] = field(default_factory=dict)
    blocks: dict[int, Block] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    unknown_people: set[str] = field(default_factory=set)


def load_units(data: Data, *, actor: User | None) -> dict[str, Unit]:
    """Create the file's units that do not exist; existing ones belong to the organisation.

    A unit named before its parent waits for it. Returns all units by code.
    """
    units = {unit.code: unit for unit in Unit.objects.all()}
    waiting = [row for row in data["units"] if row["code"] not in units]
    fresh = {row["code"] for row in waiting}
    while waiting:
        ready = [row for row in waiting if row.get("parent") in {None, *units}]
        for row in ready:
            units[row["code"]] = create_unit(
                actor=actor,
                code=row["code"],
                name=row["name"],
                parent=units.get(row.get("parent", "")),
                kind=row.get("kind", Unit.Kind.OFFICE),
                collective=row.get("collective", False),
                external=row.get("external", False),
            )
        waiting = [row for row in waiting if row["code"] not in units]
    for row in data["units"]:
        if row["code"] in fresh and row.get("members"):
            units[row["code"]].members.set([units[code] for code in row["members"]])
    return units


def load_parts(data: Data, *, merge: Merge, units: dict[str, Unit], now: datetime) -> Parts:
    """All numbered parts, briefings, lines and processes, and the thresholds of the lights."""
    parts = Parts()
    assignments = data.get("assignments", {})
    named = {row["owner"] for row in assignments.get("tasks", []) if "owner" in row}
    named |= {row["deputy"] for row in assignments.get("blocks", [])}
    parts.people = users_named(named)
    parts.unknown_people = named - parts.people.keys()
    campaign = {"campaign": merge.campaign}
    for model in (Phase, TaskGroup, MatrixRow, SupportLine):
        merge.preload(model.objects.filter(**campaign), "campaign_id", "no")
    blocks = Block.objects.filter(**campaign).select_related("deputy", "standing_unit")
    merge.preload(blocks, "campaign_id", "no")
    processes = Process.objects.filter(**campaign).select_related("parent")
    merge.preload(processes, "campaign_id", "catalogue", "number")
    for row in data["phases"]:
        parts.phases[row["number"]] = merge.row(
            f"phase:{row['number']}",
            Phase,
            {**campaign, "no": row["number"]},
            {"start": date.fromisoformat(row["start"]), "end": date.fromisoformat(row["end"])},
        )
    for row in data.get("groups", []):
        parts.groups[row["number"]] = merge.row(
            f"group:{row['number']}",
            TaskGroup,
            {**campaign, "no": row["number"]},
            {"name": row["name"]},
        )
    for row in data.get("matrix", []):
        parts.rows[row["number"]] = merge.row(
            f"matrix:{row['number']}",
            MatrixRow,
            {**campaign, "no": row["number"]},
            {"name": row["name"], "final_product": row.get("final_product", "")},
        )
    _blocks(data, merge, units, parts)
    _lines(data, merge)
    load_briefings(data.get("briefings", []), merge=merge)
    _processes(data, merge)
    _policy(data, merge, now)
    return parts


def _blocks(data: Data, merge: Merge, units: dict[str, Unit], parts: Parts) -> None:
    deputies = {
        row["block"]: parts.people.get(row["deputy"])
        for row in data.get("assignments", {}).get("blocks", [])
    }
    for row in data.get("blocks", []):
        parts.blocks[row["number"]] = merge.row(
            f"block:{row['number']}",
            Block,
            {"campaign": merge.campaign, "no": row["number"]},
            {
                "name": row["name"],
                "in_charge": row.get("in_charge", ""),
                "deputy": deputies.get(row["number"]),
                "tasks_text": row.get("tasks", ""),
                "products": row.get("products", []),
                "standing_unit": units.get(row.get("standing_unit", "")),
                "checkpoints": row.get("checkpoints", []),
            },
        )


def _lines(data: Data, merge: Merge) -> None:
    for row in data.get("support_lines", []):
        merge.row(
            f"line:{row['number']}",
            SupportLine,
            {"campaign": merge.campaign, "no": row["number"]},
            {
                "name": row["name"],
                "members": row.get("members", []),
                "tasks_text": row.get("tasks", ""),
                "response_text": row.get("response", ""),
                "hours": row["hours"],
                "hours_many_units": row.get("hours_many_units"),
                "trace": row.get("trace", []),
                "escalates_to": row.get("escalates_to"),
                "escalates_when": row.get("escalates_when", ""),
                "returns_to": row.get("returns_to", []),
            },
        )


def _processes(data: Data, merge: Merge) -> None:
    for catalogue, rows in data.get("processes", {}).items():
        _branch(merge, catalogue, rows, None)


def _branch(merge: Merge, catalogue: str, rows: list[Data], parent: Process | None) -> None:
    for row in rows:
        process = merge.row(
            f"process:{catalogue}/{row['number']}",
            Process,
            {"campaign": merge.campaign, "catalogue": catalogue, "number": row["number"]},
            {
                "name": row["name"],
                "note": row.get("note", ""),
                "products": row.get("products", []),
                "parent": parent,
            },
        )
        _branch(merge, catalogue, row.get("children", []), process)


def _policy(data: Data, merge: Merge, now: datetime) -> None:
    """Thresholds are dated: the file gives the first ones, later ones are people's."""
    if not LightPolicy.objects.filter(campaign=merge.campaign).exists():
        LightPolicy.objects.create(
            campaign=merge.campaign, valid_from=now, **data.get("light_policy", {})
        )
