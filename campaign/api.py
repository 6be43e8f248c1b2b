"""Read-only API of tasks, within what the caller may see."""

from __future__ import annotations

from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from rest_framework import routers, serializers, viewsets
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from campaign.models import Campaign, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskFilter, current_campaign
from security import audit
from security.models import User
from security.scope import allowed_by, may


class ProductSerializer(serializers.ModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ("id", "checklist_code", "title", "criteria", "deadline", "deadline_text")


class TaskSerializer(serializers.ModelSerializer[Task]):
    """A task as in the list. ``deadline``: the instant at which its time is over."""

    lead_unit = serializers.CharField(source="unit.code", read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True, default=None)
    group = serializers.IntegerField(source="group.no", read_only=True, default=None)
    matrix_row = serializers.IntegerField(source="matrix_row.no", read_only=True, default=None)
    week = serializers.IntegerField(source="phase.no", read_only=True, default=None)
    block = serializers.IntegerField(source="block.no", read_only=True, default=None)

    class Meta:
        model = Task
        fields: tuple[str, ...] = (
            "id",
            "code",
            "kind",
            "title",
            "state",
            "light",
            "late_days",
            "lead_unit",
            "owner",
            "group",
            "matrix_row",
            "week",
            "block",
            "start",
            "deadline",
            "deadline_text",
            "original_deadline",
        )


class TaskDetailSerializer(TaskSerializer):
    products = ProductSerializer(many=True, read_only=True)

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "responsibility", "process", "products")


class TaskPages(CursorPagination):
    ordering = ("id",)


class TaskViewSet(viewsets.ReadOnlyModelViewSet[Task]):
    """Tasks of the current campaign. Filters as in the list: light, group, block, unit, week …"""

    serializer_class = TaskSerializer
    pagination_class = TaskPages
    filter_backends = ()
    queryset = Task.objects.none()

    def get_queryset(self) -> TaskQuerySet:
        user, campaign = cast("User", self.request.user), current_campaign()
        if campaign is None or not may(user, "campaign.view"):
            none: TaskQuerySet = Task.objects.none()
            return none
        rows = self._chosen(user, campaign)
        joined: TaskQuerySet = rows.select_related(
            "unit", "owner", "group", "matrix_row", "phase", "block"
        )
        return joined

    def _chosen(self, user: User, campaign: Campaign) -> TaskQuerySet:
        if self.action == "retrieve":
            return Task.objects.visible_to(user)
        chosen = TaskFilter.from_query(self.request.query_params, now=timezone.now())
        # The stored light is the one in the answer: past instants are the screens' matter.
        return chosen.but(at=None).apply(user, campaign)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        ids = [row["id"] for row in response.data["results"]]
        audit.record("list", actor=cast("User", request.user), object_type="campaign.task", ids=ids)
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        user = cast("User", request.user)
        try:
            row = self.get_object()
        except Http404:
            audit.record(
                "read",
                actor=user,
                object_type="campaign.task",
                object_id=str(kwargs.get("pk", ""))[:40],
                decision="denied",
            )
            raise
        audit.record("read", actor=user, row=row, allowed_by=allowed_by(user, row))
        return Response(TaskDetailSerializer(row, context={"request": request}).data)


router = routers.SimpleRouter()
router.register("tasks", TaskViewSet, basename="task")
