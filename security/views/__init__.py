from security.views.accounts import (
    person_disable,
    person_edit,
    person_enable,
    person_end_sessions,
    person_link,
    person_new,
    person_reset_mfa,
)
from security.views.approvals import approval_withdraw, approvals
from security.views.changes import change_approve, change_refuse, change_withdraw
from security.views.emergency import (
    emergency,
    emergency_end,
    emergency_list,
    emergency_mine,
)
from security.views.expiring import expiring
from security.views.explain import (
    explained_people,
    opened_to_me,
    receiver_search,
    sees,
    share_end,
    who,
)
from security.views.my_roles import colleague_search, delegation_end, my_roles
from security.views.people import grant_end, person
from security.views.people_list import clearances, people, person_clearance
from security.views.requests import (
    request_approve,
    request_refuse,
    request_withdraw,
    requests,
)
from security.views.reviews import (
    review,
    review_close,
    review_decide,
    review_new,
    review_report,
    reviews,
)
from security.views.roles import role, role_change, role_mfa, roles
from security.views.secrecy import classification, classifications, standing
from security.views.trail import trail, trail_export
from security.views.trail_people import trail_by, trail_of, trail_unusual
from security.views.unit_search import unit_search
from security.views.units import (
    unit,
    unit_children,
    unit_dissolve,
    unit_edit,
    unit_move,
    unit_new,
    units,
)

__all__ = [
    "approval_withdraw",
    "approvals",
    "change_approve",
    "change_refuse",
    "change_withdraw",
    "classification",
    "classifications",
    "clearances",
    "colleague_search",
    "delegation_end",
    "emergency",
    "emergency_end",
    "emergency_list",
    "emergency_mine",
    "expiring",
    "explained_people",
    "grant_end",
    "my_roles",
    "opened_to_me",
    "people",
    "person",
    "person_clearance",
    "person_disable",
    "person_edit",
    "person_enable",
    "person_end_sessions",
    "person_link",
    "person_new",
    "person_reset_mfa",
    "receiver_search",
    "request_approve",
    "request_refuse",
    "request_withdraw",
    "requests",
    "review",
    "review_close",
    "review_decide",
    "review_new",
    "review_report",
    "reviews",
    "role",
    "role_change",
    "role_mfa",
    "roles",
    "sees",
    "share_end",
    "standing",
    "trail",
    "trail_by",
    "trail_export",
    "trail_of",
    "trail_unusual",
    "unit",
    "unit_children",
    "unit_dissolve",
    "unit_edit",
    "unit_move",
    "unit_new",
    "unit_search",
    "units",
    "who",
]
