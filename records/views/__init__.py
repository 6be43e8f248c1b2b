from records.views.cadres import cadre_detail, cadre_edit, cadre_history, cadre_list
from records.views.members import (
    member_detail,
    member_edit,
    member_history,
    member_list,
    own_record,
)

__all__ = [
    "cadre_detail",
    "cadre_edit",
    "cadre_history",
    "cadre_list",
    "member_detail",
    "member_edit",
    "member_history",
    "member_list",
    "own_record",
]
