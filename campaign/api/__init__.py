"""The campaign's part of the API: tasks, what happened to them, their lights, the board."""

from typing import Any

from django.urls import URLPattern, re_path
from rest_framework.viewsets import ViewSetMixin

from campaign.api.board import BoardViewSet
from campaign.api.campaigns import CampaignViewSet
from campaign.api.facts import (
    CommentViewSet,
    HandOverViewSet,
    JudgementViewSet,
    ReportViewSet,
    RevisionViewSet,
    SubmissionViewSet,
    TransitionViewSet,
)
from campaign.api.lights import LightViewSet
from campaign.api.tasks import TaskViewSet

PK = "(?P<pk>[0-9]{1,18})"
READ = {"get": "list"}
WRITE = {"get": "list", "post": "create"}
ONE = {"get": "retrieve"}


def _at(route: str, name: str, view: type[ViewSetMixin], methods: dict[str, Any]) -> URLPattern:
    return re_path(f"^{route}/$", view.as_view(methods), name=name)


urlpatterns = [
    _at("tasks", "task-list", TaskViewSet, READ),
    _at(f"tasks/{PK}", "task-detail", TaskViewSet, ONE),
    _at(f"tasks/{PK}/reports", "task-reports", ReportViewSet, WRITE),
    _at(f"tasks/{PK}/submissions", "task-submissions", SubmissionViewSet, WRITE),
    _at(f"tasks/{PK}/comments", "task-comments", CommentViewSet, WRITE),
    _at(f"tasks/{PK}/revisions", "task-revisions", RevisionViewSet, READ),
    _at(f"tasks/{PK}/transitions", "task-transitions", TransitionViewSet, READ),
    _at(f"tasks/{PK}/judgements", "task-judgements", JudgementViewSet, READ),
    _at(f"tasks/{PK}/hand-overs", "task-hand-overs", HandOverViewSet, READ),
    _at("lights", "light-list", LightViewSet, READ),
    _at(f"lights/{PK}", "light-detail", LightViewSet, ONE),
    _at("board", "api-board", BoardViewSet, ONE),
    _at("campaigns", "campaign-list", CampaignViewSet, READ),
    _at(f"campaigns/{PK}", "campaign-detail", CampaignViewSet, ONE),
    _at(f"campaigns/{PK}/weeks", "campaign-weeks", CampaignViewSet, {"get": "weeks"}),
]
