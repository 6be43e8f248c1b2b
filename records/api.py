"""Read-only API of members, within what the caller may see, field by field."""

from __future__ import annotations

from typing import Any, cast

from rest_framework import routers, serializers

from records.fields import MEMBER_FIELDS, PERSON_FIELDS, field_of, fields_of, readable_fields
from records.models import Member
from records.models.members import MemberQuerySet
from records.selectors import matches, unit_in_reach
from security import audit
from security.api.parameters import number, text
from security.api.refusals import BadParameterError
from security.api.viewsets import ProtectedViewSet
from security.fields import HiddenFieldError, where_readable


class MemberSerializer(serializers.ModelSerializer[Member]):
    """A member as in the list. Dates are ISO text of a year, a month or a day.

    ``masked`` names the fields that the caller may not read; they are left out.
    """

    full_name = serializers.CharField(source="person.full_name", read_only=True)
    birth_date = serializers.CharField(source="person.birth_date", read_only=True, allow_null=True)
    unit = serializers.CharField(source="unit.code", read_only=True)
    masked = serializers.ListField(child=serializers.CharField(), read_only=True, default=list)

    class Meta:
        model = Member
        fields: tuple[str, ...] = (
            "id",
            "full_name",
            "birth_date",
            "unit",
            "level",
            "status",
            "profile_number",
            "card_number",
            "official_date",
            "masked",
        )

    def to_representation(self, instance: Member) -> dict[str, Any]:
        shown = super().to_representation(instance)
        fields = [field for field in fields_of(Member) if field.key in shown]
        hidden = {field.key for field in fields} - readable_fields(
            self.context["request"].user, instance, fields
        )
        for key in hidden:
            del shown[key]
        return {**shown, "masked": sorted(hidden)}


class MemberDetailSerializer(MemberSerializer):
    """Every field of the register. Codes are those of the code lists."""

    class Meta(MemberSerializer.Meta):
        fields = (
            *MemberSerializer.Meta.fields,
            *(
                field.key
                for field in (*MEMBER_FIELDS, *PERSON_FIELDS)
                if field.key not in MemberSerializer.Meta.fields
            ),
        )

    def build_field(self, field_name: str, *args: Any, **kwargs: Any) -> tuple[Any, dict[str, Any]]:
        if any(field.key == field_name for field in PERSON_FIELDS):
            source = {"source": f"person.{field_name}", "read_only": True, "allow_null": True}
            return serializers.CharField, source
        return super().build_field(field_name, *args, **kwargs)


class MemberViewSet(ProtectedViewSet[Member]):
    """Members that the caller may see."""

    serializer_class = MemberSerializer
    queryset = Member.objects.none()
    parameters = (
        text("q", "any part of the name, with or without accents", longest=80),
        number("unit", "id of a unit; members of it and below it"),
        text("status", "code of the list membership_status", longest=40),
    )
    searched_by = "q"

    def get_serializer_class(self) -> type[MemberSerializer]:
        return MemberDetailSerializer if self.action == "retrieve" else MemberSerializer

    def chosen(self, rows: MemberQuerySet) -> MemberQuerySet:  # type: ignore[override]
        asked = self.request.query_params
        if wanted := asked.get("unit", ""):
            unit = unit_in_reach(self.caller, Member.view_action, wanted)
            rows = rows.under(unit) if unit else rows.none()
        try:
            if status := asked.get("status", ""):
                wanted = "status"
                rows = where_readable(self.caller, rows, field_of(Member, "status"))
                rows = rows.with_status(status)
            wanted = "q"
            return cast("MemberQuerySet", matches(rows, asked.get("q", ""), user=self.caller).rows)
        except HiddenFieldError as refused:
            audit.record(
                "search",
                actor=self.caller,
                object_type=self.label,
                fields=refused.keys,
                decision="denied",
            )
            raise BadParameterError({wanted: str(refused)}) from refused

    def joined(self, rows: MemberQuerySet) -> MemberQuerySet:  # type: ignore[override]
        return rows.select_related("person", "unit")


router = routers.SimpleRouter()
router.register("members", MemberViewSet, basename="member")
