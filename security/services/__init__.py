"""Writes of the security floor. Verbs, keyword-only, one transaction and one trail line each."""

from security.services.bootstrap import give_first_role
from security.services.delegation import delegate_role, end_delegation
from security.services.emergency import end_emergency, open_emergency, review_emergency
from security.services.invitations import accept_invitation, invite, revoke_invitation
from security.services.matrix import (
    approve_change,
    change_role_action,
    refuse_change,
    withdraw_change,
)
from security.services.mfa import reset_mfa, set_mfa_required
from security.services.people import (
    PersonFacts,
    change_user,
    check_account,
    create_user,
    disable_user,
    enable_user,
    end_all_sessions,
    set_clearance,
)
from security.services.problems import Problem, RefusedError, check_action, check_level
from security.services.requests import (
    approve_role,
    offer_role,
    refuse_role,
    request_role,
    withdraw_role,
)
from security.services.reviews import close_review, decide, open_review
from security.services.roles import end_role, grant_role, load_roles
from security.services.shares import end_share, share_row
from security.services.terms import Terms
from security.services.units import change_unit, create_unit, dissolve_unit, move_unit

__all__ = [
    "PersonFacts",
    "Problem",
    "RefusedError",
    "Terms",
    "accept_invitation",
    "approve_change",
    "approve_role",
    "change_role_action",
    "change_unit",
    "change_user",
    "check_account",
    "check_action",
    "check_level",
    "close_review",
    "create_unit",
    "create_user",
    "decide",
    "delegate_role",
    "disable_user",
    "dissolve_unit",
    "enable_user",
    "end_all_sessions",
    "end_delegation",
    "end_emergency",
    "end_role",
    "end_share",
    "give_first_role",
    "grant_role",
    "invite",
    "load_roles",
    "move_unit",
    "offer_role",
    "open_emergency",
    "open_review",
    "refuse_change",
    "refuse_role",
    "request_role",
    "reset_mfa",
    "review_emergency",
    "revoke_invitation",
    "set_clearance",
    "set_mfa_required",
    "share_row",
    "withdraw_change",
    "withdraw_role",
]
