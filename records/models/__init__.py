from records.models.cadres import Cadre
from records.models.codes import CodeItem, CodeList
from records.models.grants import CadreUserGrant, MemberUnitGrant, MemberUserGrant
from records.models.members import Member
from records.models.naming import PersonNameForeignKey
from records.models.persons import Person

__all__ = [
    "Cadre",
    "CadreUserGrant",
    "CodeItem",
    "CodeList",
    "Member",
    "MemberUnitGrant",
    "MemberUserGrant",
    "Person",
    "PersonNameForeignKey",
]
