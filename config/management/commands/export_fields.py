"""Write the index fields that recognition proposes, one file per scan."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digitization.proposals import file_proposals
from digitization.selectors.export import pages_by_file, visible_dossier
from security import audit


class Command(BaseCommand):
    requires_system_checks = ()
    help = "Proposed index fields of a dossier as STEM.json per source file: {key: value}."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dossier", required=True, metavar="CODE")
        parser.add_argument("--out", required=True, metavar="DIR", type=Path)
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        dossier = visible_dossier(options["dossier"])
        if dossier is None:
            raise CommandError(f"no such dossier: {options['dossier']}")
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        written = 0
        for source, pages in pages_by_file(dossier):
            fields = file_proposals(pages)
            content = json.dumps(fields, ensure_ascii=False, indent=1)
            (out / f"{source.stem}.json").write_text(content, "utf-8")
            written += 1
        audit.record("dossier.exported", actor=None, row=dossier, reason="export_fields")
        result = {"dossier": dossier.code, "files": written, "out": str(out)}
        self.stdout.write(
            json.dumps(result, ensure_ascii=False) if options["json"] else f"{written} → {out}"
        )
