from django.urls import URLPattern, path

from digitization.views import dossiers, home, lots, pages, programmes, search

app_name = "digitization"
urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("upload/", home.upload, name="upload"),
    path("search/", search.search, name="search"),
    path("programmes/new/", programmes.programme_new, name="programme_new"),
    path("programmes/<int:pk>/", programmes.programme, name="programme"),
    path("programmes/<int:pk>/expected/", programmes.expected, name="programme_expected"),
    path("programmes/<int:pk>/close/", programmes.close, name="programme_close"),
    path("programmes/<int:pk>/lots/", programmes.lot_new, name="lot_new"),
    path("lots/<int:pk>/", lots.lot, name="lot"),
    path("lots/<int:pk>/dossiers/", lots.dossier_new, name="dossier_new"),
    path("lots/<int:pk>/assign/", lots.assign, name="lot_assign"),
    path("lots/<int:pk>/retry/", lots.retry, name="lot_retry"),
    path("lots/<int:pk>/accept/", lots.accept, name="lot_accept"),
    path("lots/<int:pk>/reject/", lots.reject, name="lot_reject"),
    path("lots/<int:pk>/reopen/", lots.reopen, name="lot_reopen"),
    path("dossiers/<int:pk>/", dossiers.dossier, name="dossier"),
    path("dossiers/<int:pk>/upload/", dossiers.upload, name="dossier_upload"),
    path("dossiers/<int:pk>/index/", dossiers.index, name="dossier_index"),
    path("dossiers/<int:pk>/retry/", dossiers.retry, name="dossier_retry"),
    path("files/<int:pk>/type/", dossiers.file_type, name="file_type"),
    path("pages/<int:pk>/", pages.page, name="page"),
    path("pages/<int:pk>/text/", pages.text, name="page_text"),
    path("pages/<int:pk>/retry/", pages.retry, name="page_retry"),
    path("pages/<int:pk>/excuse/", pages.excuse, name="page_excuse"),
    path("pages/<int:pk>/image/", pages.image, name="page_image"),
    path("pages/<int:pk>/thumbnail/", pages.thumbnail, name="page_thumbnail"),
]
