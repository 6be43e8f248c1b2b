"""Sign-in addresses: only what this product offers of allauth.

Accounts are made, and passwords given anew, by administrators. Making an account or asking for a
password by mail is therefore closed for GET and POST alike; the names stay, because allauth's
sign-in page resolves them.
"""

from allauth.account import views
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    return render(request, "account/closed.html")


urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("signup/", closed, name="account_signup"),
    path("password/reset/", closed, name="account_reset_password"),
    path("password/set/", closed, name="account_set_password"),
    path("email/", closed, name="account_email"),
]
