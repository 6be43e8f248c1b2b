"""The frame of a campaign (weeks, groups, rows, blocks, briefings, thresholds) in one query."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from campaign.models import Briefing, Campaign, Phase
from campaign.rules import Policy
from security.models import User


@dataclass(frozen=True)
class Named:
    """A numbered part: group, matrix row or block."""

    pk: int
    no: int
    name: str
    extra: str = ""  # final product of a matrix row, deputy head of a block
    head_id: int | None = None  # of a block: its deputy head


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

    def blocks_of(self, user: User) -> tuple[Named, ...]:
        """The blocks that this person heads."""
        return tuple(block for block in self.blocks if block.head_id == user.pk)

    def next_briefing(self, day: date) -> Briefing | None:
        return next((b for b in self.briefings if b.day >= day), None)


def current_campaign() -> Campaign | None:
    """The campaign that began last; what a reader chose is in ``selectors.choosing``."""
    return Campaign.objects.order_by("-start", "-pk").first()


# In SQL because the board asks it every time: building the same through the ORM took four
# milliseconds of processor time, answering it takes half of one.
_FRAME = """
SELECT c.id, c.code, c.title, c.unit_id, c.document_number, c.document_date, c.issuer, c.start,
    c."end", c.closed_at,
    (SELECT json_agg(json_build_object('id', p.id, 'no', p.no, 'start', p.start, 'end', p."end") ORDER BY p.no)
       FROM campaign_phase p WHERE p.campaign_id = c.id) AS phase_rows,
    (SELECT json_agg(json_build_object('id', g.id, 'no', g.no, 'name', g.name) ORDER BY g.no)
       FROM campaign_taskgroup g WHERE g.campaign_id = c.id) AS group_rows,
    (SELECT json_agg(json_build_object('id', r.id, 'no', r.no, 'name', r.name,
            'extra', r.final_product)
            ORDER BY r.no)
       FROM campaign_matrixrow r WHERE r.campaign_id = c.id) AS matrix_rows,
    (SELECT json_agg(json_build_object('id', b.id, 'no', b.no, 'name', b.name,
            'extra', u.full_name, 'head_id', b.deputy_id)
            ORDER BY b.no)
       FROM campaign_block b LEFT JOIN security_user u ON u.id = b.deputy_id
       WHERE b.campaign_id = c.id) AS block_rows,
    (SELECT json_agg(json_build_object('day', m.day, 'closing', m.closing) ORDER BY m.day)
       FROM campaign_briefing m WHERE m.campaign_id = c.id) AS briefing_rows,
    (SELECT json_build_object('warning_days', l.warning_days, 'behind_points', l.behind_points)
       FROM campaign_lightpolicy l WHERE l.campaign_id = c.id AND l.valid_from <= %s
       ORDER BY l.valid_from DESC LIMIT 1) AS policy_row
FROM campaign_campaign c WHERE %s IN (0, c.id) ORDER BY c.start DESC, c.id DESC LIMIT 1
"""


def structure_at(at: datetime, campaign: Campaign | None = None) -> Structure | None:
    """A campaign with its frame and the thresholds in force at ``at``; None if there is none.

    campaign: the one chosen (``selectors.choosing``); None means the one that began last.
    """
    wanted = [at, campaign.pk if campaign else 0]
    campaign_row: Any = next(iter(Campaign.objects.raw(_FRAME, wanted)), None)
    if campaign_row is None:
        return None
    return Structure(
        campaign=campaign_row,
        phases=tuple(Phase(**_dated(row, "start", "end")) for row in campaign_row.phase_rows or ()),
        groups=_named(campaign_row.group_rows),
        rows=_named(campaign_row.matrix_rows),
        blocks=_named(campaign_row.block_rows),
        briefings=tuple(Briefing(**_dated(row, "day")) for row in campaign_row.briefing_rows or ()),
        policy=Policy(**campaign_row.policy_row) if campaign_row.policy_row else Policy(),
    )


def _dated(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {**row, **{name: date.fromisoformat(row[name]) for name in names}}


def _named(rows: list[dict[str, Any]] | None) -> tuple[Named, ...]:
    return tuple(
        Named(row["id"], row["no"], row["name"], row.get("extra") or "", row.get("head_id"))
        for row in rows or ()
    )
