"""Figures of the leaders' board, now or at any past instant."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaign.api.base import Asked
from campaign.api.lights import ReasonSerializer
from campaign.api.tasks import AT, CAMPAIGN, LightField, campaign_of, past_instant
from campaign.models import Light
from campaign.selectors import board_for
from campaign.selectors.board import Board
from security import audit

LIST = "the list of exactly these tasks; add &light=red for those of one colour"


@extend_schema_field({"type": "string", "example": "/api/v1/tasks/?group=3"})
class ListAddress(serializers.Field[Any, Any, str, Any]):
    """The address of the list that a number counts."""

    def to_representation(self, value: str) -> str:
        return f"{reverse('task-list')}?{value}" if value else reverse("task-list")


class LightCountSerializer(serializers.Serializer[Any]):
    light = serializers.ChoiceField(Light.choices)
    count = serializers.IntegerField()
    before = serializers.IntegerField(
        allow_null=True, help_text="a week before; null in the first week"
    )
    tasks = ListAddress(source="query", help_text="the list of exactly these tasks")


class CountsSerializer(serializers.Serializer[Any]):
    """Tasks of each colour."""

    red = serializers.IntegerField()
    yellow = serializers.IntegerField()
    green = serializers.IntegerField()
    grey = serializers.IntegerField()
    done = serializers.IntegerField()


class SliceSerializer(serializers.Serializer[Any]):
    """A group, block or unit; ``light`` is its worst. ``key``: number in the plan, or unit code."""

    key = serializers.CharField()
    name = serializers.CharField()
    light = LightField()
    total = serializers.IntegerField()
    counts = CountsSerializer()
    tasks = ListAddress(source="query", help_text=LIST)


class ExceptionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField(source="task.pk")
    code = serializers.CharField(source="task.code")
    title = serializers.CharField(source="task.title")
    light = LightField()
    judged = serializers.CharField(allow_blank=True, help_text="a leader's own view, or empty")
    lead_unit = serializers.CharField(source="task.unit.name")
    owner = serializers.CharField(source="task.owner.username", default=None, allow_null=True)
    deadline = serializers.DateTimeField(allow_null=True)
    days_late = serializers.IntegerField()
    waits_for = serializers.CharField(allow_blank=True)
    reasons = ReasonSerializer(many=True)


class RowSerializer(serializers.Serializer[Any]):
    """A row of the progress matrix. ``in_time`` of ``due``: done within the deadline that is over."""

    no = serializers.IntegerField(source="row.no")
    name = serializers.CharField(source="row.name")
    light = LightField()
    total = serializers.IntegerField()
    due = serializers.IntegerField()
    in_time = serializers.IntegerField()
    tasks = ListAddress(source="query", help_text=LIST)


class BoardSerializer(serializers.Serializer[Board]):
    """The board as the caller may see it. Exceptions: the worst sixty, worst first."""

    campaign = serializers.CharField(source="campaign.code")
    at = serializers.DateTimeField()
    past = serializers.BooleanField()
    day_number = serializers.IntegerField()
    week = serializers.IntegerField(source="phase.no", default=None, allow_null=True)
    total = serializers.IntegerField()
    done_late = serializers.IntegerField()
    sweep_late = serializers.BooleanField(help_text="stored lights may be behind")
    lights = LightCountSerializer(many=True)
    exceptions_total = serializers.IntegerField()
    exceptions = ExceptionSerializer(many=True)
    groups = SliceSerializer(many=True)
    blocks = SliceSerializer(many=True)
    units = SliceSerializer(many=True)
    rows = RowSerializer(source="matrix", many=True)

    def to_representation(self, instance: Board) -> Any:
        shown = super().to_representation(instance)
        if instance.since is None:  # nothing to compare with
            for light in shown["lights"]:
                light["before"] = None
        return shown


class BoardViewSet(Asked):
    """Counts by colour, group, block, unit and matrix row, and the exceptions."""

    action_needed = "campaign.board"
    object_type = "campaign.task"
    parameters = (AT, CAMPAIGN)
    serializer_class = BoardSerializer
    pagination_class = None
    http_method_names = ["get", "head"]

    @extend_schema(summary="The board's figures, now or at a past instant")
    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        at = past_instant(request.query_params)
        campaign = campaign_of(self.caller, request.query_params)
        if campaign is None:
            raise Http404
        named = campaign.code if request.query_params.get("campaign") else ""
        board = board_for(self.caller, at, now=timezone.now(), campaign=campaign, named=named)
        if board is None:
            raise Http404
        audit.record(
            "board.read",
            actor=self.caller,
            object_type=self.object_type,
            ids=[line.task.pk for line in board.exceptions],
            reason=request.query_params.get("at", "")[:40],
        )
        return Response(BoardSerializer(board).data)
