"""Typed builders for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

from security.levels import Secrecy, Sensitivity
from security.models import Classification, Protected, Role, RoleGrant, SecrecyApproval, Unit, User
from security.services import create_unit, load_roles
from security.services import grant_role as grant

P = TypeVar("P", bound=Protected)
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
    if not Role.objects.exists():
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


def make_approval(level: int = 2, **fields: Any) -> SecrecyApproval:
    """An approval in force, as a security officer would have recorded it."""
    approval: SecrecyApproval = SecrecyApproval.objects.create(
        level=level,
        approved_by_name=fields.pop("approved_by_name", "Lãnh đạo cơ quan"),
        number=fields.pop("number", f"{next(_number)}-QĐ/CY"),
        date=fields.pop("date", LONG_AGO.date()),
        basis="Thử",
        cipher="Mô-đun mật mã thử",
        recorded_by=fields.pop("recorded_by", None) or make_user(),
        recorded_at=LONG_AGO,
        **fields,
    )
    return approval


def make_classified(row: P, level: int) -> P:
    """Put a row at a level with the decision that the database asks for; nothing else moves."""
    type(row)._default_manager.filter(pk=row.pk).update(level=level)
    by = make_user()
    Classification.objects.create(
        kind=Classification.Kind.RAISED,
        object_type=row._meta.label_lower,
        object_id=row.pk,
        level=level,
        previous_level=row.level,
        legal_basis="Thử",
        classified_by=by,
        classified_at=LONG_AGO,
        review_on=LONG_AGO.date(),
        approval=make_approval(level, recorded_by=by) if level > 1 else None,
    )
    row.level = level
    return row
