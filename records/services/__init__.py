"""Writes of the registers. Verbs, keyword-only, one transaction and one line of the trail each."""

from records.services.bulk import MemberRow, register_members
from records.services.changing import update_cadre, update_member
from records.services.codes import load_code_lists
from records.services.creating import create_cadre, create_member
from records.services.granting import grant_own_record

__all__ = [
    "MemberRow",
    "create_cadre",
    "create_member",
    "grant_own_record",
    "load_code_lists",
    "register_members",
    "update_cadre",
    "update_member",
]
