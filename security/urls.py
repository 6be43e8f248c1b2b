from django.urls import path

from security import views

app_name = "security"
urlpatterns = [
    path("trail/", views.trail, name="trail"),
    path("people/", views.people, name="people"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/grants/<int:grant>/end/", views.grant_end, name="grant_end"),
    path("units/search/", views.unit_search, name="unit_search"),
    path("roles/", views.roles, name="roles"),
]
