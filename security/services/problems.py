"""Refusals: typed reasons that a service gives, and the two checks every service shares."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from security.levels import Secrecy
from security.models import Protected, Unit, User
from security.rules import within_ceiling
from security.scope import may


@dataclass(frozen=True)
class Problem:
    """One reason for a refusal: a stable code for programs, a sentence for people."""

    code: str
    message: str


class RefusedError(Exception):
    """A service refused; nothing was changed."""

    def __init__(self, *problems: Problem) -> None:
        self.problems = problems
        super().__init__("; ".join(p.message for p in problems))


def check_action(user: User, action: str, on: Protected | Unit | None = None) -> None:
    """Raise RefusedError unless a role in force allows the action there."""
    if not may(user, action, on):
        raise RefusedError(Problem("not_allowed", _("Your role does not allow this here.")))


def check_level(level: int) -> None:
    """Refuse content above the installation's ceiling (MAX_SECRECY_LEVEL)."""
    if not within_ceiling(level, settings.MAX_SECRECY_LEVEL):
        raise RefusedError(Problem("above_ceiling", _above_ceiling(level)))


def check_new_level(level: int) -> None:
    """Refuse new content above the ceiling, and above level 1: that takes a decision of its own."""
    check_level(level)
    if level > Secrecy.INTERNAL:
        raise RefusedError(
            Problem(
                "needs_classification",
                _("Enter it as internal; a higher level is set afterwards by a classification."),
            )
        )


def _above_ceiling(level: int) -> str:
    if level > Secrecy.SECRET:
        return _("Content of the level Tuyệt mật is never digitised.")
    return _(
        "This installation may not hold content of this secrecy level: it belongs on a separate, "
        "isolated installation approved for it."
    )
