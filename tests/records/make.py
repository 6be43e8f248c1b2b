"""Typed builders for tests of the registers."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from records.models import Cadre, Member
from records.services import create_cadre, create_member, load_code_lists
from security.levels import Secrecy, Sensitivity
from security.models import Unit
from tests.security.make import make_unit

_number = count(1)
NOW = datetime(2026, 5, 20, 3, 0, tzinfo=UTC)


def make_cell(**fields: Any) -> Unit:
    return make_unit(kind=Unit.Kind.CELL, **fields)


def make_member(
    name: str = "Trần Thị Mẫu",
    *,
    unit: Unit | None = None,
    level: int = Secrecy.INTERNAL,
    sensitivity: int = Sensitivity.PERSONAL,
    **values: Any,
) -> Member:
    load_code_lists()
    return create_member(
        actor=None,
        now=NOW,
        unit=unit or make_cell(),
        level=level,
        sensitivity=sensitivity,
        values={
            "full_name": name,
            "status": "chinh_thuc",
            "profile_number": f"{next(_number):06}THU",
            **values,
        },
    )


def make_cadre(
    name: str = "Lê Văn Thử", *, unit: Unit | None = None, person: Any = None, **values: Any
) -> Cadre:
    load_code_lists()
    own = {"post": "Chuyên viên", **values}
    return create_cadre(
        actor=None,
        now=NOW,
        unit=unit or make_unit(),
        person=person,
        values=own if person else {"full_name": name, **own},
    )
