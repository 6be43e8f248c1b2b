"""Signing in and out, one's own account, and what answers before anybody signs in."""

from __future__ import annotations

from tests.walk.register import ANYBODY, OUTSIDE, SIGNED_IN, Door

DOORS = (
    Door("healthz", ANYBODY, elsewhere="tests/config/test_health.py: it asks for a worker"),
    Door("set_language", ANYBODY, None, "POST", 302, data=lambda rows: {"language": "vi"}),
    # Whoever is in is sent home.
    Door("account_login", OUTSIDE, seen=dict.fromkeys(SIGNED_IN, 302)),
    Door("account_logout", SIGNED_IN),
    Door("account_inactive", ANYBODY),
    Door("account_change_password", SIGNED_IN),
    Door("account_reauthenticate", SIGNED_IN),
    Door("account_signup", ANYBODY),
    Door("account_reset_password", ANYBODY),
    Door("account_set_password", ANYBODY),
    Door("account_email", ANYBODY),
)
