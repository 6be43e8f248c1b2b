"""Typed builders: programmes with lots, dossiers, pages, and small real scans."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from digitization import services
from digitization.models import Dossier, Lot, OcrJob, Page, Programme, SourceFile
from records.folding import fold
from security.models import StoredFile, Unit, User
from tests.security.make import make_officer, make_unit

NOW = datetime(2026, 6, 9, 8, 0, tzinfo=UTC)
_number = count(1)


@dataclass
class Room:
    """A unit with its people and one open lot."""

    unit: Unit
    keeper: User
    operator: User
    inspector: User
    programme: Programme
    lot: Lot


def make_programme(
    *, keeper: User, unit: Unit | None = None, focal: bool = True, **fields: Any
) -> Programme:
    number = next(_number)
    expected = fields.pop("expected", {"phieu_dang_vien": 10})
    return services.create_programme(
        actor=keeper,
        now=NOW,
        code=fields.pop("code", f"DOT-{number}"),
        title=f"Đợt {number}",
        kind="member",
        unit=unit or keeper.unit,
        focal_person=keeper if focal else None,
        expected=expected,
        **fields,
    )


def make_room(*, unit: Unit | None = None) -> Room:
    unit = unit or make_unit()
    keeper = make_officer("keeper", unit=unit)
    operator = make_officer("operator", unit=unit)
    programme = make_programme(keeper=keeper, unit=unit)
    services.close_step_1(actor=keeper, programme=programme, now=NOW)
    lot = services.create_lot(
        actor=keeper,
        programme=programme,
        code=f"L{next(_number)}",
        now=NOW,
        assigned_to=operator,
        expected_pages=10,
    )
    return Room(unit, keeper, operator, make_officer("inspector", unit=unit), programme, lot)


def make_dossier(room: Room, *, code: str = "", lot: Lot | None = None) -> Dossier:
    lot = lot or room.lot
    assert lot.assigned_to is not None
    return services.open_dossier(
        actor=lot.assigned_to, lot=lot, code=code or f"HS-{next(_number)}", now=NOW
    )


def make_pages(
    dossier: Dossier, number: int = 1, *, text: str = "", state: str = "queued"
) -> list[Page]:
    """Rows only: a source of this many pages, without bytes behind it."""
    serial = next(_number)
    operator = dossier.lot.assigned_to
    assert operator is not None
    stored = StoredFile.objects.create(
        **dossier.placement,
        created_at=NOW,
        sha256=f"{serial:064x}",
        blob=f"{serial:064x}",
        size=1,
        media_type="application/pdf",
    )
    source = SourceFile.objects.create(
        dossier=dossier,
        stored=stored,
        sha256=stored.sha256,
        name=f"f{serial}.pdf",
        stem=f"f{serial}",
        kind="pdf",
        page_count=number,
        position=serial,
        received_by=operator,
        received_at=NOW,
    )
    pages = Page.objects.bulk_create(
        Page(
            **dossier.placement,
            created_at=NOW,
            dossier=dossier,
            source=source,
            number=n,
            text=text,
            text_folded=fold(text),
        )
        for n in range(1, number + 1)
    )
    OcrJob.objects.bulk_create(
        OcrJob(
            page=page,
            lot=dossier.lot,
            state=state,
            not_before=NOW,
            error_code="engine" if state == "failed" else "",
            finished_at=NOW if state in ("done", "failed") else None,
        )
        for page in pages
    )
    return pages


def give_index(room: Room, dossier: Dossier) -> None:
    for key, value in (
        ("org_code", "38.168.053"),
        ("personal_id", "099084000123"),
        ("full_name", "Nguyễn Văn Thử"),
    ):
        services.set_index_value(
            actor=room.operator, dossier=dossier, key=key, value=value, now=NOW
        )


def scan(*lines: str, form: str = "PNG", size: tuple[int, int] = (1240, 700)) -> bytes:
    """A small image with printed Vietnamese lines, as a scanner at 150 dpi would give it."""
    image = Image.new("L", size, 255)
    draw = ImageDraw.Draw(image)
    font = ImageFont.truetype(
        "/usr/share/fonts/truetype/liberation2/LiberationSerif-Regular.ttf", 40
    )
    for row, line in enumerate(lines or ("Phiếu đảng viên", "Họ và tên: Nguyễn Văn Thử")):
        draw.text((80, 80 + 70 * row), line, font=font, fill=0)
    out = io.BytesIO()
    image.save(out, form, dpi=(150, 150))
    return out.getvalue()


def chunks(content: bytes) -> Iterator[bytes]:
    for start in range(0, len(content), 4096):
        yield content[start : start + 4096]
