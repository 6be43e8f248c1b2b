"""Typed builders for exports: pages with real pictures, requests, and a worker's turn."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

from django.utils import timezone
from PIL import Image, ImageDraw

from digitization import exporting, services
from digitization.models import Dossier, Page, PageExport
from security import files
from security.models import AuditEvent, User
from tests.digitization.make import Room, make_dossier, make_pages
from tests.security.make import make_officer


def picture(word: str = "", *, size: tuple[int, int] = (480, 680), mode: str = "L") -> bytes:
    """A white JPEG page with a word on it."""
    image = Image.new(mode, size, "white")
    ImageDraw.Draw(image).text((60, 80), word, fill="black")
    out = io.BytesIO()
    image.save(out, "JPEG", quality=70)
    return out.getvalue()


def draw(pages: list[Page]) -> list[Page]:
    """Give each page a picture of its own on the disk."""
    for page in pages:
        content = picture(f"page {page.pk}")
        blob = files.receive(
            [content], unit=page.dossier.unit, level=page.level, max_bytes=len(content)
        ).blob
        Page.objects.filter(pk=page.pk).update(derivative=blob)
        page.derivative = blob
    return pages


def make_drawn(room: Room, number: int = 2, *, dossier: Dossier | None = None) -> list[Page]:
    return draw(make_pages(dossier or make_dossier(room), number, state="done"))


def ask(
    actor: User,
    dossier: Dossier,
    *,
    reason: str = "Xét khen thưởng",
    purpose: str = "personnel",
    now: datetime | None = None,
) -> PageExport:
    """Ask for everything of a dossier."""
    return services.ask_export(
        actor=actor,
        pages=Page.objects.filter(dossier=dossier),
        purpose=purpose,
        reason=reason,
        now=now or timezone.now(),
    )


def work() -> bool:
    """What a worker does when it is woken."""
    return exporting.make_one(worker="w:1", job="job 1")


def fresh(export: PageExport) -> PageExport:
    found: PageExport = PageExport.objects.get(pk=export.pk)
    return found


def head_of(room: Room) -> User:
    return make_officer("unit_head", unit=room.unit)


def codes(error: Any) -> list[str]:
    return [problem.code for problem in error.value.problems]


def told(export: PageExport) -> list[str]:
    """What the trail says under the number of an export, in order."""
    rows = AuditEvent.objects.filter(object_id=export.number).order_by("id")
    return list(rows.values_list("action", flat=True))


def leave(user: User) -> None:
    user.role_grants.update(valid_to=timezone.now())
