"""Addresses of stored files as this client's pages would bear them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from security import links
from security.models import User


def token(client: Client, *, pk: int, kind: str, purpose: str = links.VIEW) -> str:
    """Issued in the session of this client; somebody not signed in has none."""
    request: Any = HttpRequest()
    if client.cookies.get(settings.SESSION_COOKIE_NAME):
        request.session = client.session
    if not getattr(request, "session", {}) or not request.session.session_key:
        return "none"
    request.user = User(pk=int(request.session.get("_auth_user_id", 0)))
    return links.issue(request, kind=kind, pk=pk, purpose=purpose)


def linked(
    client: Client,
    view_name: str,
    pk: int,
    *,
    kind: str = "digitization.page",
    purpose: str = links.VIEW,
) -> str:
    said = token(client, pk=pk, kind=kind, purpose=purpose)
    return f"{reverse(view_name, args=[pk])}?{links.FIELD}={said}"


def picture(client: Client, pk: int, what: str = "image") -> str:
    """``picture(client, page.pk, "thumbnail")``."""
    return linked(client, f"digitization:page_{what}", pk)
