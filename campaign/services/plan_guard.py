"""Codes of one plan file that belong to another plan or another unit; found before anything is written."""

from __future__ import annotations

from typing import Any

from campaign.models import Campaign
from campaign.planfile.checking import milestones
from campaign.planfile.reading import Document
from security.models import Unit
from security.search import folded


def check_codes(document: Document) -> None:
    """Add a problem for the campaign's code if another plan has it, and for each such unit.

    Codes of tasks, products and numbered parts count within their campaign only.
    """
    if document.problems or not isinstance(document.data, dict):
        return
    there = Campaign.objects.filter(code=document.data["campaign"]["code"]).first()
    if there is not None and not _same_plan(document.data, there):
        document.problem(
            ("campaign", "code"), f"{there.code!r} is the code of another campaign: {there.title}"
        )
        return
    _check_units(document, there)


def _same_plan(data: dict[str, Any], there: Campaign) -> bool:
    """A later state of the plan that is there: by its title, its number or one of its tasks."""
    said = data["campaign"]
    number = said.get("document", {}).get("number", "")
    if folded(said["title"]) == folded(there.title) or (number and number == there.document_number):
        return True
    codes = {row["code"] for row in data.get("tasks", [])} | {c for _at, c in milestones(data)}
    return any(f"task:{code}" in there.loaded for code in codes) or not there.loaded


def _check_units(document: Document, there: Campaign | None) -> None:
    """An existing unit is meant by its name or an alias, or because this campaign had it before."""
    known = dict(Unit.objects.values_list("code", "name"))
    had = {key for key in there.loaded if key.startswith("unit:")} if there else set()
    if there is not None and there.loaded and not had:
        return  # loaded before units were remembered
    for i, row in enumerate(document.data["units"]):
        name = known.get(row["code"])
        names = {folded(said) for said in (row["name"], *row.get("aliases", []))}
        if name is not None and folded(name) not in names and f"unit:{row['code']}" not in had:
            document.problem(
                ("units", i, "code"),
                f"the unit {row['code']!r} is there as {name!r}: name it so, give that name as an"
                " alias, or choose another code",
            )
