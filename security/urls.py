from django.urls import path

from security import views

app_name = "security"
urlpatterns = [
    path("trail/", views.trail, name="trail"),
    path("people/", views.people, name="people"),
    path("people/new/", views.person_new, name="person_new"),
    path("people/<int:pk>/edit/", views.person_edit, name="person_edit"),
    path("people/<int:pk>/disable/", views.person_disable, name="person_disable"),
    path("people/<int:pk>/enable/", views.person_enable, name="person_enable"),
    path("people/<int:pk>/link/", views.person_link, name="person_link"),
    path("people/<int:pk>/reset-mfa/", views.person_reset_mfa, name="person_reset_mfa"),
    path("people/<int:pk>/end-sessions/", views.person_end_sessions, name="person_end_sessions"),
    path("people/<int:pk>/", views.person, name="person"),
    path("people/<int:pk>/grants/<int:grant>/end/", views.grant_end, name="grant_end"),
    path("units/search/", views.unit_search, name="unit_search"),
    path("roles/", views.roles, name="roles"),
]
