"""What the tests of screens share."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from digitization import queue, reading
from digitization.models import Dossier, Page
from digitization.ocr import PageReading, Word
from security.models import User
from tests.digitization.make import Room, make_dossier, make_pages

HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def url(name: str, *args: Any) -> str:
    return reverse(f"digitization:{name}", args=args)


def read_page(room: Room, dossier: Dossier | None = None) -> Page:
    """A page with words and pictures, as recognition leaves it."""
    page = make_pages(dossier or make_dossier(room))[0]
    taken = queue.claim(worker="w")
    assert taken is not None
    words = [
        Word(text=text, x=10 * at, y=20 + 40 * line, w=9, h=20, confidence=confidence, line=line)
        for at, (text, confidence, line) in enumerate(
            [("Lê", 95, 0), ("Thị", 95, 0), ("Huờng", 41, 0), ("Chi", 96, 1), ("bộ", 52, 1)]
        )
    ]
    result = PageReading(
        text="Lê Thị Huờng\n\nChi bộ", words=words, width=100, height=200, rotation=0, skew=0.0,
        blank=False, mean_confidence=80.0, derivative=b"RIFF derivative", thumbnail=b"RIFF small",
        engine="test", engine_version="1", seconds=1.0,
    )  # fmt: skip
    assert reading.write_result(taken, page, result)
    page.refresh_from_db()
    return page
