"""Typed builders for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any

from security.levels import Secrecy, Sensitivity
from security.models import RoleGrant, Unit, User
from security.services import create_unit, load_roles
from security.services import grant_role as grant

_number = count(1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_unit(*, parent: Unit | None = None, code: str = "", **fields: Any) -> Unit:
    code = code or f"U{next(_number)}"
    return create_unit(
        actor=None, code=code, name=fields.pop("name", f"Đơn vị {code}"), parent=parent, **fields
    )


def make_user(*, unit: Unit | None = None, username: str = "", **fields: Any) -> User:
    """A user with an unusable password (hashing is slow); sign in with ``client.force_login``."""
    username = username or f"user{next(_number)}"
    user = User(
        username=username,
        full_name=fields.pop("full_name", f"Người {username}"),
        unit=unit or make_unit(),
        **fields,
    )
    user.set_unusable_password()
    user.save()
    return user


def grant_role(
    user: User,
    role: str,
    unit: Unit | None = None,
    *,
    now: datetime = LONG_AGO,
    valid_to: datetime | None = None,
    max_level: int = Secrecy.INTERNAL,
    max_sensitivity: int = Sensitivity.SENSITIVE,
) -> RoleGrant:
    load_roles()
    user._scopes = None
    return grant(
        actor=None,
        user=user,
        role=role,
        unit=unit or user.unit,
        now=now,
        valid_to=valid_to,
        max_level=max_level,
        max_sensitivity=max_sensitivity,
    )


def make_officer(role: str, *, unit: Unit | None = None, **fields: Any) -> User:
    """A user who holds one role on his own unit."""
    user = make_user(unit=unit, **fields)
    grant_role(user, role)
    return user
