"""What the two export commands share: options, the dossier, the directory, the trail, the answer."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digitization.models import Dossier
from digitization.selectors.export import visible_dossier
from security import audit


class ExportCommand(BaseCommand):
    requires_system_checks = ()
    what: str  # name of the command, for the trail

    def write(self, dossier: Dossier, out: Path) -> int:
        """Write the dossier's files into ``out``; how many."""
        raise NotImplementedError

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
        written = self.write(dossier, out)
        audit.record("dossier.exported", actor=None, row=dossier, reason=self.what)
        result = {"dossier": dossier.code, "files": written, "out": str(out)}
        self.stdout.write(
            json.dumps(result, ensure_ascii=False) if options["json"] else f"{written} → {out}"
        )
