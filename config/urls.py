from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from config.health import healthz
from config.reference import site
from config.state.views import damaged_files, installation_state

handler400 = "config.refusals.bad_request"
handler500 = "config.refusals.fault"
urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz, name="healthz"),
    path("i18n/setlang/", login_not_required(set_language), name="set_language"),
    path("accounts/", include("config.accounts")),
    path("api/v1/", include("config.api")),
    path("tasks/", include("campaign.urls")),
    path("digitization/", include("digitization.urls")),
    path("records/", include("records.urls")),
    path("access/state/", installation_state, name="installation_state"),
    path("access/state/files/", damaged_files, name="damaged_files"),
    path("access/", include("security.urls")),
    path("admin/", site.urls),
    path("", include("dashboard.urls")),
]
