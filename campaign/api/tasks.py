"""Tasks, within what the caller may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers

from campaign.models import Campaign, Light, Product, Task
from campaign.models.tasks import TaskQuerySet
from campaign.selectors import TaskFilter
from campaign.selectors.choosing import choose
from campaign.selectors.filters import STATES, WORDS_AT_MOST
from campaign.selectors.past import then_at
from security.api.parameters import INSTANT, fitting, flag, number, one_of, text
from security.api.refusals import BadParameterError
from security.api.viewsets import ProtectedViewSet
from security.models import User

AT = fitting(
    "at", "a past day (its end) or instant; without it: now", INSTANT, longest=40,
    example="2026-06-04T17:00:00+07:00",
)  # fmt: skip
CAMPAIGN = fitting(
    "campaign", "code of a campaign; without it: the newest open one", "[-A-Za-z0-9_]{1,40}",
    longest=40,
)  # fmt: skip


class LightField(serializers.ChoiceField):
    """A colour; "" of whatever is not on the board: drafts, cancelled tasks."""

    def __init__(self, **how: Any) -> None:
        super().__init__(Light.choices, allow_blank=True, read_only=True, **how)

    def to_representation(self, value: Any) -> str:
        return str(value)


class ProductSerializer(serializers.ModelSerializer[Product]):
    class Meta:
        model = Product
        fields = ("id", "checklist_code", "title", "criteria", "deadline", "deadline_text")


class TaskSerializer(serializers.ModelSerializer[Task]):
    """A task as in the list. ``deadline``: the instant at which its time is over.

    ``version`` counts changes of what was agreed: send it along when writing. With ``at``, light,
    lead unit and owner are those of that instant, and everything else is as agreed now.
    """

    light = LightField()
    campaign = serializers.CharField(source="campaign.code", read_only=True)
    lead_unit = serializers.CharField(source="unit.code", read_only=True)
    owner = serializers.CharField(source="owner.username", read_only=True, default=None)
    group = serializers.IntegerField(source="group.no", read_only=True, default=None)
    matrix_row = serializers.IntegerField(source="matrix_row.no", read_only=True, default=None)
    week = serializers.IntegerField(source="phase.no", read_only=True, default=None)
    block = serializers.IntegerField(source="block.no", read_only=True, default=None)

    class Meta:
        model = Task
        fields: tuple[str, ...] = (
            *("id", "code", "campaign", "kind", "title", "state", "version"),
            *("light", "late_days", "next_change_at", "lead_unit", "owner"),
            *("group", "matrix_row", "week", "block"),
            *("start", "deadline", "deadline_text", "original_deadline"),
        )
        read_only_fields = fields


class TaskDetailSerializer(TaskSerializer):
    products = ProductSerializer(many=True, read_only=True)

    class Meta(TaskSerializer.Meta):
        fields = (*TaskSerializer.Meta.fields, "responsibility", "process", "products")
        read_only_fields = fields


@extend_schema_view(
    list=extend_schema(summary="Tasks, filtered as on the page"),
    retrieve=extend_schema(summary="One task with its products"),
)
class TaskViewSet(ProtectedViewSet[Task]):
    """Tasks of a campaign; a single one by its id, whichever campaign it belongs to."""

    serializer_class = TaskSerializer
    queryset = Task.objects.none()
    searched_by = "q"
    parameters = (
        one_of("light", "colour of the light", Light.values, many=True),
        number("group", "number of the work group in the plan", highest=999),
        number("block", "number of the block in the plan", highest=999),
        number("week", "number of the week in the plan", highest=999),
        number("row", "number of the row of the matrix", highest=999),
        text("unit", "code of the lead unit", longest=40),
        one_of("kind", "kind of task", Task.Kind.values),
        fitting("owner", "id of the owner, or “me”", "me|[0-9]{1,12}", longest=12),
        one_of("deputy", "tasks of the blocks that the caller heads", ["me"]),
        one_of("state", "without it: all tasks on the board", STATES),
        flag("late", "was late at some time"),
        flag("due", "the deadline is over"),
        text("q", "words that stand in title or code", longest=WORDS_AT_MOST),
        AT,
        CAMPAIGN,
    )

    def get_serializer_class(self) -> type[Any]:
        return TaskDetailSerializer if self.action == "retrieve" else TaskSerializer

    def past_instant(self) -> datetime | None:
        return past_instant(self.request.query_params)

    def chosen(self, rows: TaskQuerySet) -> TaskQuerySet:  # type: ignore[override]
        self.past_instant()
        campaign = campaign_of(self.caller, self.request.query_params)
        if campaign is None:
            return rows.none()
        asked = TaskFilter.from_query(self.request.query_params, now=timezone.now())
        return asked.apply(self.caller, campaign)

    def joined(self, rows: TaskQuerySet) -> TaskQuerySet:  # type: ignore[override]
        joined = ("campaign", "unit", "owner", "group", "matrix_row", "phase", "block")
        return rows.select_related(*joined)

    def paginate_queryset(self, queryset: Any) -> Any:
        page = super().paginate_queryset(queryset)
        return self.lit_up(page) if page else page

    def get_object(self) -> Task:
        return self.lit_up([super().get_object()])[0]

    def lit_up(self, tasks: Sequence[Task]) -> list[Task]:
        """As of the instant asked for; one query more for a past one."""
        at = self.past_instant()
        if at is not None and tasks:
            then_at(tasks[0].campaign, at).put_into(tasks)
            for task in tasks:
                task.light = getattr(task, "lit", task.light)
        return list(tasks)


def past_instant(query: Any) -> datetime | None:
    """``at``; raises BadParameterError unless it is a past instant."""
    at = TaskFilter.from_query(query, now=timezone.now()).at
    if at is None and query.get("at"):
        raise BadParameterError({"at": _("That is not a past day and time.")})
    return at


def campaign_of(user: User, query: Any) -> Campaign | None:
    """``campaign``, or the newest open one; raises BadParameterError if there is none such."""
    code = query.get("campaign", "")
    found = choose(user, code).campaign
    if code and (found is None or found.code != code):
        raise BadParameterError({"campaign": _("There is no such campaign here.")})
    return found
