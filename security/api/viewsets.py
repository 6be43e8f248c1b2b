"""Base of the read-only APIs of protected rows."""

from __future__ import annotations

from typing import Any, ClassVar, Generic, TypeVar, cast

from django.db.models import QuerySet
from django.http import Http404
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _
from rest_framework import viewsets
from rest_framework.exceptions import NotFound
from rest_framework.pagination import Cursor, CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response

from security import audit
from security.api.parameters import CURSOR, INTEGER, Parameter, check
from security.api.refusals import BadParameterError
from security.models import Protected, User
from security.scope import allowed_by, may

P = TypeVar("P", bound=Protected)


class IdPages(CursorPagination):
    """Pages in the order of ids. A cursor that this list did not write is refused."""

    ordering = ("id",)

    def decode_cursor(self, request: Request) -> Cursor | None:
        try:
            cursor = super().decode_cursor(request)
        except NotFound:
            raise BadParameterError({CURSOR.name: _("This value does not fit.")}) from None
        if cursor is not None and cursor.position is not None:
            position = str(cursor.position)
            if not (position.isascii() and INTEGER.fullmatch(position)):
                raise BadParameterError({CURSOR.name: _("This value does not fit.")})
        return cursor


class ProtectedViewSet(viewsets.ReadOnlyModelViewSet[P], Generic[P]):
    """Lists and single rows of one protected model, within what the caller may see.

    To whoever has no role for the model's ``view_action`` there is no list; hidden and absent rows
    answer alike. Every answer and every denial is on the trail.
    """

    queryset: QuerySet[P]
    pagination_class = IdPages
    filter_backends = ()
    http_method_names = ["get", "head"]
    # ASCII digits that fit the column; Python would read other scripts' digits as numbers too.
    lookup_value_regex = "[0-9]{1,18}"
    parameters: ClassVar[tuple[Parameter, ...]] = ()
    # Parameters of a single row.
    of_one: ClassVar[tuple[Parameter, ...]] = ()
    # Parameter whose words are a search: the trail keeps a keyed hash of them.
    searched_by: ClassVar[str] = ""

    @property
    def caller(self) -> User:
        return cast("User", self.request.user)

    def offered(self) -> tuple[Parameter, ...]:
        """Parameters of this address; the OpenAPI document prints the same."""
        return (*self.parameters, CURSOR) if self.action == "list" else self.of_one

    @property
    def label(self) -> str:
        return self.queryset.model._meta.label_lower

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.action == "list":
            self._check_list()
        try:
            check(request.query_params, self.offered())
        except BadParameterError as error:
            # Names only: what was asked for may be the very thing that is hidden.
            names = sorted(error.parameters)
            audit.record(
                "list", actor=self.caller, object_type=self.label, fields=names, decision="denied"
            )
            raise

    def _check_list(self) -> None:
        """A list takes a role; a single row may also have been opened to the caller alone."""
        action = self.queryset.model.view_action
        if not may(self.caller, action):
            reason = self.request.path[:200]
            audit.record(action, actor=self.caller, decision="denied", reason=reason)
            raise Http404

    def get_queryset(self) -> QuerySet[P]:
        if getattr(self, "swagger_fake_view", False):
            return self.queryset
        rows: QuerySet[P] = self.queryset.model.objects.visible_to(self.caller)
        return self.joined(self.chosen(rows) if self.action == "list" else rows)

    def chosen(self, rows: QuerySet[P]) -> QuerySet[P]:
        """The visible rows that fit the list's parameters."""
        return rows

    def joined(self, rows: QuerySet[P]) -> QuerySet[P]:
        """With what the serializers read."""
        return rows

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        response = super().list(request, *args, **kwargs)
        words = request.query_params.get(self.searched_by, "").strip() if self.searched_by else ""
        salt = f"{self.queryset.model._meta.app_label}.search"  # the one of the search page
        term = salted_hmac(salt, words).hexdigest()[:16] if words else ""
        audit.record(
            "search" if words else "list",
            actor=self.caller,
            object_type=self.label,
            ids=[row["id"] for row in response.data["results"]],
            reason=f"term {term}" if term else "",
        )
        return response

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        try:
            row = self.get_object()
        except Http404:
            audit.record(
                "read",
                actor=self.caller,
                object_type=self.label,
                object_id=str(kwargs.get("pk", ""))[:40],
                decision="denied",
            )
            raise
        audit.record("read", actor=self.caller, row=row, allowed_by=allowed_by(self.caller, row))
        return Response(self.get_serializer(row).data)
