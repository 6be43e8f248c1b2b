from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from security import audit
from security.management.commands.audit_verify import month
from security.seals.exporting import ExportError, export_month


class Command(BaseCommand):
    help = (
        "Writes a month of the trail with its proofs to a new file, to be verified without the "
        "database (audit_verify --file)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("month", type=month, help="2026-11, in UTC as the partitions are cut")
        parser.add_argument("--out", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        out = options["out"]
        try:
            with transaction.atomic():
                rows = _write(out, options["month"])
                audit.record("trail.exported", actor=None, reason=f"{options['month']}, {rows}")
        except FileExistsError as error:
            raise CommandError(f"{out} exists; it is not overwritten.") from error
        except ExportError as error:
            out.unlink(missing_ok=True)
            raise CommandError(f"Not exported: {error}") from error
        self.stdout.write(f"{rows} rows written to {out}")


def _write(out: Path, wanted: str) -> int:
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as opened:
        rows = export_month(wanted, opened)
        opened.flush()
        os.fsync(opened.fileno())
    return rows
