"""Write the recognised text of a dossier, one file per page."""

from __future__ import annotations

from pathlib import Path

from config.management.export import ExportCommand
from digitization.models import Dossier
from digitization.selectors.export import page_texts
from security.models import User


class Command(ExportCommand):
    help = "Recognised text of a dossier as STEM_pNN.txt, pages in file order."
    what = "export_text"

    def write(self, dossier: Dossier, out: Path, user: User | None) -> int:
        written = 0
        for name, text in page_texts(dossier, user):
            (out / f"{name}.txt").write_text(text, "utf-8")
            written += 1
        return written
