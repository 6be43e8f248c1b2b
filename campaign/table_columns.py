"""Columns of a table of tasks, the same out and in: a table that was downloaded can be taken in again.

Who writes a table gives the heading row these labels in the reader's language and the cells as
described at each column; who reads one finds the columns by any of their labels, wherever the
heading row stands. Texts are written as texts (never as formulas) and unchanged; dates as dates
with the format ``dd/mm/yyyy``. Pure but for the words.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Kind = Literal["text", "number", "date", "choice", "unit", "units", "person", "lines"]

DATE_FORMAT = "dd/mm/yyyy"
# Between several units in one cell; several products stand on lines of their own.
BETWEEN_UNITS = "; "
LANGUAGES = ("vi", "en")


@dataclass(frozen=True)
class Column:
    """One column. key: stable name. label: its heading. said: what belongs into a cell.

    taken: whether a table that comes in may change it; the others are for reading and are passed
    over. width: in characters of a spreadsheet.
    """

    key: str
    label: Promise
    said: Promise
    kind: Kind = "text"
    taken: bool = True
    width: int = 16

    def labels(self) -> frozenset[str]:
        """The heading in every language the product speaks."""
        found = set()
        for language in LANGUAGES:
            with translation.override(language):
                found.add(str(self.label))
        return frozenset(found)


CODE = Column(
    "code",
    _("Code"),
    _("Code of the task in the plan, such as V1.1. Empty: a new draft, which gets its own code."),
    width=10,
)
TITLE = Column("title", _("Task (việc)"), _("At most 200 characters."), width=48)
KIND = Column(
    "kind",
    _("Kind"),
    _("Group task, week task or milestone; empty in a new row: week task."),
    kind="choice",
    width=14,
)
GROUP = Column("group", _("Group no."), _("Number of the group in the plan."), "number", width=8)
ROW = Column(
    "matrix_row", _("Matrix row no."), _("Number of the row in the matrix."), "number", width=8
)
WEEK = Column("phase", _("Week no."), _("Number of the week in the plan."), "number", width=8)
BLOCK = Column("block", _("Block no."), _("Number of the block in the plan."), "number", width=8)
UNIT = Column(
    "unit", _("Lead unit"), _("Code of the one unit that leads, such as VP."), "unit", width=12
)
UNITS = Column(
    "units",
    _("Coordinating units"),
    _("Codes, separated by semicolons; behind a colon the part that a unit leads."),
    "units",
    width=24,
)
OWNER = Column("owner", _("Owner (người)"), _("User name of one person."), "person", width=16)
RESPONSIBILITY = Column(
    "responsibility",
    _("Responsibility (trách nhiệm)"),
    _("What the lead answers for."),
    width=40,
)
PROCESS = Column("process", _("Process (quy trình)"), _("How it is done, step by step."), width=40)
START = Column("start", _("Start"), _("First day: dd/mm/yyyy."), "date", width=12)
DEADLINE = Column(
    "deadline",
    _("Deadline, last day"),
    _("Last day, which counts in full: dd/mm/yyyy."),
    "date",
    width=12,
)
PRODUCTS = Column(
    "products",
    _("Products (sản phẩm)"),
    _("One product a line; new ones are added, none is taken away."),
    "lines",
    width=40,
)
CHECK = Column("check_text", _("How it is checked"), _("Free text."), width=30)
RISK = Column("risk", _("Risk"), _("Free text."), width=30)
HANDLING = Column("handling", _("Handling of the risk"), _("Free text."), width=30)
NOTE = Column("note", _("Notes"), _("Free text."), width=30)
# For reading only: facts and what is computed from them.
STATE = Column("state", _("State"), _("For reading only."), taken=False, width=14)
LIGHT = Column("light", _("Light"), _("For reading only."), taken=False, width=14)
REASONS = Column("reasons", _("Why"), _("For reading only."), taken=False, width=40)
PROGRESS = Column("percent", _("Progress %"), _("For reading only."), taken=False, width=10)
ORIGINAL = Column(
    "original_deadline",
    _("Original deadline"),
    _("For reading only."),
    "date",
    taken=False,
    width=12,
)
# The number that Task.version had when the table was written: changes made since are seen.
VERSION = Column(
    "version",
    _("Version"),
    _("Leave it as it is: it tells whether the task was changed since the table was written."),
    "number",
    width=8,
)

TASK_COLUMNS: tuple[Column, ...] = (
    *(CODE, TITLE, KIND, GROUP, ROW, WEEK, BLOCK, UNIT, UNITS, OWNER, RESPONSIBILITY, PROCESS),
    *(START, DEADLINE, PRODUCTS, CHECK, RISK, HANDLING, NOTE),
    *(STATE, LIGHT, REASONS, PROGRESS, ORIGINAL, VERSION),
)
TAKEN: tuple[Column, ...] = tuple(column for column in TASK_COLUMNS if column.taken)
