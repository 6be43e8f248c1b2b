"""Addresses of stored files as this client's pages would bear them."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from security import links
from security.models import User


def request_of(client: Client) -> HttpRequest:
    """A request in the session of this client; somebody not signed in has no session."""
    request: Any = HttpRequest()
    request.session = client.session
    cookie = client.cookies.get(settings.SESSION_COOKIE_NAME)
    pk = request.session.get("_auth_user_id") if cookie else None
    request.user = User(pk=int(pk or 0))
    return request  # type: ignore[no-any-return]


def linked(
    client: Client,
    view_name: str,
    pk: int,
    *,
    kind: str = "digitization.page",
    purpose: str = links.VIEW,
) -> str:
    token = links.issue(request_of(client), kind=kind, pk=pk, purpose=purpose)
    return f"{reverse(view_name, args=[pk])}?{links.FIELD}={token}"


def picture(client: Client, pk: int, what: str = "image") -> str:
    """``picture(client, page.pk, "thumbnail")``."""
    return linked(client, f"digitization:page_{what}", pk)
