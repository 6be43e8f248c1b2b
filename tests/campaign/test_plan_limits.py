"""The schema of plan files lets nothing by that the database cannot hold."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.db.models import CharField, Model, PositiveSmallIntegerField

from campaign.models import (
    Block,
    Campaign,
    LightPolicy,
    MatrixRow,
    Phase,
    Process,
    Product,
    SupportLine,
    Task,
    TaskGroup,
    TaskUnit,
)
from campaign.planfile.checking import SCHEMA_FILE
from security.models import Unit
from tests.campaign.test_load_plan import SMALL, errors_of

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
SMALLINT = 32767
# Where a plan file says what becomes this field. A milestone's focus and printed words come from the
# matrix and its phases.
SAID: dict[tuple[type[Model], str], list[str]] = {
    (Campaign, "title"): ["campaign/title"],
    (Campaign, "document_number"): ["campaign/document/number"],
    (Campaign, "issuer"): ["campaign/document/issuer"],
    (Unit, "code"): ["units/code"],
    (Unit, "name"): ["units/name"],
    (Phase, "no"): ["phases/number"],
    (TaskGroup, "no"): ["groups/number"],
    (TaskGroup, "name"): ["groups/name"],
    (Block, "no"): ["blocks/number"],
    (Block, "name"): ["blocks/name"],
    (Block, "in_charge"): ["blocks/in_charge"],
    (MatrixRow, "no"): ["matrix/number"],
    (MatrixRow, "name"): ["matrix/name"],
    (MatrixRow, "final_product"): ["matrix/final_product"],
    (SupportLine, "no"): ["support_lines/number"],
    (SupportLine, "name"): ["support_lines/name"],
    (SupportLine, "response_text"): ["support_lines/response"],
    (SupportLine, "hours"): ["support_lines/hours"],
    (SupportLine, "hours_many_units"): ["support_lines/hours_many_units"],
    (SupportLine, "escalates_to"): ["support_lines/escalates_to"],
    (Process, "number"): ["processes/priority/number", "processes/extended/children/number"],
    (Process, "name"): ["processes/priority/name", "processes/extended/children/name"],
    (Process, "note"): ["processes/priority/note", "processes/extended/children/note"],
    (LightPolicy, "warning_days"): ["light_policy/warning_days"],
    (LightPolicy, "behind_points"): ["light_policy/behind_points"],
    (Task, "code"): ["tasks/code"],
    (Task, "focus"): ["tasks/focus", "matrix/cells"],
    (Task, "lead_scope"): ["tasks/lead_scope"],
    (Task, "deadline_text"): ["tasks/deadline/printed", "phases/printed"],
    (TaskUnit, "part"): ["tasks/coordinating/part"],
    (Product, "checklist_code"): ["products/code"],
    (Product, "checklist_no"): ["products/number"],
    (Product, "signing_text"): ["products/signing_text"],
    (Product, "deadline_text"): ["products/deadline/printed"],
}
# Chosen from a list by the schema, given by a pattern, or not from the file at all.
OWN = {
    (Campaign, "code"),
    *((Unit, name) for name in ("kind", "path")),
    (Process, "catalogue"),
    (LightPolicy, "reason"),
    *((Task, name) for name in ("kind", "state", "light", "inputs_hash", "late_days")),
    *((Task, name) for name in ("level", "sensitivity", "unit_path")),
    (TaskUnit, "role"),
    (Product, "position"),
}


def followed(node: dict[str, Any]) -> dict[str, Any]:
    """The node with what it refers to, and of several shapes the one that says more."""
    if "$ref" in node:
        node = {**SCHEMA["$defs"][node["$ref"].rsplit("/", 1)[1]], **node}
        del node["$ref"]
        return followed(node)
    if "anyOf" in node:
        shapes = [followed(one) for one in node["anyOf"]]
        return next((one for one in shapes if one["type"] == "object"), shapes[0])
    return followed(node["items"]) if node.get("type") == "array" else node


def at(path: str) -> dict[str, Any]:
    node = SCHEMA
    for name in path.split("/"):
        node = followed(node["properties"][name])
    return node


@pytest.mark.parametrize(
    "model", list(dict.fromkeys(model for model, _name in SAID)), ids=lambda model: model.__name__
)
def test_the_limits_of_the_schema_are_those_of_the_models(model: type[Model]) -> None:
    for field in model._meta.get_fields():
        if not isinstance(field, (CharField, PositiveSmallIntegerField)):
            continue
        place = (model, field.name)
        assert (place in SAID) != (place in OWN), f"{model.__name__}.{field.name}: say where"
        for path in SAID.get(place, []):
            node = at(path)
            if isinstance(field, CharField):
                assert field.max_length is not None
                # A code of 20 characters is a choice of the format; other texts may be as long.
                same = path.endswith("code") and node["maxLength"] < field.max_length
                assert same or node["maxLength"] == field.max_length, path
            else:
                assert node["maximum"] <= SMALLINT, path


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ("name: Nhóm}", f"name: {'n' * 161}}}", 10),
        ("name: Khối}", f"name: {'k' * 161}}}", 11),
        ("cells: [Chuẩn bị, null]", f"cells: [{'c' * 201}, null]", 13),
        ("{number: 1, name: Hàng", "{number: 40000, name: Hàng", 13),
        ("    lead: A\n", f"    lead: A\n    focus: {'f' * 201}\n", 22),
        (
            "    lead: A\n",
            f"    lead: A\n    coordinating: [{{unit: A, part: {'p' * 161}}}]\n",
            22,
        ),
        ("products: [Danh mục]", f"products: [{', '.join('abc' for _ in range(101))}]", 22),
        ("title: Lập danh mục", 'title: "Lập\\0"', 20),
        ("title: Lập danh mục", 'title: "Lập\\ud800"', 20),
        ("before: 2026-05-28", "before: 0001-01-01", 23),
        ("end: 2026-05-28}\nunits", "end: 9999-12-31}\nunits", 2),
    ],
)
def test_what_is_too_long_or_too_big_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int
) -> None:
    assert old in SMALL
    found = errors_of(tmp_path, SMALL.replace(old, new, 1))
    assert {at for at, _message in found} == {line}, found
