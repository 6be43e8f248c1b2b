"""The frame of a campaign (weeks, groups, rows, blocks, briefings, thresholds) in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import F, OuterRef, QuerySet
from django.db.models.functions import JSONObject

from campaign.models import (
    Block,
    Briefing,
    Campaign,
    LightPolicy,
    MatrixRow,
    Phase,
    TaskGroup,
)
from campaign.rules import Policy


@dataclass(frozen=True)
class Named:
    """A numbered part: group, matrix row or block."""

    no: int
    name: str
    extra: str = ""  # final product of a matrix row, deputy head of a block


@dataclass(frozen=True)
class Structure:
    campaign: Campaign
    phases: tuple[Phase, ...]
    groups: tuple[Named, ...]
    rows: tuple[Named, ...]
    blocks: tuple[Named, ...]
    briefings: tuple[Briefing, ...]
    policy: Policy

    def phase_on(self, day: date) -> Phase | None:
        return next((p for p in self.phases if p.start <= day <= p.end), None)

    def next_briefing(self, day: date) -> Briefing | None:
        return next((b for b in self.briefings if b.day >= day), None)


def current_campaign() -> Campaign | None:
    """The campaign that began last."""
    return Campaign.objects.order_by("-start", "-pk").first()


def structure_at(at: datetime) -> Structure | None:
    """The current campaign with its frame and the thresholds in force at ``at``; None if none."""
    campaign = (
        Campaign.objects.order_by("-start", "-pk")
        .defer("reference", "loaded")
        .annotate(
            phase_rows=_json(Phase.objects.all(), no="no", start="start", end="end"),
            group_rows=_json(TaskGroup.objects.all(), no="no", name="name"),
            matrix_rows=_json(MatrixRow.objects.all(), no="no", name="name", extra="final_product"),
            block_rows=_json(Block.objects.all(), no="no", name="name", extra="deputy__full_name"),
            briefing_rows=_json(Briefing.objects.all(), day="day", closing="closing"),
            policy_rows=_json(
                LightPolicy.objects.in_force(at),
                warning_days="warning_days",
                behind_points="behind_points",
            ),
        )
        .first()
    )
    if campaign is None:
        return None
    return Structure(
        campaign=campaign,
        phases=tuple(Phase(**_dated(row, "start", "end")) for row in campaign.phase_rows),
        groups=_named(campaign.group_rows),
        rows=_named(campaign.matrix_rows),
        blocks=_named(campaign.block_rows),
        briefings=tuple(Briefing(**_dated(row, "day")) for row in campaign.briefing_rows),
        policy=next((Policy(**row) for row in campaign.policy_rows), Policy()),
    )


def _json(rows: QuerySet[Any], **fields: str) -> ArraySubquery:
    """One part of the campaign as an array of JSON objects, in the model's order."""
    mine = rows.filter(campaign=OuterRef("pk"))
    return ArraySubquery(mine.values(json=JSONObject(**{k: F(v) for k, v in fields.items()})))


def _dated(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: date.fromisoformat(row[name]) for name in names}}


def _named(rows: list[dict[str, Any]]) -> tuple[Named, ...]:
    return tuple(Named(row["no"], row["name"], row.get("extra") or "") for row in rows)
