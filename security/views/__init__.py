from security.views.accounts import (
    person_disable,
    person_edit,
    person_enable,
    person_end_sessions,
    person_link,
    person_new,
    person_reset_mfa,
)
from security.views.people import grant_end, person
from security.views.people_list import people
from security.views.roles import roles
from security.views.trail import trail
from security.views.unit_search import unit_search

__all__ = [
    "grant_end",
    "people",
    "person",
    "person_disable",
    "person_edit",
    "person_enable",
    "person_end_sessions",
    "person_link",
    "person_new",
    "person_reset_mfa",
    "roles",
    "trail",
    "unit_search",
]
