"""Every write of the campaign. Verbs, keyword-only, ``actor`` and ``now`` explicit, one transaction."""

from campaign.services.agreeing import (
    NewProduct,
    add_product,
    cancel_task,
    create_task,
    edit_task,
    remove_product,
    set_partners,
)
from campaign.services.attaching import attach_file, remove_attachment
from campaign.services.campaigns import close_campaign, reopen_campaign
from campaign.services.checking import compare_lights, compare_now, mend_lights
from campaign.services.clock import database_now
from campaign.services.criteria import Verdict
from campaign.services.deadlines import (
    approve_deadline,
    refuse_deadline,
    request_deadline,
    withdraw_deadline,
)
from campaign.services.evidence import Sent, attach_all, report_with_files
from campaign.services.handing_in import Answer, hand_in
from campaign.services.handing_over import hand_over
from campaign.services.lights import sweep_lights
from campaign.services.linking import link_tasks, split_task, unlink_tasks
from campaign.services.plans import LoadReport, PlanFileError, load_plan
from campaign.services.policies import PolicyPreview, preview_policy, set_policy
from campaign.services.product_dates import revise_product_deadline
from campaign.services.products import (
    accept_product,
    may_accept,
    may_grade,
    report_progress,
    submit_product,
)
from campaign.services.promising import edit_product
from campaign.services.saving import (
    delete_view,
    move_view,
    rename_view,
    save_view,
    set_default_view,
)
from campaign.services.snapshots import figures_at, take_snapshots
from campaign.services.talking import add_comment, withdraw_comment
from campaign.services.tasks import (
    activate_task,
    complete_draft,
    judge,
    missing_parts,
    revise_deadline,
)

__all__ = [
    "Answer",
    "LoadReport",
    "NewProduct",
    "PlanFileError",
    "PolicyPreview",
    "Sent",
    "Verdict",
    "accept_product",
    "activate_task",
    "add_comment",
    "add_product",
    "approve_deadline",
    "attach_all",
    "attach_file",
    "cancel_task",
    "close_campaign",
    "compare_lights",
    "compare_now",
    "complete_draft",
    "create_task",
    "database_now",
    "delete_view",
    "edit_product",
    "edit_task",
    "figures_at",
    "hand_in",
    "hand_over",
    "judge",
    "link_tasks",
    "load_plan",
    "may_accept",
    "may_grade",
    "mend_lights",
    "missing_parts",
    "move_view",
    "preview_policy",
    "refuse_deadline",
    "remove_attachment",
    "remove_product",
    "rename_view",
    "reopen_campaign",
    "report_progress",
    "report_with_files",
    "request_deadline",
    "revise_deadline",
    "revise_product_deadline",
    "save_view",
    "set_default_view",
    "set_partners",
    "set_policy",
    "split_task",
    "submit_product",
    "sweep_lights",
    "take_snapshots",
    "unlink_tasks",
    "withdraw_comment",
    "withdraw_deadline",
]
