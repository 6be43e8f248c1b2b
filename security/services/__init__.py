"""Writes of the security floor. Verbs, keyword-only, one transaction and one trail line each."""

from security.services.people import create_user
from security.services.problems import Problem, RefusedError, check_action, check_level
from security.services.roles import end_role, grant_role, load_roles
from security.services.units import create_unit, move_unit

__all__ = [
    "Problem",
    "RefusedError",
    "check_action",
    "check_level",
    "create_unit",
    "create_user",
    "end_role",
    "grant_role",
    "load_roles",
    "move_unit",
]
