"""Signing in and out, one's own account, and what answers before anybody signs in."""

from __future__ import annotations

from typing import Any

from tests.walk.register import ANYBODY, OUTSIDE, SIGNED_IN, Door, roles
from tests.walk.rows import Rows

TOKENS = roles("office", "keeper", "administrator")


def _again(name: str, method: str = "GET", **more: Any) -> Door:
    """A page that one opens only after having shown again who one is."""
    return Door(name, SIGNED_IN, method=method, status=302, **more)


def _key(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.session.pk}


DOORS = (
    Door("healthz", ANYBODY, elsewhere="tests/config/test_health.py: it asks for a worker"),
    Door("set_language", ANYBODY, None, "POST", 302, data=lambda rows: {"language": "vi"}),
    # Whoever is in is sent home.
    Door("account_login", OUTSIDE, seen=dict.fromkeys(SIGNED_IN, 302)),
    Door("account_logout", SIGNED_IN),
    Door("account_inactive", ANYBODY),
    Door("account_home", SIGNED_IN),
    Door("account_sessions", SIGNED_IN, moves=True),
    Door("account_sessions_end", SIGNED_IN, None, "POST", 302),
    Door("account_session_end", roles("keeper"), _key, "POST", 302),
    Door("account_invitation_accept", ANYBODY, status=404, mute=True),
    Door(
        "account_invitation",
        ANYBODY,
        elsewhere="tests/security/test_invitations.py: the answer changes with the number of tries",
    ),
    Door("account_change_password", SIGNED_IN),
    Door("account_reauthenticate", SIGNED_IN),
    Door("account_signup", ANYBODY),
    Door("account_reset_password", ANYBODY),
    Door("account_set_password", ANYBODY),
    Door("account_email", ANYBODY),
    Door("account_tokens", TOKENS),
    Door("account_token_new", TOKENS, status=302),
    Door(
        "account_token_revoke",
        roles("keeper", "administrator"),
        lambda rows: {"pk": rows.token.pk},
        "POST",
        302,
    ),
    Door("mfa_index", SIGNED_IN),
    _again("mfa_authenticate", outside=302),
    _again("mfa_reauthenticate"),
    _again("mfa_activate_totp"),
    Door("mfa_deactivate_totp", SIGNED_IN, status=404, mute=True),
    Door("mfa_list_webauthn", SIGNED_IN),
    _again("mfa_add_webauthn"),
    _again("mfa_reauthenticate_webauthn"),
    _again("mfa_edit_webauthn", kwargs=_key, hidden=302, mute=True),
    Door("mfa_remove_webauthn", SIGNED_IN, _key, status=404, mute=True),
    Door("mfa_view_recovery_codes", SIGNED_IN, status=404, mute=True),
    _again("mfa_generate_recovery_codes"),
    Door("mfa_download_recovery_codes", SIGNED_IN, status=404, mute=True),
)
