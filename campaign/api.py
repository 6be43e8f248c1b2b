"""Read-only API of tasks, within what the caller may see."""

from __future__ import annotations

from django.utils import timezone
from rest_framework import routers, serializers

from campaign.models import Light, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskFilter, current_campaign
from campaign.selectors.filters import STATES
from security.api.parameters import flag, number, one_of, text
from security.api.viewsets import ProtectedViewSet


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


class TaskViewSet(ProtectedViewSet[Task]):
    """Tasks of the current campaign; a single one by its id, whichever campaign it belongs to."""

    serializer_class = TaskSerializer
    queryset = Task.objects.none()
    parameters = (
        one_of("light", "colour of the light now", Light.values, many=True),
        number("group", "number of the work group in the plan", highest=999),
        number("block", "number of the block in the plan", highest=999),
        number("week", "number of the week in the plan", highest=999),
        number("row", "number of the row of the matrix", highest=999),
        text("unit", "code of the lead unit", longest=40),
        one_of("kind", "kind of task", Task.Kind.values),
        one_of("owner", "tasks whose owner the caller is", ["me"]),
        one_of("state", "without it: all tasks on the board", STATES),
        flag("late", "was late at some time"),
        flag("due", "the deadline is over"),
    )

    def get_serializer_class(self) -> type[TaskSerializer]:
        return TaskDetailSerializer if self.action == "retrieve" else TaskSerializer

    def chosen(self, rows: TaskQuerySet) -> TaskQuerySet:  # type: ignore[override]
        campaign = current_campaign()
        if campaign is None:
            return rows.none()
        # The stored light is the one in the answer: past instants are the screens' matter.
        asked = TaskFilter.from_query(self.request.query_params, now=timezone.now())
        return asked.apply(self.caller, campaign)

    def joined(self, rows: TaskQuerySet) -> TaskQuerySet:  # type: ignore[override]
        return rows.select_related("unit", "owner", "group", "matrix_row", "phase", "block")


router = routers.SimpleRouter()
router.register("tasks", TaskViewSet, basename="task")
