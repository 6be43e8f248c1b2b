"""A digitisation programme under way: catalogue, lots of the operator, scans that wait for OCR."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from config.demo.accounts import People
from config.demo.register import SCANS
from digitization.models import DocumentType, Dossier, Lot, Programme, SourceFile
from digitization.services.indexing import classify_file, set_index_value
from digitization.services.lots import create_lot, open_dossier
from digitization.services.programmes import close_step_1, create_programme
from digitization.services.receiving import receive_file
from security.models import Unit

EXPECTED = {
    "ly_lich_dang_vien": 274,
    "phieu_dang_vien": 274,
    "quyet_dinh_ket_nap_dang_vien": 274,
    "quyet_dinh_cong_nhan_dang_vien_chinh_thuc": 268,
    "quyet_dinh_khen_thuong": 120,
}
# What each paper is in the catalogue, by the beginning of its name.
TYPES = {
    "phieu": "phieu_dang_vien",
    "ly-lich": "ly_lich_dang_vien",
    "quyet-dinh-01": "quyet_dinh_ket_nap_dang_vien",
    "quyet-dinh-02": "quyet_dinh_cong_nhan_dang_vien_chinh_thuc",
    "quyet-dinh-03": "quyet_dinh_khen_thuong",
}
# Lot → dossiers → stems. Forms, lives and decisions of one number are one person's file.
LOTS: dict[str, dict[str, list[str]]] = {
    "LÔ-01": {
        "DM-0001": ["phieu-01", "ly-lich-01", "quyet-dinh-01"],
        "DM-0002": ["phieu-02", "ly-lich-02", "quyet-dinh-02"],
    },
    "LÔ-02": {
        "DM-0003": ["phieu-03", "ly-lich-03", "quyet-dinh-03"],
        "DM-0004": ["phieu-04"],
        "DM-0005": ["phieu-05"],
        "DM-0006": ["phieu-06"],
        "DM-CB01": ["bien-ban-01", "bien-ban-02", "bang-01", "bang-02"],
    },
    "LÔ-03": {},
}


def scan_papers(people: People, *, now: datetime) -> dict[str, int]:
    """Programme, lots and dossiers made days ago; the scans are received now, so OCR can be seen.

    Nothing waits for the recognition: workers are woken when the transaction commits.
    """
    programme = begin_programme(people, now=now - timedelta(days=9))
    pages = 0
    for number, (code, dossiers) in enumerate(LOTS.items()):
        lot = create_lot(
            actor=people["hoso"],
            programme=programme,
            code=code,
            now=now - timedelta(days=3 - number),
            assigned_to=people["sohoa"],
            expected_pages=0 if dossiers else 120,
        )
        for dossier, stems in dossiers.items():
            pages += fill_dossier(people, lot, dossier, stems, now=now)
    return {"programmes": 1, "lots": len(LOTS), "scanned_pages": pages}


def begin_programme(people: People, *, now: datetime) -> Programme:
    """The programme of the commune's member files, past the gate of step 1."""
    keeper = people["hoso"]
    programme = create_programme(
        actor=keeper,
        now=now,
        code="SH-DM-01",
        title="Số hóa hồ sơ đảng viên Đảng bộ xã Đồng Mây, đợt 1",
        kind="member",
        unit=Unit.objects.get(code="DUDM"),
        focal_person=keeper,
        expected=EXPECTED,
    )
    close_step_1(actor=keeper, programme=programme, now=now)
    return programme


def fill_dossier(people: People, lot: Lot, code: str, stems: list[str], *, now: datetime) -> int:
    """Open a dossier and receive its files as the operator would; returns the number of pages."""
    form = form_of(stems)
    dossier = open_dossier(
        actor=people["sohoa"],
        lot=lot,
        code=code,
        now=now,
        title="Hồ sơ đảng viên" if form else "Biên bản, danh sách của chi bộ",
        subject=form.get("ho_ten", "").title(),
    )
    pages = sum(receive_scan(people, dossier, stem, now=now) for stem in stems)
    if lot.code == "LÔ-01":
        confirm_index(people, dossier, form, now=now)
    return pages


def receive_scan(people: People, dossier: Dossier, stem: str, *, now: datetime) -> int:
    """Receive one file and say which paper of the catalogue it is; returns its pages."""
    path = next((SCANS / "pdf").glob(f"{stem}.*"))
    operator = people["sohoa"]
    chunks = [path.read_bytes()]
    receipt = receive_file(actor=operator, dossier=dossier, name=path.name, chunks=chunks, now=now)
    code = next((code for start, code in TYPES.items() if stem.startswith(start)), "")
    if code:
        classify_file(
            actor=operator,
            source=SourceFile.objects.get(pk=receipt.source_id),
            type_=DocumentType.objects.get(programme=dossier.lot.programme_id, code=code),
            now=now,
        )
    return receipt.pages


def form_of(stems: list[str]) -> dict[str, Any]:
    """Index fields of the first form among the papers; {} where none is."""
    for stem in stems:
        path = SCANS / "fields" / f"{stem}.json"
        if path.exists():
            loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return loaded
    return {}


def confirm_index(people: People, dossier: Dossier, form: dict[str, Any], *, now: datetime) -> None:
    """Minimum index data of the first lot, so that it can be accepted once it has been read."""
    values = {
        "org_code": "DUDM",
        "personal_id": form["so_cccd"],
        "full_name": form["ho_ten"].title(),
    }
    for key, value in values.items():
        set_index_value(actor=people["sohoa"], dossier=dossier, key=key, value=value, now=now)
