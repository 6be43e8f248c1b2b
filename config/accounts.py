"""Sign-in addresses: only what this product offers of allauth.

Accounts are made, and passwords given anew, by administrators. Making an account or asking for a
password by mail is therefore closed for GET and POST alike; the names stay, because allauth's
sign-in page resolves them.
"""

from allauth.account import views
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_safe

from security.mfa import views as second_factor
from security.views import account, invitations, tokens


@login_not_required
@require_safe
def closed(request: HttpRequest) -> HttpResponse:
    return render(request, "account/closed.html")


urlpatterns: list[URLPattern | URLResolver] = [
    path("", account.account, name="account_home"),
    path("sessions/", account.sessions, name="account_sessions"),
    path("sessions/end/", account.sessions_end, name="account_sessions_end"),
    path("sessions/<int:pk>/end/", account.session_end, name="account_session_end"),
    path("invitation/", invitations.invitation_accept, name="account_invitation_accept"),
    path("invitation/<str:token>/", invitations.invitation, name="account_invitation"),
    path("tokens/", tokens.tokens, name="account_tokens"),
    path("tokens/new/", tokens.token_new, name="account_token_new"),
    path("tokens/<int:pk>/revoke/", tokens.token_revoke, name="account_token_revoke"),
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("signup/", closed, name="account_signup"),
    path("password/reset/", closed, name="account_reset_password"),
    path("password/set/", closed, name="account_set_password"),
    path("email/", closed, name="account_email"),
    path("second-factor/", mfa.index, name="mfa_index"),
    path("second-factor/show/", mfa.authenticate, name="mfa_authenticate"),
    path("second-factor/again/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("second-factor/app/", totp.activate_totp, name="mfa_activate_totp"),
    path("second-factor/app/remove/", second_factor.deactivate_totp, name="mfa_deactivate_totp"),
    path("second-factor/keys/", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("second-factor/keys/add/", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path(
        "second-factor/keys/again/",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("second-factor/keys/<int:pk>/", webauthn.edit_webauthn, name="mfa_edit_webauthn"),
    path(
        "second-factor/keys/<int:pk>/remove/",
        second_factor.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
    path("second-factor/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "second-factor/codes/new/",
        codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "second-factor/codes/download/",
        codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
]
