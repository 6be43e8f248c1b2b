"""Every write of the campaign. Verbs, keyword-only, ``actor`` and ``now`` explicit, one transaction."""

from campaign.services.lights import stale_lights, sweep_lights
from campaign.services.plans import LoadReport, PlanFileError, load_plan
from campaign.services.products import accept_product, may_accept, report_progress, submit_product
from campaign.services.tasks import (
    activate_task,
    complete_draft,
    judge,
    missing_parts,
    revise_deadline,
)

__all__ = [
    "LoadReport",
    "PlanFileError",
    "accept_product",
    "activate_task",
    "complete_draft",
    "judge",
    "load_plan",
    "may_accept",
    "missing_parts",
    "report_progress",
    "revise_deadline",
    "stale_lights",
    "submit_product",
    "sweep_lights",
]
