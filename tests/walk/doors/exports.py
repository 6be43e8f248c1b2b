"""Exports of pages. The keeper asked; unit head and inspector are second people."""

from __future__ import annotations

from typing import Any

from digitization.models import PageExport
from tests.walk.register import Door, roles
from tests.walk.rows import Rows

EXPORTERS = roles("unit_head", "keeper")
ASKER, SECOND = roles("keeper"), roles("unit_head", "inspector")


def _export(rows: Rows) -> dict[str, Any]:
    there = isinstance(rows.export, PageExport)
    return {"number": rows.export.number if there else "XT-000000-AAAAAA"}


def _lot(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.lot.pk}


def _dossier(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.dossier.pk}


def _page(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.page.pk}


def _asked(rows: Rows) -> dict[str, Any]:
    return {"purpose": "personnel", "reason": "Vì việc", "dossier": rows.dossier.pk, "q": "loi"}


DOORS = (
    Door("digitization:exports", EXPORTERS | SECOND, partial=True),
    Door("digitization:export_dossier", EXPORTERS, _dossier),
    Door("digitization:export_dossier", EXPORTERS, _dossier, "POST", 302, data=_asked),
    Door("digitization:export_page", EXPORTERS, _page),
    Door("digitization:export_page", EXPORTERS, _page, "POST", 302, data=_asked),
    Door("digitization:export_lot", EXPORTERS, _lot),
    Door("digitization:export_lot", EXPORTERS, _lot, "POST", 302, data=_asked),
    Door("digitization:export_search", EXPORTERS, query="?q=loi"),
    Door("digitization:export_search", EXPORTERS, query="?q=canary"),
    Door("digitization:export_search", EXPORTERS, None, "POST", 302, data=_asked),
    Door("digitization:export", EXPORTERS | SECOND, _export, partial=True),
    Door("digitization:export_approve", SECOND, _export, "POST", 302),
    Door(
        "digitization:export_refuse",
        SECOND,
        _export,
        "POST",
        302,
        data=lambda rows: {"reason": "Thừa"},
    ),
    Door("digitization:export_cancel", ASKER, _export, "POST", 302),
    Door("digitization:export_retry", ASKER, _export, "POST", 302),
    Door("digitization:export_download", ASKER, _export, "POST", 302),
    # Opens by a link that the download has just made, and by nothing else.
    Door(
        "digitization:export_file",
        ASKER,
        _export,
        elsewhere="tests/digitization/test_export_views.py",
    ),
)
