"""What happened to a task: reports, deadlines, hand-ins with their grades, lights, comments."""

from __future__ import annotations

from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_view,
)
from rest_framework import serializers

from campaign import services
from campaign.api.base import TaskPartViewSet, WrittenPartViewSet
from campaign.api.bodies import CommentBody, ReportBody, SubmissionBody
from campaign.api.lights import ReasonSerializer
from campaign.api.tasks import LightField
from campaign.models import (
    Acceptance,
    Comment,
    DeadlineRevision,
    HandOver,
    Judgement,
    LightTransition,
    ProgressReport,
    Submission,
    Task,
)
from campaign.reasons import from_json
from campaign.services.access import refuse


def listed(name: str) -> Any:
    return extend_schema_view(list=extend_schema(summary=f"{name} of a task"))


def written(name: str, body: Any, **example: Any) -> Any:
    return extend_schema_view(
        list=extend_schema(summary=f"{name} of a task"),
        create=extend_schema(
            summary=f"Add to the {name.lower()} of a task",
            request=body,
            examples=[OpenApiExample("Body", request_only=True, value=example)],
        ),
    )


class Fact(serializers.ModelSerializer[Any]):
    by = serializers.CharField(source="by.username", read_only=True)


class ReportSerializer(Fact):
    class Meta:
        model = ProgressReport
        fields = ("id", "percent", "note", "obstacle", "by", "at")
        read_only_fields = fields


class RevisionSerializer(serializers.ModelSerializer[DeadlineRevision]):
    approved_by = serializers.CharField(source="approved_by.username", read_only=True)

    class Meta:
        model = DeadlineRevision
        fields = ("id", "old", "new", "reason", "approved_by", "at")
        read_only_fields = fields


class StatedSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    statement = serializers.CharField()


class CheckedSerializer(serializers.Serializer[Any]):
    criterion = serializers.CharField()
    met = serializers.BooleanField()
    note = serializers.CharField(allow_blank=True)


class AcceptanceSerializer(Fact):
    unit = serializers.CharField(source="unit.code", read_only=True)
    criteria = CheckedSerializer(many=True, read_only=True)
    remediate_by = serializers.CharField(
        source="remediate_by.username", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Acceptance
        fields = (
            *("id", "grade", "criteria", "note", "remediate_until", "remediate_by"),
            *("by", "unit", "at"),
        )
        read_only_fields = fields


class SubmissionSerializer(Fact):
    """A hand-in with its grade, once it has one."""

    unit = serializers.CharField(source="unit.code", read_only=True)
    criteria = StatedSerializer(many=True, read_only=True)
    acceptance = AcceptanceSerializer(read_only=True, allow_null=True, default=None)

    class Meta:
        model = Submission
        fields = (
            *("id", "product", "round", "statement", "criteria", "link", "by", "unit", "at"),
            "acceptance",
        )
        read_only_fields = fields


class TransitionSerializer(serializers.ModelSerializer[LightTransition]):
    """``effective_at``: when the light changed; ``detected_at``: when this was found.

    An empty light is that of a task that was not on the board yet, or is no longer.
    """

    from_light = LightField()
    to_light = LightField()
    reasons = serializers.SerializerMethodField()

    class Meta:
        model = LightTransition
        fields = (
            "id",
            "number",
            "from_light",
            "to_light",
            "reasons",
            "effective_at",
            "detected_at",
        )
        read_only_fields = fields

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, row: LightTransition) -> list[dict[str, Any]]:
        return [dict(ReasonSerializer(from_json(reason)).data) for reason in row.reasons]


class CommentSerializer(Fact):
    """``text`` is empty where the author withdrew it."""

    text = serializers.SerializerMethodField()

    class Meta:
        model = Comment
        fields = ("id", "text", "by", "at", "withdrawn_at")
        read_only_fields = fields

    def get_text(self, row: Comment) -> str:
        return "" if row.withdrawn_at else row.text


class JudgementSerializer(Fact):
    class Meta:
        model = Judgement
        fields = ("id", "light", "reason", "by", "at", "expires_at")
        read_only_fields = fields


