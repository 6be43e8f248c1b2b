from security.views.people import grant_end, people, person
from security.views.roles import roles
from security.views.trail import trail
from security.views.unit_search import unit_search

__all__ = ["grant_end", "people", "person", "roles", "trail", "unit_search"]
