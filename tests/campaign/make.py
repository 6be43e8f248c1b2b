"""Typed builders: a campaign in its own organisation, a running task, the real plan."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from campaign.models import (
    Block,
    Campaign,
    MatrixRow,
    Phase,
    Product,
    Submission,
    Task,
    TaskGroup,
)
from campaign.rules import end_of, start_of
from campaign.services import LoadReport, accept_product, activate_task, load_plan, submit_product
from security.models import Unit, User
from tests.security.make import grant_role, make_unit, make_user

PLAN = Path(settings.BASE_DIR) / "campaign" / "data" / "plan_45.yaml"
START = date(2026, 5, 15)
BEGIN = start_of(START)
DEADLINE = end_of(date(2026, 5, 28), before=False)
NOON = datetime(2026, 5, 17, 5, tzinfo=UTC)  # Sunday of week 1, noon in Hà Nội
_number = count(1)


def make_campaign(*, unit: Unit | None = None, start: date = START) -> Campaign:
    """Two weeks, one group, one matrix row, one block."""
    campaign = Campaign.objects.create(
        code=f"C{next(_number)}",
        title="Chiến dịch thử",
        unit=unit or make_unit(),
        start=start,
        end=start + timedelta(days=13),
    )
    for no in (1, 2):
        first = start + timedelta(days=7 * (no - 1))
        Phase.objects.create(campaign=campaign, no=no, start=first, end=first + timedelta(days=6))
    TaskGroup.objects.create(campaign=campaign, no=1, name="Nhóm một")
    MatrixRow.objects.create(campaign=campaign, no=1, name="Hàng một")
    Block.objects.create(campaign=campaign, no=1, name="Khối một", in_charge="Phó Trưởng Ban")
    return campaign


def make_draft(*, campaign: Campaign | None = None, products: int = 1, **fields: Any) -> Task:
    """A complete draft; ``fields`` override."""
    campaign = campaign or make_campaign()
    unit = fields.pop("unit", None) or make_unit(parent=campaign.unit)
    owner = fields.pop("owner", None) or make_user(unit=unit)
    values: dict[str, Any] = {
        "code": f"T{next(_number)}",
        "kind": Task.Kind.WEEK,
        "title": "Lập danh mục",
        "group": campaign.taskgroups.first(),
        "matrix_row": campaign.matrixrows.first(),
        "phase": campaign.phases.first(),
        "block": campaign.blocks.first(),
        "owner": owner,
        "responsibility": "Chịu trách nhiệm về danh mục",
        "process": "Rà soát, lập, trình",
        "start": campaign.start,
        "deadline": DEADLINE,
        "created_at": BEGIN,
        **fields,
    }
    task = Task.objects.create(campaign=campaign, **unit.placement, **values)
    for position in range(1, products + 1):
        Product.objects.create(task=task, position=position, title=f"Sản phẩm {position}")
    return task


def make_task(*, now: datetime = BEGIN, **fields: Any) -> Task:
    """A running task since ``now``."""
    return activate_task(actor=None, task=make_draft(**fields), now=now)


def owner_of(task: Task) -> User:
    """The owner, with a role that lets him report and submit."""
    assert task.owner is not None
    if not task.owner.role_grants.exists():
        grant_role(task.owner, "unit_staff", task.unit)
    return task.owner


def office_of(task: Task) -> User:
    """The standing office: another unit, with a role over the whole organisation."""
    office = make_unit(parent=task.campaign.unit)
    user = make_user(unit=office)
    grant_role(user, "office", task.campaign.unit)
    return user


def submit(task: Task, *, now: datetime, position: int = 1) -> Submission:
    product = task.products.get(position=position)
    return submit_product(actor=owner_of(task), product=product, statement="Đủ tiêu chí", now=now)


def accept(submission: Submission, *, actor: User, now: datetime, grade: str = "A") -> None:
    accept_product(actor=actor, submission=submission, grade=grade, now=now)


def make_people() -> None:
    """The fictional people of the plan file with their roles, without passwords."""
    data = yaml.safe_load(PLAN.read_text("utf-8"))
    for person in data["people"]:
        unit = Unit.objects.get(code=person["unit"])
        user = make_user(unit=unit, username=person["username"], full_name=person["full_name"])
        for role in person["roles"]:
            grant_role(user, role["role"], Unit.objects.get(code=role["unit"]))


def load_real_plan(*, now: datetime = BEGIN) -> LoadReport:
    """The real plan with its fictional people: 74 running tasks."""
    load_plan(PLAN, actor=None, now=now)
    make_people()
    return load_plan(PLAN, actor=None, now=now)
