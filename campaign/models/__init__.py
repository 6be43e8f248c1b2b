from campaign.models.checks import LightCheck
from campaign.models.facts import (
    DeadlineRevision,
    Judgement,
    LightTransition,
    ProgressReport,
)
from campaign.models.kept import SavedView, TableImport, WeeklySnapshot
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
from campaign.models.products import (
    Acceptance,
    Grade,
    Product,
    ProductRevision,
    Submission,
)
from campaign.models.sent import SentOnce
from campaign.models.tasks import Task, TaskUnit, TaskUnitGrant, TaskUserGrant
from campaign.models.work import (
    Attachment,
    Comment,
    DeadlineRequest,
    HandOver,
    TaskLink,
)

__all__ = [
    "Acceptance",
    "Attachment",
    "Block",
    "Briefing",
    "Campaign",
    "Comment",
    "DeadlineRequest",
    "DeadlineRevision",
    "Grade",
    "HandOver",
    "Judgement",
    "Light",
    "LightCheck",
    "LightPolicy",
    "LightTransition",
    "MatrixRow",
    "Phase",
    "Process",
    "Product",
    "ProductRevision",
    "ProgressReport",
    "SavedView",
    "SentOnce",
    "Submission",
    "SupportLine",
    "TableImport",
    "Task",
    "TaskGroup",
    "TaskLink",
    "TaskUnit",
    "TaskUnitGrant",
    "TaskUserGrant",
    "WeeklySnapshot",
]
