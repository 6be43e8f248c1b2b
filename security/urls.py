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
    path("people/<int:pk>/clearance/", views.person_clearance, name="person_clearance"),
    path("clearances/", views.clearances, name="clearances"),
    path("units/", views.units, name="units"),
    path("units/new/", views.unit_new, name="unit_new"),
    path("units/<int:pk>/", views.unit, name="unit"),
    path("units/<int:pk>/children/", views.unit_children, name="unit_children"),
    path("units/<int:pk>/edit/", views.unit_edit, name="unit_edit"),
    path("units/<int:pk>/move/", views.unit_move, name="unit_move"),
    path("units/<int:pk>/dissolve/", views.unit_dissolve, name="unit_dissolve"),
    path("units/search/", views.unit_search, name="unit_search"),
    path("roles/", views.roles, name="roles"),
    path("roles/<slug:code>/", views.role, name="role"),
    path("roles/<slug:code>/mfa/", views.role_mfa, name="role_mfa"),
    path("requests/", views.requests, name="requests"),
    path("requests/<int:pk>/approve/", views.request_approve, name="request_approve"),
    path("requests/<int:pk>/refuse/", views.request_refuse, name="request_refuse"),
    path("requests/<int:pk>/withdraw/", views.request_withdraw, name="request_withdraw"),
    path("expiring/", views.expiring, name="expiring"),
    path("my-roles/", views.my_roles, name="my_roles"),
    path("my-roles/colleagues/", views.colleague_search, name="colleague_search"),
    path("my-roles/<int:grant>/end/", views.delegation_end, name="delegation_end"),
]
