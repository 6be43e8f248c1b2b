"""How the API says no: one shape, a stable code for programs, a sentence in the reader's language.

Absent and forbidden rows read alike, and so do all reasons for which a token is not accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler

if TYPE_CHECKING:
    from security.services import RefusedError  # whose tokens are themselves asked for here

REFUSALS: dict[int, tuple[str, str | Promise]] = {
    400: ("bad_request", _("This request cannot be understood.")),
    401: ("not_signed_in", _("Sign in, or send a valid token.")),
    403: ("not_allowed", _("This request is not allowed.")),
    404: ("not_found", _("There is nothing at this address that you may see.")),
    405: ("method_not_allowed", _("This address only answers requests that read.")),
    406: ("not_acceptable", _("The answer exists as JSON only.")),
    409: ("changed_meanwhile", _("This was changed meanwhile. Read it again.")),
    415: ("unsupported_media_type", _("This kind of content is not accepted.")),
    422: ("refused", _("This cannot be done as it was sent.")),
    429: ("too_many_requests", _("Too many requests. Please wait a moment.")),
    503: ("trail_unwritable", _("This cannot be answered now. Please try again in a moment.")),
}


class BadParameterError(ValidationError):
    """Query parameters that this list does not know, or values that do not fit them."""

    def __init__(self, parameters: Mapping[str, str | Promise]) -> None:
        self.parameters = {name: str(reason) for name, reason in parameters.items()}
        super().__init__(code="bad_parameter")


class BadBodyError(ValidationError):
    """A body whose fields are missing, unknown or do not fit; says which, never their values."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        super().__init__(code="bad_body")


class ChangedMeanwhileError(APIException):
    """The row has another version than the caller had read."""

    status_code = 409

    def __init__(self, version: int) -> None:
        self.version = version
        super().__init__()


def refusal(error: RefusedError) -> Response:
    """What a service refused: 403 where the role does not allow it, else 422 with every reason."""
    problems = {problem.code: problem.message for problem in error.problems}
    status = 403 if "not_allowed" in problems else 422
    return Response(body(status) | {"problems": problems}, status=status)


def body(status: int) -> dict[str, Any]:
    code, sentence = REFUSALS.get(status, REFUSALS[400])
    return {"code": code, "detail": str(sentence)}


def answer(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """REST framework's exception handler: the same answer, in our words (None: a real fault)."""
    response = exception_handler(error, dict(context))
    if response is None:
        return None
    response.data = body(response.status_code)
    if isinstance(error, BadParameterError):
        response.data |= {"code": "bad_parameter", "parameters": error.parameters}
    elif isinstance(error, BadBodyError):
        response.data |= {"code": "bad_body", "problems": error.problems}
    elif isinstance(error, ChangedMeanwhileError):
        response.data |= {"version": error.version}
    elif isinstance(error, APIException) and _is_csrf(error):
        response.data |= {"code": "no_csrf_token"}
    return response


def refuse(request: HttpRequest, status: int) -> JsonResponse | None:
    """The same body for what is refused before a view is reached; None outside the API."""
    if not request.path.startswith("/api/"):
        return None
    return JsonResponse(body(status), status=status)


def _is_csrf(error: APIException) -> bool:
    return error.status_code == 403 and str(error.detail).startswith("CSRF")


class Absent(APIView):
    """Any address of the API that does not exist."""

    permission_classes = (IsAuthenticated,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.http_method_not_allowed = self._not_found  # type: ignore[method-assign]

    def _not_found(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return Response(body(404), status=404)
