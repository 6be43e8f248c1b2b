"""Read-only API of members, within what the caller may see, field by field."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from django.utils.crypto import salted_hmac
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import routers, serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from records.fields import MEMBER_FIELDS, PERSON_FIELDS, fields_of, readable_fields
from records.models import Member
from records.models.members import MemberQuerySet
from records.selectors import matches, unit_in_reach
from security import audit
from security.models import User
from security.scope import allowed_by, may

VIEW = "records.view"


class MemberSerializer(serializers.ModelSerializer[Member]):
    """A member as in the list. Dates are ISO text of a year, a month or a day.

    ``masked`` names the fields that the caller may not read; their value is null.
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
        shown.update(dict.fromkeys(hidden), masked=sorted(hidden))
        return shown


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


class MemberPages(CursorPagination):
    ordering = ("id",)


_FILTERS = [
    OpenApiParameter("q", str, description="any part of the name, with or without accents"),
    OpenApiParameter("unit", int, description="id of a unit; members of it and below it"),
    OpenApiParameter("status", str, description="code of the list membership_status"),
]


@extend_schema_view(list=extend_schema(parameters=_FILTERS))
class MemberViewSet(viewsets.ReadOnlyModelViewSet[Member]):
    """Members that the caller may see. Filters: ``q`` (name), ``unit`` (id), ``status`` (code)."""

    serializer_class = MemberSerializer
    pagination_class = MemberPages
    filter_backends = ()
    queryset = Member.objects.none()

    def get_serializer_class(self) -> type[MemberSerializer]:
        return MemberDetailSerializer if self.action == "retrieve" else MemberSerializer

    def get_queryset(self) -> MemberQuerySet:
        user = cast("User", self.request.user)
        rows: MemberQuerySet = Member.objects.visible_to(user)
        if self.action == "list":
            rows = self._chosen(user, rows)
        return rows.select_related("person", "unit")

    def _chosen(self, user: User, rows: MemberQuerySet) -> MemberQuerySet:
        chosen = self.request.query_params
        if wanted := chosen.get("unit", ""):
            unit = unit_in_reach(user, VIEW, wanted)
            rows = rows.under(unit) if unit else rows.none()
        if status := chosen.get("status", ""):
            rows = rows.with_status(status)
        return cast("MemberQuerySet", matches(rows, chosen.get("q", "")[:80]).rows)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = cast("User", request.user)
        if not may(user, VIEW):
            audit.record(VIEW, actor=user, decision="denied", reason=request.path[:200])
            raise Http404
        response = super().list(request, *args, **kwargs)
        query = request.query_params.get("q", "")
        term = salted_hmac("records.search", query).hexdigest()[:16] if query else ""
        audit.record(
            "search" if query else "list",
            actor=user,
            object_type="records.member",
            ids=[row["id"] for row in response.data["results"]],
            reason=f"term {term}" if term else "",
        )
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = cast("User", request.user)
        try:
            row = self.get_object()
        except Http404:
            audit.record(
                "read",
                actor=user,
                object_type="records.member",
                object_id=str(kwargs.get("pk", ""))[:40],
                decision="denied",
            )
            raise
        audit.record("read", actor=user, row=row, allowed_by=allowed_by(user, row))
        return Response(self.get_serializer(row).data)


router = routers.SimpleRouter()
router.register("members", MemberViewSet, basename="member")
