"""Campaigns open to the caller, their parts, and their weeks."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from campaign.api.base import Asked
from campaign.api.board import LIST, CountsSerializer, ListAddress
from campaign.models import Campaign, Phase
from campaign.selectors import TaskFilter
from campaign.selectors.choosing import visible_campaigns
from campaign.selectors.structure import structure_at
from campaign.selectors.trend import trend_of
from security import audit


class CampaignSerializer(serializers.ModelSerializer[Campaign]):
    """``end``: the last day, included. A campaign with ``closed_at`` can be read alone."""

    class Meta:
        model = Campaign
        fields: tuple[str, ...] = ("id", "code", "title", "start", "end", "closed_at")
        read_only_fields = fields


class PartSerializer(serializers.Serializer[Any]):
    no = serializers.IntegerField()
    name = serializers.CharField()


class WeekSerializer(serializers.ModelSerializer[Phase]):
    class Meta:
        model = Phase
        fields = ("no", "start", "end")


class ThresholdsSerializer(serializers.Serializer[Any]):
    """Thresholds of the lights in force now."""

    warning_days = serializers.IntegerField()
    behind_points = serializers.IntegerField()


class CampaignDetailSerializer(serializers.Serializer[Any]):
    """A campaign with the numbers that the filters of tasks ask for."""

    campaign = CampaignSerializer()
    weeks = WeekSerializer(source="phases", many=True)
    groups = PartSerializer(many=True)
    blocks = PartSerializer(many=True)
    rows = PartSerializer(many=True)
    thresholds = ThresholdsSerializer(source="policy")


class FrozenWeekSerializer(serializers.Serializer[Any]):
    no = serializers.IntegerField()
    at = serializers.DateTimeField(help_text="the end of the week")
    total = serializers.IntegerField()
    counts = CountsSerializer()
    tasks = ListAddress(source="query", help_text=LIST)


class TrendSerializer(serializers.Serializer[Any]):
    """``frozen``: the published figures; else those of what the caller sees, as of the same ends."""

    frozen = serializers.BooleanField()
    weeks = FrozenWeekSerializer(many=True)


class CampaignViewSet(Asked):
    """Campaigns in which the caller may see something."""

    object_type = "campaign.campaign"
    serializer_class = CampaignSerializer
    pagination_class = None
    http_method_names = ["get", "head"]

    @extend_schema(summary="Campaigns, open ones first")
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        found = visible_campaigns(self.caller)
        audit.record(
            "list",
            actor=self.caller,
            object_type=self.object_type,
            ids=[one.pk for one in found],
        )
        return Response(CampaignSerializer(found, many=True).data)

    @extend_schema(
        summary="One campaign with its weeks, groups, blocks and rows",
        responses=CampaignDetailSerializer,
    )
    def retrieve(self, request: Request, pk: str) -> Response:
        frame = structure_at(timezone.now(), self._campaign(pk))
        return Response(CampaignDetailSerializer(frame).data)

    @extend_schema(
        summary="Counts of each colour at the end of every week", responses=TrendSerializer
    )
    def weeks(self, request: Request, pk: str) -> Response:
        campaign = self._campaign(pk)
        base = TaskFilter(campaign=campaign.code)
        now = timezone.now()
        frame = structure_at(now, campaign)
        if frame is None:
            raise Http404
        trend = trend_of(self.caller, frame, base, until=now)
        return Response(TrendSerializer(trend).data)

    def _campaign(self, pk: str) -> Campaign:
        """Of those open to the caller; hidden and absent answer alike."""
        found = next((one for one in visible_campaigns(self.caller) if one.pk == int(pk)), None)
        audit.record(
            "read",
            actor=self.caller,
            object_type=self.object_type,
            object_id=pk,
            decision="allowed" if found else "denied",
        )
        if found is None:
            raise Http404
        return found
