"""Short-lived links to stored files: for one person, in one session, for one purpose.

A link is ``?link=TOKEN`` behind an ordinary address. The token says nothing but when it was made;
what it stands for (purpose, kind of row, id, user, session) is signed and asked again at use, so a
link that was copied, altered or kept is worth nothing. It never opens anything by itself: whoever
uses it asks the visibility filter too (``security.http.linked_or_404``).
"""

from __future__ import annotations

import time

from django.core import signing
from django.http import HttpRequest
from django.urls import reverse

from security.context import session_mark
from security.models import Protected

FIELD = "link"
VIEW, DOWNLOAD = "view", "download"
# Seconds. A screen left alone for longer has no session any more; a download is fetched at once.
LIFE = {VIEW: 30 * 60, DOWNLOAD: 2 * 60}
# Links made within the same five minutes are the same, so that a screen that renews a part of
# itself does not fetch its pictures again.
STEP = {VIEW: 5 * 60, DOWNLOAD: 1}


class LinkError(Exception):
    """The link does not open this here; says why, in words for the trail."""


class _Signer(signing.TimestampSigner):
    def __init__(self, purpose: str) -> None:
        super().__init__(salt=f"security.links.{purpose}")
        self._step = STEP[purpose]

    def timestamp(self) -> str:
        now = int(time.time())
        return signing.b62_encode(now - now % self._step)


def issue(request: HttpRequest, *, kind: str, pk: int, purpose: str = VIEW) -> str:
    """A token for this person in this session. kind: ``model._meta.label_lower`` of the row."""
    told = _told(request, kind, pk)
    return _Signer(purpose).sign(told).removeprefix(f"{told}:")


def address(request: HttpRequest, view_name: str, row: Protected, *, purpose: str = VIEW) -> str:
    """The address of a row's file with its link; the view takes ``pk`` alone."""
    token = issue(request, kind=row._meta.label_lower, pk=row.pk, purpose=purpose)
    return f"{reverse(view_name, args=[row.pk])}?{FIELD}={token}"


def check(request: HttpRequest, *, kind: str, pk: int, purpose: str = VIEW) -> None:
    """Raise LinkError unless the request bears a token issued for just this, not long ago."""
    token = request.GET.get(FIELD, "")
    if not token:
        raise LinkError("no link")
    try:
        _Signer(purpose).unsign(f"{_told(request, kind, pk)}:{token}", max_age=LIFE[purpose])
    except signing.SignatureExpired as error:
        raise LinkError("link expired") from error
    except (signing.BadSignature, ValueError) as error:
        raise LinkError("link of another person, session, purpose or file") from error


def _told(request: HttpRequest, kind: str, pk: int) -> str:
    session = session_mark(request.session.session_key)
    if not session:
        raise LinkError("no session")
    return f"{kind}/{pk}/{request.user.pk}/{session}"