class HandOverSerializer(Fact):
    from_owner = serializers.CharField(source="from_owner.username", read_only=True)
    to_owner = serializers.CharField(source="to_owner.username", read_only=True)
    from_unit = serializers.CharField(source="from_unit.code", read_only=True)
    to_unit = serializers.CharField(source="to_unit.code", read_only=True)

    class Meta:
        model = HandOver
        fields = (*("id", "from_owner", "to_owner", "from_unit", "to_unit", "reason", "by", "at"),)
        read_only_fields = fields


@written("Progress reports", ReportBody, percent=60, note="Đã đối chiếu ba đơn vị", version=4)
class ReportViewSet(WrittenPartViewSet):
    """Progress reports."""

    part, queryset = "reports", ProgressReport.objects.none()
    serializer_class, body_class, writes_with = ReportSerializer, ReportBody, "campaign.report"

    def facts(self, task: Task) -> QuerySet[Any]:
        return task.reports.select_related("by")

    def deed(self, task: Task, data: dict[str, Any]) -> Model:
        return services.report_progress(actor=self.caller, task=task, now=timezone.now(), **data)


@written(
    "Hand-ins", SubmissionBody, product=31, statement="Đủ tiêu chí, bản ký số 12/BC", version=4
)
class SubmissionViewSet(WrittenPartViewSet):
    """Products handed in, round by round, with their grades."""

    part, queryset = "submissions", Submission.objects.none()
    serializer_class, body_class = SubmissionSerializer, SubmissionBody
    writes_with = "campaign.submit"

    def facts(self, task: Task) -> QuerySet[Any]:
        return Submission.objects.filter(product__task=task).select_related(
            "by", "unit", "acceptance__by", "acceptance__unit", "acceptance__remediate_by"
        )

    def deed(self, task: Task, data: dict[str, Any]) -> Model:
        product = task.products.filter(pk=data.pop("product")).first()
        if product is None:
            raise refuse("product", _("The task has no such product."))
        product.task = task
        return services.submit_product(
            actor=self.caller, product=product, now=timezone.now(), **data
        )


@written("Comments", CommentBody, text="@hoangvan xem giúp phụ lục 2")
class CommentViewSet(WrittenPartViewSet):
    """Comments."""

    part, queryset = "comments", Comment.objects.none()
    serializer_class, body_class, writes_with = CommentSerializer, CommentBody, "campaign.report"

    def facts(self, task: Task) -> QuerySet[Any]:
        return task.comments.select_related("by")

    def deed(self, task: Task, data: dict[str, Any]) -> Model:
        return services.add_comment(actor=self.caller, task=task, now=timezone.now(), **data)


@listed("Moved deadlines")
class RevisionViewSet(TaskPartViewSet):
    """Deadlines that were moved; the original one stays on the task."""

    part, queryset, serializer_class = (
        "revisions",
        DeadlineRevision.objects.none(),
        RevisionSerializer,
    )

    def facts(self, task: Task) -> QuerySet[Any]:
        return task.revisions.select_related("approved_by")


@listed("Changes of the light")
class TransitionViewSet(TaskPartViewSet):
    """Every change of the light since the task came onto the board."""

    part, queryset = "transitions", LightTransition.objects.none()
    serializer_class = TransitionSerializer

    def facts(self, task: Task) -> QuerySet[Any]:
        return LightTransition.objects.filter(task=task)


@listed("Judgements")
class JudgementViewSet(TaskPartViewSet):
    """How leaders saw the task otherwise than computed."""

    part, queryset, serializer_class = "judgements", Judgement.objects.none(), JudgementSerializer

    def facts(self, task: Task) -> QuerySet[Any]:
        return task.judgements.select_related("by")


@listed("Hand-overs")
class HandOverViewSet(TaskPartViewSet):
    """Owners and lead units that the task had before."""

    part, queryset, serializer_class = "hand-overs", HandOver.objects.none(), HandOverSerializer

    def facts(self, task: Task) -> QuerySet[Any]:
        people = ("from_owner", "to_owner", "from_unit", "to_unit", "by")
        return task.hand_overs.select_related(*people)
