"""Writes of the people who sign in."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.password_validation import validate_password
from django.db import transaction

from security import audit
from security.models import Unit, User


@transaction.atomic
def create_user(
    *, actor: User | None, username: str, full_name: str, unit: Unit, password: str, **fields: Any
) -> User:
    """Create a person who signs in; the password must pass the installation's validators."""
    user = User(username=username, full_name=full_name, unit=unit, **fields)
    validate_password(password, user)
    user.set_password(password)
    user.save()
    audit.record("user.created", actor=actor, object_type="security.user", object_id=user.pk)
    return user
