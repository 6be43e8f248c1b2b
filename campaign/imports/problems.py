"""What is wrong with a table, by cell: codes that are kept, sentences that are shown."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class CellProblem:
    """``at``: address such as D17 (empty: the table as a whole); ``row``: its number, 0 likewise.

    ``code`` and ``said`` make the sentence in the reader's language.
    """

    at: str
    row: int
    code: str
    said: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def sentence(self) -> str:
        return sentences().get(self.code, _("This cannot be taken in.")) % self.said


def problem_of(kept: dict[str, Any]) -> CellProblem:
    """A problem as it was kept in JSON."""
    return CellProblem(kept["at"], kept["row"], kept["code"], kept.get("said", {}))


def sentences() -> dict[str, str]:
    return {**_of_the_sheet(), **_of_values(), **_of_tasks()}


def _of_the_sheet() -> dict[str, str]:
    return {
        "no_heading": _(
            "No row with the headings was found in the first 20 rows: there must be a cell"
            " “%(title)s”, as in the template."
        ),
        "heading_twice": _("The heading “%(label)s” stands here twice."),
        "no_rows": _("There is no row below the headings."),
        "merged": _("The cells %(range)s are merged: every row needs cells of its own."),
        "formula": _("There is a formula here. Put its value in; formulas are not computed."),
        "error_cell": _("Excel shows an error here: %(text)s."),
        "control": _("The text holds characters that nobody can see; type it anew."),
        "too_long": _("The text is longer than 5,000 characters."),
    }


def _of_values() -> dict[str, str]:
    return {
        "no_text": _("A text is expected here."),
        "no_number": _("“%(text)s” is not a number of the plan."),
        "no_date": _("“%(text)s” is no date: write dd/mm/yyyy."),
        "no_such_day": _("%(text)s is a day that does not exist."),
        "time_of_day": _("The date has a time of day: write the day only, dd/mm/yyyy."),
        "far_date": _("%(text)s lies outside the years 2000–2100."),
        "no_choice": _("“%(text)s” is none of: %(known)s."),
        "unknown_unit": _("There is no unit “%(text)s” that you may name here."),
        "unknown_person": _("There is no person “%(text)s” whom you may name here."),
        "same_name": _("Several people are called “%(text)s”: write the user name."),
        "dissolved": _("The unit “%(text)s” is dissolved."),
        "unit_twice": _("The unit “%(text)s” is named twice."),
        "lead_is_no_partner": _("The lead unit cannot work along with itself."),
        "no_group": _("The plan has no group %(text)s."),
        "no_matrix_row": _("The matrix has no row %(text)s."),
        "no_phase": _("The plan has no week %(text)s."),
        "no_block": _("The plan has no block %(text)s."),
        "many_products": _("At most 20 products a row."),
        "long_part": _("The part that a unit leads has 160 characters at most."),
    }


def _of_tasks() -> dict[str, str]:
    return {
        "unknown_code": _(
            "There is no task “%(text)s” here that you may see. For a new task leave the code empty."
        ),
        "code_twice": _("The task “%(text)s” stands in this table twice, first in %(first)s."),
        "code_long": _("A code has 20 characters at most."),
        "not_allowed": _("Your role does not allow to change the task “%(text)s”."),
        "not_open": _("The task “%(text)s” is done or cancelled: it stays as it is."),
        "title": _("The task has no title (việc)."),
        "title_long": _("The title has %(length)s characters; at most 200."),
        "unit_needed": _("A new task needs a lead unit."),
        "needed": _("A running task cannot do without this: it cannot be emptied."),
        "not_empty": _("This cannot be emptied."),
        "runs_owner": _(
            "The task runs: its owner changes by a hand-over on its page, with a reason."
        ),
        "runs_unit": _(
            "The task runs: its lead unit changes by a hand-over on its page, with a reason."
        ),
        "runs_deadline": _(
            "The task runs: its deadline moves by a revision on its page, with a reason and approval."
        ),
        "runs_start": _("The task runs: its start stays, the colours were computed from it."),
        "runs_kind": _("The task runs: its kind stays."),
        "deadline_past": _("The deadline lies in the past."),
        "before_start": _("The deadline lies before the start."),
        "old_version": _(
            "The task was changed since this table was written (version %(here)s, in the table"
            " %(text)s): download it anew."
        ),
        "changed_meanwhile": _("Somebody changed the task “%(text)s” since this preview was made."),
        "refused": "%(text)s",  # what the deed itself said
    }
