"""The one list of record fields: label, kind, form item, secrecy level and sensitivity.

Detail pages, lists, forms, the API and the history all ask here whether a reader may see a field;
the rule itself is ``security.fields``. The published data dictionary will take this over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from records.models import Cadre, Member, Person
from security import fields as security_fields
from security.levels import Secrecy, Sensitivity

if TYPE_CHECKING:
    from security.models import User


class Kind(Enum):
    TEXT = "text"
    NAME = "name"
    CODE = "code"
    DATE = "date"  # partial
    PERSONAL_ID = "personal_id"
    PROFILE_NUMBER = "profile_number"
    CARD_NUMBER = "card_number"
    PHONE = "phone"
    FLAG = "flag"


@dataclass(frozen=True)
class RecordField:
    """One field of a register. ``item`` is its number on the form (2-HSĐV, unified CV)."""

    key: str
    register: type[Person | Member | Cadre]
    label: str | Promise
    group: str
    kind: Kind = Kind.TEXT
    item: str = ""
    code_list: str = ""
    required: bool = False
    level: int = Secrecy.INTERNAL
    sensitivity: int = Sensitivity.PERSONAL

    @property
    def max_length(self) -> int | None:
        length: int | None = getattr(self.register._meta.get_field(self.key), "max_length", None)
        return length


GROUPS: dict[str, str | Promise] = {
    "membership": _("Membership"),
    "post": _("Post"),
    "identity": _("Identity"),
    "origin": _("Origin and residence"),
    "education": _("Education"),
}

_SENSITIVE = Sensitivity.SENSITIVE

PERSON_FIELDS = (
    # Whoever may see a row knows it by the name: it stands in lists and headings.
    RecordField(
        "full_name", Person, _("Full name"), "identity", Kind.NAME, "01", required=True,
        level=Secrecy.PUBLIC,
    ),
    RecordField("gender", Person, _("Gender"), "identity", Kind.CODE, "02", "gender"),
    RecordField("other_names", Person, _("Other names"), "identity", item="03"),
    RecordField("birth_date", Person, _("Date of birth"), "identity", Kind.DATE, "04"),
    RecordField(
        "personal_id", Person, _("Personal identity number"), "identity", Kind.PERSONAL_ID, "19",
        sensitivity=_SENSITIVE,
    ),
    RecordField("nationality", Person, _("Nationality"), "identity", item="(8)"),
    RecordField("phone", Person, _("Mobile phone"), "identity", Kind.PHONE, "7c"),
    RecordField(
        "birth_registration_place", Person, _("Place of birth registration"), "origin", item="05"
    ),
    RecordField("native_place", Person, _("Native place"), "origin", item="06"),
    RecordField("permanent_address", Person, _("Permanent address"), "origin", item="07a"),
    RecordField("current_address", Person, _("Current address"), "origin", item="07b"),
    RecordField(
        "ethnicity", Person, _("Ethnic group"), "origin", Kind.CODE, "08", "ethnic_groups",
        sensitivity=_SENSITIVE,
    ),
    RecordField(
        "religion", Person, _("Religion"), "origin", Kind.CODE, "09", "religions",
        sensitivity=_SENSITIVE,
    ),
    RecordField("occupation", Person, _("Present occupation"), "education", item="11"),
    RecordField(
        "general_education", Person, _("General education"), "education", Kind.CODE, "17a",
        "general_education",
    ),
    RecordField(
        "education_level", Person, _("Professional level"), "education", Kind.CODE, "17b",
        "education_level",
    ),
    RecordField("qualification", Person, _("Field of study"), "education", item="17b"),
    RecordField(
        "academic_degree", Person, _("Highest degree"), "education", Kind.CODE, "17c",
        "academic_degree",
    ),
    RecordField(
        "academic_title", Person, _("Academic title"), "education", Kind.CODE, "17d",
        "academic_title",
    ),
    RecordField(
        "political_theory", Person, _("Political theory"), "education", Kind.CODE, "17e",
        "political_theory",
    ),
    RecordField("it_level", Person, _("Computer skills"), "education", Kind.CODE, "17g", "it_level"),
)  # fmt: skip

MEMBER_FIELDS = (
    RecordField(
        "status", Member, _("Status"), "membership", Kind.CODE, "", "membership_status",
        required=True,
    ),
    RecordField(
        "profile_number", Member, _("Profile number"), "membership", Kind.PROFILE_NUMBER, "H6"
    ),
    RecordField("card_number", Member, _("Card number"), "membership", Kind.CARD_NUMBER, "H7"),
    RecordField(
        "admission_decision_date", Member, _("Date of the admission decision"), "membership",
        Kind.DATE, "12e",
    ),
    RecordField("joined_date", Member, _("Date of joining"), "membership", Kind.DATE, "12a"),
    RecordField("joined_cell", Member, _("Joined at cell"), "membership", item="12b"),
    RecordField("official_date", Member, _("Official since"), "membership", Kind.DATE, "12f"),
    RecordField("official_cell", Member, _("Official at cell"), "membership", item="12g"),
    RecordField("exempted_date", Member, _("Exempted since"), "membership", Kind.DATE, "20"),
    RecordField(
        "left_date", Member, _("Left on"), "membership", Kind.DATE, "27a", sensitivity=_SENSITIVE
    ),
)  # fmt: skip

CADRE_FIELDS = (
    RecordField("post", Cadre, _("Present post"), "post", item="13", required=True),
    RecordField("concurrent_posts", Cadre, _("Concurrent posts"), "post", item="14"),
    RecordField("committee_post", Cadre, _("Party committee post"), "post", item="11"),
    RecordField("appointed_date", Cadre, _("Appointed on"), "post", Kind.DATE, "13"),
    RecordField("reappointed_date", Cadre, _("Reappointed on"), "post", Kind.DATE, "13"),
    RecordField("recruited_date", Cadre, _("First recruited on"), "post", Kind.DATE, "16"),
    RecordField("recruitment_agency", Cadre, _("Recruiting agency"), "post", item="16"),
    RecordField("agency_joined_date", Cadre, _("With this agency since"), "post", Kind.DATE, "17"),
    RecordField("rank_code", Cadre, _("Rank code"), "post", item="22"),
    RecordField("managed_centrally", Cadre, _("Managed centrally"), "post", Kind.FLAG),
    RecordField("left_date", Cadre, _("Left the register on"), "post", Kind.DATE),
)


def fields_of(register: type[Member | Cadre]) -> tuple[RecordField, ...]:
    """All fields of a member or cadre row, in the order of the form: its own, then the person's."""
    own = MEMBER_FIELDS if register is Member else CADRE_FIELDS
    return (*own, *PERSON_FIELDS)


def readable_fields(user: User, row: Member | Cadre, fields: Iterable[RecordField]) -> set[str]:
    """Keys of the fields whose values this user may read on this (visible) row.

    The person's fields count as the higher of the row and the person himself.
    """
    fields = list(fields)
    own = [field for field in fields if field.register is not Person]
    of_person = [field for field in fields if field.register is Person]
    return security_fields.readable_fields(user, row, own) | security_fields.readable_fields(
        user, row, of_person, held_by=row.person
    )


def field_of(register: type[Member | Cadre], key: str) -> RecordField:
    return next(field for field in fields_of(register) if field.key == key)
