"""The API's routes; each app offers its own router entries."""

from typing import Any

from django.urls import URLPattern, URLResolver, include, path, re_path
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from campaign.api import urlpatterns as campaign_urls
from records.api import router as records_router
from security.api.parameters import check
from security.api.refusals import Absent


class SchemaView(SpectacularAPIView):
    """The OpenAPI document as JSON, for whoever is signed in."""

    renderer_classes = [JSONRenderer]
    http_method_names = ["get", "head"]

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        check(request.query_params, ())
        response: Response = super().get(request, *args, **kwargs)  # type: ignore[no-untyped-call]
        return response


urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SchemaView.as_view(), name="api-schema"),
    path("", include(campaign_urls)),
    path("", include(records_router.urls)),
    # An address without the slash at its end is sent on by Django's own middleware.
    re_path(r"^(?:.*/)?$", Absent.as_view(), name="api-absent"),
]
