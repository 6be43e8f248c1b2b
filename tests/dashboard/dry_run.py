"""Lets a test press every button without anything happening."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse

DENIED_IN_THIS_TRANSACTION = """
SELECT count(*) FROM security_auditevent
WHERE decision = 'denied' AND xid = pg_current_xact_id()::text::bigint
"""


class DryRunMiddleware:
    """Undo whatever a request changed; ``X-Denied`` tells how many denials it would have left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with transaction.atomic():
            response = self.get_response(request)
            with connection.cursor() as cursor:
                cursor.execute(DENIED_IN_THIS_TRANSACTION)
                response.headers["X-Denied"] = str(cursor.fetchone()[0])
            transaction.set_rollback(True)
        return response
