from campaign.models.facts import (
    DeadlineRevision,
    Judgement,
    LightTransition,
    ProgressReport,
)
from campaign.models.light import Light
from campaign.models.plan import (
    Block,
    Briefing,
    Campaign,
    LightPolicy,
    MatrixRow,
    Phase,
    Process,
    SupportLine,
    TaskGroup,
)
from campaign.models.products import Acceptance, Grade, Product, Submission
from campaign.models.tasks import Task, TaskUnit, TaskUnitGrant, TaskUserGrant

__all__ = [
    "Acceptance",
    "Block",
    "Briefing",
    "Campaign",
    "DeadlineRevision",
    "Grade",
    "Judgement",
    "Light",
    "LightPolicy",
    "LightTransition",
    "MatrixRow",
    "Phase",
    "Process",
    "Product",
    "ProgressReport",
    "Submission",
    "SupportLine",
    "Task",
    "TaskGroup",
    "TaskUnit",
    "TaskUnitGrant",
    "TaskUserGrant",
]
