"""The schema of plan files: valid, described, strict; and the example of the guide loads."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator

from campaign.models import Campaign, Task
from campaign.planfile.checking import SCHEMA_FILE, check
from campaign.planfile.reading import read
from campaign.services import PlanFileError, load_plan
from security.models import Unit
from tests.campaign.make import BEGIN
from tests.campaign.test_load_plan import SMALL, write
from tests.security.make import make_user

DATA = SCHEMA_FILE.parent
GUIDE = Path(settings.BASE_DIR) / "docs" / "plan-files.md"
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
PLANS = sorted(DATA.glob("*.yaml"))


def objects(node: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, dict):
        if "properties" in node:
            yield path, node
        for key, value in node.items():
            yield from objects(value, f"{path}/{key}")
    elif isinstance(node, list):
        for i, value in enumerate(node):
            yield from objects(value, f"{path}/{i}")


def example() -> str:
    found = re.search(r"```yaml\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def test_the_schema_is_one_and_lets_no_unknown_key_by() -> None:
    Draft202012Validator.check_schema(SCHEMA)
    loose = [
        path for path, node in objects(SCHEMA) if node.get("additionalProperties") is not False
    ]
    assert loose == []


def test_every_section_is_described_here_and_in_the_guide() -> None:
    guide = GUIDE.read_text("utf-8")
    for name, section in SCHEMA["properties"].items():
        assert section.get("description"), name
        assert f"`{name}`" in guide, name


@pytest.mark.parametrize("path", PLANS, ids=lambda path: path.stem)
def test_the_plans_of_the_product_have_no_problem(path: Path) -> None:
    document = read(path.read_text("utf-8"))
    check(document)
    assert document.problems == []
    assert len({yaml.safe_load(p.read_text("utf-8"))["campaign"]["code"] for p in PLANS}) == 2


@pytest.mark.django_db
def test_the_example_of_the_guide_loads(tmp_path: Path) -> None:
    path = write(tmp_path, example())
    assert load_plan(path, actor=None, now=BEGIN).incomplete == {"D1": ["owner"]}
    make_user(username="nguoiphutrach", unit=Unit.objects.get(code="DUX-VP"))
    assert load_plan(path, actor=None, now=BEGIN).activated == ["D1"]
    assert [str(phase.span) for phase in Campaign.objects.get().phases.all()] == [
        "1–6/2027",
        "7–12/2027",
    ]
    assert Task.objects.get().state == "active"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("code: NHO", "code: 'chiến dịch'", "line 2: campaign.code:"),
        ("title: Chiến dịch nhỏ", "title: ''", "line 2: campaign.title:"),
        ("start: 2026-05-15, end: 2026-05-28", "start: 15/5/2026, end: 2026-05-28",
         "line 2: campaign.start:"),
        ("kind: group", "kind: việc", "line 16: tasks[0].kind:"),
        ("before: 2026-05-28", "before: 2026-05-28, by: 2026-05-28", "line 23: tasks[0].deadline:"),
        ("lead: A\n", "lead: [A]\n", "line 21: tasks[0].lead:"),
        ("collective: true", "collective: yes", "line 6: units[2].collective:"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_line_and_path(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    with pytest.raises(PlanFileError) as raised:
        load_plan(write(tmp_path, SMALL.replace(old, new, 1)), actor=None, now=BEGIN)
    assert any(str(problem).startswith(said) for problem in raised.value.problems), str(
        raised.value
    )
    assert not Campaign.objects.exists()
