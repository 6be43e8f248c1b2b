from django.urls import URLPattern, path

from records import views

app_name = "records"
urlpatterns: list[URLPattern] = [
    path("members/", views.member_list, name="member_list"),
    path("members/<int:pk>/", views.member_detail, name="member_detail"),
    path("members/<int:pk>/history/", views.member_history, name="member_history"),
    path("members/<int:pk>/edit/", views.member_edit, name="member_edit"),
    path("cadres/", views.cadre_list, name="cadre_list"),
    path("cadres/<int:pk>/", views.cadre_detail, name="cadre_detail"),
    path("cadres/<int:pk>/history/", views.cadre_history, name="cadre_history"),
    path("cadres/<int:pk>/edit/", views.cadre_edit, name="cadre_edit"),
    path("me/", views.own_record, name="own"),
]
