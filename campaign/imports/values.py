"""What one cell means: a text, a number of the plan, a day, a unit, a person; or what is wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime

from django.utils import translation

from campaign.imports.known import Known, Part
from campaign.imports.reading import Cell
from campaign.models import Task
from campaign.rules import end_of
from campaign.table_columns import LANGUAGES
from security.models import Unit, User
from security.search import folded

EMPTIED = "-"  # a cell that holds only this empties what the task has
WRITTEN_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")
YEARS = range(2000, 2101)
PRODUCTS_AT_MOST = 20
PART_AT_MOST = 160
Partner = tuple[Unit, str]


@dataclass
class WrongValueError(Exception):
    """What is wrong with one cell."""

    code: str
    said: dict[str, str] = field(default_factory=dict)


def wrong(code: str, **said: object) -> WrongValueError:
    return WrongValueError(code, {key: str(value)[:120] for key, value in said.items()})


def emptied(cell: Cell) -> bool:
    return cell.text == EMPTIED


def text_of(cell: Cell) -> str:
    """A text; numbers and days as a person would write them."""
    if cell.kind == "truth":
        raise wrong("no_text")
    return cell.text


def day_of(cell: Cell) -> date:
    """A day: as Excel keeps it, or written dd/mm/yyyy."""
    if cell.kind == "time":
        raise wrong("time_of_day")
    found = _numbers(cell)
    if found is None:
        raise wrong("no_date", text=cell.text)
    year, month, day = found
    if year not in YEARS:
        raise wrong("far_date", text=cell.text)
    try:
        return date(year, month, day)
    except ValueError as error:
        raise wrong("no_such_day", text=cell.text) from error


def _numbers(cell: Cell) -> tuple[int, int, int] | None:
    if cell.kind not in {"date", "text"}:
        return None
    if match := WRITTEN_DAY.fullmatch(cell.text):
        return int(match[3]), int(match[2]), int(match[1])
    if match := ISO_DAY.fullmatch(cell.text):
        return int(match[1]), int(match[2]), int(match[3])
    return None


def deadline_of(cell: Cell) -> datetime:
    """The instant at which the last day is over."""
    return end_of(day_of(cell), before=False)


def number_of(cell: Cell) -> int:
    """A number of the plan, also where Excel keeps it as text or as 3.0."""
    if cell.kind in {"number", "text"} and re.fullmatch(r"[0-9]{1,5}", cell.text):
        return int(cell.text)
    raise wrong("no_number", text=cell.text)


def part_of(cell: Cell, name: str, known: Known) -> Part:
    number = number_of(cell)
    if number not in known.parts[name]:
        raise wrong(f"no_{name}", text=number)
    return known.parts[name][number]


def kind_of(cell: Cell) -> str:
    """By the kind's name in any language."""
    names: dict[str, str] = {kind.value: kind.value for kind in Task.Kind}
    for language in LANGUAGES:
        with translation.override(language):
            names |= {folded(str(kind.label)): kind.value for kind in Task.Kind}
    found = names.get(folded(cell.text))
    if found is None:
        raise wrong("no_choice", text=cell.text, known=", ".join(map(str, Task.Kind.labels)))
    return found


def unit_of(text: str, units: dict[str, Unit]) -> Unit:
    unit = units.get(folded(text))
    if unit is None:
        raise wrong("unknown_unit", text=text)
    if unit.dissolved_on is not None:
        raise wrong("dissolved", text=text)
    return unit


def person_of(cell: Cell, known: Known) -> User:
    name = folded(cell.text)
    if name not in known.people:
        raise wrong("unknown_person", text=cell.text)
    person = known.people[name]
    if person is None:
        raise wrong("same_name", text=cell.text)
    return person


def partners_of(cell: Cell, known: Known, present: list[Unit]) -> list[Partner]:
    """Units and the part that each leads: ``VP; VCB: phần kỹ thuật``. present: may stay named."""
    units = {folded(unit.code): unit for unit in present} | known.partners
    found: list[Partner] = []
    for piece in re.split(r"[;\n]", cell.text):
        name, _colon, part = (words.strip() for words in piece.partition(":"))
        if not name:
            continue
        unit = unit_of(name, units)
        if any(unit == other for other, _part in found):
            raise wrong("unit_twice", text=name)
        if len(part) > PART_AT_MOST:
            raise wrong("long_part")
        found.append((unit, part))
    return found


def products_of(cell: Cell) -> list[str]:
    """Names of products, one a line, each once."""
    lines = [" ".join(line.lstrip("-•* ").split()) for line in cell.text.split("\n")]
    found = list(dict.fromkeys(line for line in lines if line))
    if len(found) > PRODUCTS_AT_MOST:
        raise wrong("many_products")
    return found
