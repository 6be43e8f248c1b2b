"""Lights with their reasons: many tasks at once, or one; now or at a past instant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework import serializers

from campaign import reasons as words
from campaign.api.tasks import AT, LightField, TaskViewSet
from campaign.models import Light, Task
from campaign.rules import COLOURS, Reason
from campaign.selectors.lines import TaskLine, lines_of, with_people
from campaign.selectors.past import then_at
from campaign.selectors.structure import structure_at


class ReasonSerializer(serializers.Serializer[Reason]):
    """One cause of a light. Only the numbers that belong to ``code`` are other than 0 or empty."""

    code = serializers.ChoiceField(sorted(COLOURS), help_text="stable, for programs")
    light = serializers.ChoiceField(Light.choices, help_text="the colour that it gives")
    text = serializers.SerializerMethodField(help_text="in the reader's language")
    products = serializers.ListField(child=serializers.CharField())
    days = serializers.IntegerField(help_text="overdue, or left")
    until = serializers.DateTimeField(allow_null=True, help_text="the instant spoken of")
    percent = serializers.IntegerField(help_text="progress reported")
    planned = serializers.IntegerField(help_text="progress of the straight line")
    grade = serializers.CharField()
    ticket = serializers.CharField()

    def get_text(self, reason: Reason) -> str:
        return words.text(reason)


class JudgedSerializer(serializers.Serializer[Any]):
    """How a leader sees the task; the computed light stays beside it."""

    light = serializers.ChoiceField(Light.choices)
    reason = serializers.CharField()
    who = serializers.CharField()
    last_day = serializers.DateField()


class LightSerializer(serializers.ModelSerializer[Task]):
    """The light of one task, computed from its facts as of ``at``.

    ``next_change_at``: the instant at which it changes by itself if no fact is added.
    """

    light = LightField(source="line.light")
    at = serializers.DateTimeField(source="line.at")
    progress = serializers.IntegerField(source="line.progress")
    deadline = serializers.DateTimeField(source="line.deadline", allow_null=True)
    late_days = serializers.IntegerField(help_text="of a task that was done late")
    reasons = ReasonSerializer(source="line.reasons", many=True)
    next_change_at = serializers.DateTimeField(source="line.next_change_at", allow_null=True)
    judged = JudgedSerializer(source="line.beside", allow_null=True)

    class Meta:
        model = Task
        fields = (
            *("id", "code", "light", "at", "progress", "deadline", "late_days"),
            *("reasons", "next_change_at", "judged"),
        )
        read_only_fields = fields


EXAMPLE = OpenApiExample(
    "A red light",
    response_only=True,
    value={
        "id": 17, "code": "W3.2", "light": "red", "at": "2026-06-09T08:00:00+07:00",
        "progress": 60, "deadline": "2026-06-07T00:00:00+07:00", "late_days": 0,
        "reasons": [
            {
                "code": "overdue", "light": "red", "text": "quá hạn 3 ngày", "products": ["S5"],
                "days": 3, "until": "2026-06-07T00:00:00+07:00", "percent": 0, "planned": 0,
                "grade": "", "ticket": "",
            }
        ],
        "next_change_at": None, "judged": None,
    },
)  # fmt: skip


@extend_schema_view(
    list=extend_schema(summary="Lights of many tasks, with reasons", examples=[EXAMPLE]),
    retrieve=extend_schema(summary="Why a task has its light", examples=[EXAMPLE]),
)
class LightViewSet(TaskViewSet):
    """Lights of tasks with every reason and the next change; the filters are those of the tasks."""

    serializer_class = LightSerializer  # type: ignore[assignment]
    of_one = (AT,)

    def get_serializer_class(self) -> type[Any]:
        return LightSerializer

    def lit_up(self, tasks: Sequence[Task]) -> list[Task]:
        """The same tasks with their ``line``: five queries for any number of them."""
        now = timezone.now()
        at = self.past_instant()
        found = []
        for campaign in {task.campaign_id: task.campaign for task in tasks}.values():
            frame = structure_at(at or now, campaign)
            then = then_at(campaign, at) if at else None
            here = [task.pk for task in tasks if task.campaign_id == campaign.pk]
            rows = with_people(Task.objects.lit(at).filter(pk__in=here), at or now)
            policy = frame.policy if frame else None
            if policy is not None:
                found += lines_of(rows.order_by("pk"), policy=policy, at=at or now, then=then)
        lines = {line.task.pk: line for line in found}
        for task in tasks:
            task.line = lines.get(task.pk) or TaskLine(  # type: ignore[attr-defined]
                # A draft, or a task that was not on the board at that instant.
                task,
                "",
                at or now,
                task.deadline,
            )
        return list(tasks)
