"""Asking at a door, and making answers comparable."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils.html import escape

from security import links
from tests.security.links import token
from tests.walk.register import Door
from tests.walk.rows import CANARY, NUMBER

HTMX = {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "http://testserver/"}
# What differs between two answers to the same question and says nothing: tokens and numbers of
# the request and of its line on the trail.
_TOKENS = re.compile(rb'(?<=value=")[A-Za-z0-9]{64}(?=")|(?<=X-CSRFToken&quot;: &quot;)\w+|'
                     rb'(?<="X-CSRFToken": ")\w+|'
                     + "(?<=Nhật ký số )[0-9]+".encode())  # fmt: skip
MADE_AT = "docProps/core.xml"
_OWN_HEADERS = ("X-Request-Id", "Set-Cookie", "Date", "Last-Modified")


@dataclass(frozen=True)
class Answer:
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    request: str  # its number on the trail
    url: str = ""

    @property
    def said(self) -> str:
        """Everything that left the house, in lower case."""
        head = "\n".join(f"{name}: {value}" for name, value in self.headers)
        return head.lower() + "\n" + self.body.decode("utf-8", "replace").lower()

    @property
    def canaries(self) -> list[str]:
        return sorted(set(re.findall(rf"{CANARY}\w+|{NUMBER}\d*", self.said)))

    @property
    def plain(self) -> tuple[int, tuple[tuple[str, str], ...], bytes]:
        """Status, headers and body without the address that was asked for."""
        addresses = (self.url, quote(self.url), quote(self.url, safe=""), escape(self.url))

        def cut(text: str) -> str:
            for address in addresses:
                text = text.replace(address, "#")
            return text

        headers = tuple(
            (name, cut(value)) for name, value in self.headers if name != "Content-Length"
        )
        return self.status, headers, cut(self.body.decode("latin-1")).encode("latin-1")


requests_made = 0


def ask(
    client: Client, door: Door, kwargs: dict[str, Any], data: Any = None, *, htmx: bool = False
) -> Answer:
    """One request; flash messages of it do not follow the next one."""
    global requests_made
    requests_made += 1
    url = reverse(door.name, kwargs=kwargs) + door.query
    if door.linked:
        url += f"?{links.FIELD}={token(client, pk=kwargs['pk'], kind=door.linked)}"
    extra: dict[str, Any] = HTMX if htmx else {}
    if door.method == "POST":
        if door.json:
            extra["content_type"] = "application/json"
        response = client.post(url, data or {}, **extra)
    else:
        response = client.generic(door.method, url, **extra)
    client.cookies.pop("messages", None)
    return answer_of(response, url)


def answer_of(response: Any, url: str = "") -> Answer:
    streaming = getattr(response, "streaming", False)
    body = b"".join(response.streaming_content) if streaming else response.content
    if "spreadsheetml" in response.headers.get("Content-Type", ""):
        body = _parts_of(body)
    headers = tuple(
        sorted((name, value) for name, value in response.items() if name not in _OWN_HEADERS)
    )
    return Answer(
        response.status_code,
        headers,
        _TOKENS.sub(b"", body),
        response.headers.get("X-Request-Id", ""),
        url,
    )


def _parts_of(table: bytes) -> bytes:
    """What a table says, in the clear; without the part that tells when the file was made."""
    with ZipFile(BytesIO(table)) as file:
        return b"\n".join(
            name.encode() + file.read(name) for name in file.namelist() if name != MADE_AT
        )


# What a request may write without changing anything that is protected.
_KEPT_OUT = re.compile(
    r"security_auditevent|django_session|usersessions|axes_|django_migrations|security_cache"
)


def _tables() -> list[str]:
    names = connection.introspection.table_names()
    return [name for name in names if not _KEPT_OUT.search(name)]


def state_of_all_tables() -> dict[str, str]:
    """A checksum of every table's rows, so that any change anywhere shows."""
    parts = " UNION ALL ".join(
        f"SELECT '{name}', count(*) || ':' || coalesce(sum(hashtextextended(t::text, 0)), 0) "  # noqa: S608
        f'FROM "{name}" t'
        for name in _tables()
    )
    with connection.cursor() as cursor:
        cursor.execute(parts)
        return dict(cursor.fetchall())


def changed_tables(before: dict[str, str]) -> list[str]:
    after = state_of_all_tables()
    return sorted(name for name in after if after[name] != before.get(name))


def denied_requests(numbers: Iterable[str]) -> set[str]:
    """Which of these requests left a denial on the trail."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request FROM security_auditevent WHERE decision = 'denied' AND request = ANY(%s)",
            [list(numbers)],
        )
        return {number for (number,) in cursor.fetchall()}
