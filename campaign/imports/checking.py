"""Lines compared with the tasks that they name: what each would change, and all that is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from campaign.imports.known import Known
from campaign.imports.problems import CellProblem
from campaign.imports.reading import Cell, Line, clean
from campaign.imports.showing import forms_now, shown_now, shown_value
from campaign.imports.values import (
    Partner,
    WrongValueError,
    day_of,
    deadline_of,
    emptied,
    kind_of,
    number_of,
    part_of,
    partners_of,
    person_of,
    products_of,
    text_of,
    unit_of,
)
from campaign.models import Task
from campaign.rules import end_of
from campaign.services.agreeing import TITLE_AT_MOST
from campaign.table_columns import TAKEN
from security.models import Unit
from security.search import folded

TEXTS = ("title", "responsibility", "process", "check_text", "risk", "handling", "note")
PARTS = ("group", "matrix_row", "phase", "block")
# What a running task has for good, or changes only by a deed of its own with a reason.
FIXED_WHILE_RUNNING = ("owner", "unit", "deadline", "start", "kind")
NEEDED_WHILE_RUNNING = ("title", "responsibility", "process")
LABELS = {column.key: column.label for column in TAKEN}
ORDER = [key for key in LABELS if key not in {"code", "version"}]
LONGEST_CODE = 20


@dataclass
class Change:
    """What one line would do. task None: a new draft.

    values: new values of the task's own fields; partners None: as they are; products: further ones.
    said: (key of the column, before, after) of everything that differs, as people read it.
    """

    line: Line
    task: Task | None = None
    values: dict[str, Any] = field(default_factory=dict)
    partners: list[Partner] | None = None
    products: list[str] = field(default_factory=list)
    said: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def kind(self) -> str:
        if self.task is None:
            return "new"
        return "changed" if self.said else "same"

    @property
    def parts(self) -> list[tuple[Any, str, str]]:
        """(label, before, after)."""
        return [(LABELS[key], before, after) for key, before, after in self.said]


@dataclass
class Checked:
    changes: list[Change] = field(default_factory=list)
    problems: list[CellProblem] = field(default_factory=list)


def check(
    lines: Iterable[Line],
    known: Known,
    *,
    columns: dict[str, str] | None = None,
    told: frozenset[str] = frozenset(),
) -> Checked:
    """Understand every line; the tasks stay as they are.

    columns: letter of each column, for what stands in no cell. told: addresses of cells whose form
    was wrong already; one problem a cell is enough.
    """
    checked = Checked()
    first: dict[str, str] = {}
    for line in lines:
        checker = _Line(line, known, checked.problems, columns or {}, told)
        checked.changes.append(checker.change)
        checker.find_task(first)
        checker.compare()
    return checked


class _Line:
    """One line on its way from cells to a change."""

    def __init__(
        self,
        line: Line,
        known: Known,
        problems: list[CellProblem],
        columns: dict[str, str],
        told: frozenset[str],
    ) -> None:
        self.line, self.known, self.problems = line, known, problems
        self.columns, self.told = columns, set(told)
        self.change = Change(line)
        self.lost = self._at("code") in told  # nobody knows which task is meant

    def _at(self, key: str) -> str:
        cell = self.line.cells.get(key)
        return cell.at if cell else f"{self.columns.get(key, 'A')}{self.line.row}"

    def problem(self, key: str, code: str, **said: object) -> None:
        at = self._at(key)
        if at in self.told:
            return
        self.told.add(at)
        words = {name: str(value)[:120] for name, value in said.items()}
        self.problems.append(CellProblem(at, self.line.row, code, words))

    def find_task(self, first: dict[str, str]) -> None:
        cell = self.line.cells.get("code")
        code = cell.text if cell else ""
        if cell is None or code in {"", "-"}:
            return
        self.lost = True
        if code in first:
            self.problem("code", "code_twice", text=code, first=first[code])
        elif len(code) > LONGEST_CODE:
            self.problem("code", "code_long")
        elif code not in self.known.tasks:
            self.problem("code", "unknown_code", text=code)
        else:
            self.change.task, self.lost = self.known.tasks[code], False
        first.setdefault(code, cell.at)

    def compare(self) -> None:
        """Every cell against what the task has now; then the line as a whole."""
        if self.lost:
            return
        for key in ORDER:
            cell = self.line.cells.get(key)
            if cell is not None and not self._as_it_is(key, cell):
                self._take(key, cell)
        self._check_version()
        if self.change.kind != "same":
            self._check_whole()

    def _as_it_is(self, key: str, cell: Cell) -> bool:
        task = self.change.task
        return task is not None and folded(cell.text) in forms_now(task, key)

    def _take(self, key: str, cell: Cell) -> None:
        try:
            value = self._emptied(key) if emptied(cell) else self._value(key, cell)
        except WrongValueError as error:
            self.problem(key, error.code, **error.said)
            return
        if key == "units":
            if value == self._present_partners():
                return
            self.change.partners = value
        elif key == "products":
            value = self.change.products = self._further(value)
        elif self._same(key, value):
            return
        else:
            self.change.values[key] = value
        self._tell(key, value)

    def _value(self, key: str, cell: Cell) -> Any:
        if key in TEXTS:
            return text_of(cell)
        if key in PARTS:
            return part_of(cell, key, self.known)
        readers: dict[str, Callable[[], Any]] = {
            "kind": lambda: kind_of(cell),
            "unit": lambda: unit_of(cell.text, self.known.units),
            "units": lambda: partners_of(cell, self.known, self._present()),
            "owner": lambda: person_of(cell, self.known),
            "start": lambda: day_of(cell),
            "deadline": lambda: deadline_of(cell),
            "products": lambda: products_of(cell),
        }
        return readers[key]()

    def _emptied(self, key: str) -> Any:
        if key in {"units", "products"}:
            return []
        if key in {"unit", "kind"}:
            raise WrongValueError("not_empty")
        return "" if key in TEXTS else None

    def _present(self) -> list[Unit]:
        return [unit for unit, _part in self._present_partners()]

    def _present_partners(self) -> list[Partner]:
        task = self.change.task
        return [(one.unit, one.part) for one in task.task_units.all()] if task else []

    def _further(self, titles: list[str]) -> list[str]:
        task = self.change.task
        there = {folded(product.title) for product in task.products.all()} if task else set()
        return [title for title in titles if folded(title) not in there]

    def _same(self, key: str, value: Any) -> bool:
        task = self.change.task
        if task is None:
            return value in {"", None}
        now = getattr(task, key)
        return bool(clean(now) == value if isinstance(now, str) else now == value)

    def _tell(self, key: str, value: Any) -> None:
        before = shown_now(self.change.task, key) if self.change.task else ""
        after = shown_value(key, value)
        if key == "products":
            before = ""
        if before != after:
            self.change.said.append((key, before, after))

    # --- the line as a whole ------------------------------------------------------------

    def _check_version(self) -> None:
        task, cell = self.change.task, self.line.cells.get("version")
        if task is None or cell is None or not self.change.said:
            return
        try:
            number = number_of(cell)
        except WrongValueError as error:
            self.problem("version", error.code, **error.said)
            return
        if number != task.version:
            self.problem("version", "old_version", text=number, here=task.version)

    def _check_whole(self) -> None:
        task, values = self.change.task, self.change.values
        if task is None:
            self._check_new()
        elif not self.known.may_change(task):
            self.problem("code", "not_allowed", text=task.code)
            return
        elif task.state not in {Task.State.DRAFT, Task.State.ACTIVE}:
            self.problem("code", "not_open", text=task.code)
            return
        elif task.state == Task.State.ACTIVE:
            self._check_running()
        self._check_title(values)
        self._check_dates(values)
        self._check_partners()

    def _check_new(self) -> None:
        if not self.change.values.get("title"):
            self.problem("title", "title")
        if "unit" not in self.change.values:
            self.problem("unit", "unit_needed")

    def _check_running(self) -> None:
        for key in FIXED_WHILE_RUNNING:
            if key in self.change.values:
                self.problem(key, f"runs_{key}")
        for key in NEEDED_WHILE_RUNNING:
            if self.change.values.get(key) == "":
                self.problem(key, "needed")

    def _check_title(self, values: dict[str, Any]) -> None:
        title = values.get("title", "x")
        if len(title) > TITLE_AT_MOST:
            self.problem("title", "title_long", length=len(title))
        elif not title and self.change.task and self.change.task.state == Task.State.DRAFT:
            self.problem("title", "title")

    def _check_dates(self, values: dict[str, Any]) -> None:
        task = self.change.task
        start = values.get("start", task.start if task else None)
        deadline = values.get("deadline", task.deadline if task else None)
        if values.get("deadline") and values["deadline"] <= self.known.now:
            self.problem("deadline", "deadline_past")
        elif (
            {"start", "deadline"} & values.keys()
            and start
            and deadline
            and deadline < end_of(start, before=False)
        ):
            key = "deadline" if "deadline" in values else "start"
            self.problem(key, "before_start")

    def _check_partners(self) -> None:
        if not self.change.partners:
            return
        lead = self.change.values.get("unit") or (self.change.task and self.change.task.unit)
        if lead in [unit for unit, _part in self.change.partners]:
            self.problem("units", "lead_is_no_partner")
