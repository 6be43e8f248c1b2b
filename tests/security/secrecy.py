"""What the tests of secrecy levels share."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from security.models import Classification, Protected, User
from security.services import RefusedError
from security.services.secrecy import Basis, classify
from tests.security.make import grant_role, make_user

LATER = timezone.localdate() + timedelta(days=365)


def basis(**fields: Any) -> Basis:
    return Basis(**{"legal_basis": "Luật thử, Điều 1", "review_on": LATER, **fields})


def decide(actor: User, row: Protected, level: int, **fields: Any) -> Classification:
    return classify(actor=actor, row=row, level=level, basis=basis(**fields), now=timezone.now())


def codes(refused: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in refused.value.problems}


def cleared(role: str = "keeper", *, level: int = 3, **fields: Any) -> User:
    user = make_user(clearance=level, **fields)
    grant_role(user, role, max_level=level)
    return user
