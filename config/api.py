"""The API's routes; each app offers its own router entries."""

from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularAPIView

from campaign.api import router as campaign_router
from records.api import router as records_router

urlpatterns: list[URLPattern | URLResolver] = [
    path("schema/", SpectacularAPIView.as_view(), name="api-schema"),
    path("", include(campaign_router.urls)),
    path("", include(records_router.urls)),
]
