"""Programmes, lots, dossiers, files, pages and their pictures."""

from __future__ import annotations

from typing import Any

from tests.walk.register import SCAN_VIEWERS, Door, roles
from tests.walk.rows import Rows

UPLOADERS = roles("operator")
CORRECTORS = roles("operator", "inspector")
INSPECTORS = roles("inspector")
KEEPERS = roles("keeper")


def _programme(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.programme.pk}


def _lot(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.lot.pk}


def _dossier(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.dossier.pk}


def _source(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.source.pk}


def _page(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.page.pk}


DOORS = (
    Door("digitization:home", SCAN_VIEWERS, partial=True),
    Door("digitization:upload", UPLOADERS, None, "POST", 302, data=lambda rows: {"code": ""}),
    Door("digitization:search", SCAN_VIEWERS, query="?q=loi", partial=True),
    Door("digitization:search", SCAN_VIEWERS, query="?q=canary"),
    Door("digitization:search", SCAN_VIEWERS, query="?q=HS-"),
    Door("digitization:programme_new", KEEPERS),
    Door(
        "digitization:programme_new",
        KEEPERS,
        None,
        "POST",
        302,
        data=lambda rows: {
            "code": "D-MOI",
            "title": "Đợt mới",
            "kind": "member",
            "unit": rows.programme.unit_id,
        },
    ),
    Door("digitization:programme", SCAN_VIEWERS, _programme),
    Door(
        "digitization:programme_expected",
        KEEPERS,
        _programme,
        "POST",
        302,
        data=lambda rows: {"phieu_dang_vien": "12"},
    ),
    Door("digitization:programme_close", KEEPERS, _programme, "POST", 302),
    Door(
        "digitization:lot_new",
        KEEPERS,
        _programme,
        "POST",
        302,
        data=lambda rows: {"code": "L-MOI", "unit": rows.lot.unit_id, "expected_pages": "3"},
    ),
    Door("digitization:lot", SCAN_VIEWERS, _lot, partial=True),
    Door(
        "digitization:dossier_new",
        UPLOADERS,
        _lot,
        "POST",
        302,
        data=lambda rows: {"code": "HS-MOI"},
    ),
    Door(
        "digitization:lot_assign",
        KEEPERS,
        _lot,
        "POST",
        302,
        data=lambda rows: {"operator": rows.lot.assigned_to_id},
    ),
    Door("digitization:lot_retry", CORRECTORS, _lot, "POST", 302),
    Door("digitization:lot_accept", INSPECTORS, _lot, "POST", 302),
    Door(
        "digitization:lot_reject",
        INSPECTORS,
        _lot,
        "POST",
        302,
        data=lambda rows: {"reason": "Quét mờ"},
    ),
    Door("digitization:lot_reopen", UPLOADERS, _lot, "POST", 302),
    Door("digitization:dossier", SCAN_VIEWERS, _dossier, partial=True),
    Door("digitization:dossier_upload", UPLOADERS, _dossier, "POST", 302),
    Door(
        "digitization:dossier_index",
        CORRECTORS,
        _dossier,
        "POST",
        302,
        data=lambda rows: {"index-full_name": "Lê Thị Khác"},
    ),
    Door("digitization:dossier_retry", CORRECTORS, _dossier, "POST", 302),
    Door(
        "digitization:file_type",
        CORRECTORS,
        _source,
        "POST",
        302,
        data=lambda rows: {"type": getattr(rows, "type", rows.source).pk},
    ),
    Door("digitization:page", SCAN_VIEWERS, _page, partial=True),
    Door("digitization:page", SCAN_VIEWERS, _page, query="?line=0&q=loi"),
    Door(
        "digitization:page_text",
        CORRECTORS,
        _page,
        "POST",
        302,
        data=lambda rows: {"line": "0", "value": "sửa", "version": "1"},
    ),
    Door("digitization:page_retry", CORRECTORS, _page, "POST", 302),
    Door(
        "digitization:page_excuse",
        CORRECTORS,
        _page,
        "POST",
        302,
        data=lambda rows: {"reason": "Rách"},
    ),
    Door("digitization:page_image", SCAN_VIEWERS, _page, linked="digitization.page"),
    Door("digitization:page_thumbnail", SCAN_VIEWERS, _page, linked="digitization.page"),
)
