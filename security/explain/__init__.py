"""Why somebody sees something: the visibility filter read backwards, for people to check.

``who``: everybody who sees one row. ``what``: everything one person sees. ``reach``: to whom of
those who may ask this is told.
"""

from security.explain.reach import explained_rows, may_explain_person, may_explain_shown
from security.explain.what import Sight, opened_to_oneself, what_can_see
from security.explain.who import Reason, Seer, who_can_see

__all__ = [
    "Reason",
    "Seer",
    "Sight",
    "explained_rows",
    "may_explain_person",
    "may_explain_shown",
    "opened_to_oneself",
    "what_can_see",
    "who_can_see",
]
