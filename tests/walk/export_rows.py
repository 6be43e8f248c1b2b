"""An export that waits for a second person, in each place that has pages."""

from __future__ import annotations

from typing import Any

from django.test import override_settings

from digitization.models import Page
from digitization.services import ask_export
from tests.walk.rows import Place, Rows


def export_rows(world: Any, place: Place, rows: Rows) -> dict[str, Any]:
    with override_settings(EXPORT_ALONE_AT_MOST=0):
        export = ask_export(
            actor=place.maker or world.users["keeper"],
            pages=Page.objects.filter(dossier=rows.dossier),
            purpose="personnel",
            reason=place.text("Vì việc"),
            now=world.now,
        )
    return {"export": export}
