"""Request handling that belongs to no app below."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, QueryDict
from django.template.loader import render_to_string
from django.utils import translation

from config.refusals import bad_request


class HeadersMiddleware:
    """What every answer says besides Django's own headers: pages, data, files, errors alike.

    Outermost, so that nothing answers before it.
    """

    HEADERS = {
        # No other site may embed a picture or read an answer of ours.
        "Cross-Origin-Resource-Policy": "same-origin",
        # A records tool needs none of the machine's senses.
        "Permissions-Policy": ", ".join(
            f"{sense}=()"
            for sense in (
                *("accelerometer", "camera", "display-capture", "geolocation", "gyroscope"),
                *("magnetometer", "microphone", "midi", "payment", "serial", "usb"),
            )
        ),
        "X-Content-Type-Options": "nosniff",
        "X-Permitted-Cross-Domain-Policies": "none",
    }

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.headers.setdefault(name, value)
        return response


class LanguageMiddleware:
    """Vietnamese unless the reader chose otherwise.

    Django's own LocaleMiddleware would follow the browser's Accept-Language; office machines are
    often installed in English although their users read Vietnamese.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.known = {code for code, _name in settings.LANGUAGES}

    def __call__(self, request: HttpRequest) -> HttpResponse:
        chosen = request.COOKIES.get(settings.LANGUAGE_COOKIE_NAME, settings.LANGUAGE_CODE)
        language = chosen if chosen in self.known else settings.LANGUAGE_CODE
        with translation.override(language):
            request.LANGUAGE_CODE = language
            response = self.get_response(request)
        response.headers.setdefault("Content-Language", language)
        return response


class RefuseNulMiddleware:
    """A NUL byte is in no honest address or field, and PostgreSQL cannot hold one: 400, not 500."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "\0" in request.path or _has_nul(request.GET):
            return bad_request(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        """Posted fields are read here, after the CSRF check has read them anyway."""
        return bad_request(request) if _has_nul(request.POST) else None


class WrongMethodMiddleware:
    """A sentence where an address only takes what a form sends: 405 would be a blank page.

    So it is when somebody opens once more the address that had shown a one-time link.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        blank = isinstance(response, HttpResponseNotAllowed) and not response.content
        if blank and request.accepts("text/html"):
            response.content = render_to_string("405.html").encode()
        return response


def _has_nul(fields: QueryDict) -> bool:
    return any("\0" in text for name, values in fields.lists() for text in (name, *values))


class ProxyAddressMiddleware:
    """The reader's address behind TRUSTED_PROXIES reverse proxies, for the trail and the lockout.

    Each proxy appends the address it was called from, so only the last entries of
    X-Forwarded-For are to be believed; without a proxy the header means nothing and is left alone.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        proxies: int = settings.TRUSTED_PROXIES
        told = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if 0 < proxies <= len(told) and told[-proxies]:
            request.META["REMOTE_ADDR"] = told[-proxies]
        return self.get_response(request)
