from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from security.seals.exporting import verify_export
from security.seals.findings import Code, Report
from security.seals.keys import SealKeyError, public_keys
from security.seals.verifying import Asked, PublicKeys, verify

MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


def month(said: str) -> str:
    if not MONTH.fullmatch(said):
        raise ValueError(said)
    return said


class Command(BaseCommand):
    help = (
        "Recomputes the seals of the trail and names the first difference. Exit status: "
        + ", ".join(f"{code.value} {code.name.lower().replace('_', ' ')}" for code in Code)
        + "; 1 when it could not run."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="first", type=month, help="month, 2026-11")
        parser.add_argument("--to", dest="last", type=month, help="month, 2026-12")
        parser.add_argument("--checkpoints", type=Path, help="copies; else AUDIT_CHECKPOINTS_DIR")
        parser.add_argument(
            "--pubkey",
            type=Path,
            action="append",
            help="PEM; may be given for each key there ever was; else the installation's own",
        )
        parser.add_argument("--file", type=Path, help="an exported month, instead of the database")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["checkpoints"]
        if directory is not None and not directory.is_dir():
            raise CommandError(f"No such directory: {directory}")
        keys = _keys(options["pubkey"])
        if options["file"]:
            report = _of_file(options["file"], keys, directory)
        else:
            asked = Asked(
                keys=keys,
                directory=directory or settings.AUDIT_CHECKPOINTS_DIR,
                first_month=options["first"] or "",
                last_month=options["last"] or "",
            )
            report = verify(asked, now=timezone.now())
        self._tell(report)
        if report.finding:
            sys.exit(report.code)

    def _tell(self, report: Report) -> None:
        self.stdout.write(f"Recomputed: {report.checkpoints} checkpoints, {report.rows} rows.")
        if report.skipped:
            self.stdout.write(
                f"Left out: {report.skipped} checkpoints that reach beyond the months asked for."
            )
        if report.finding:
            name = report.code.name.replace("_", " ")
            self.stdout.write(f"{name} ({report.code.value}): {report.finding.text}")
        else:
            self.stdout.write("FINE (0): everything is as it was signed.")


def _keys(files: list[Path] | None) -> PublicKeys:
    try:
        return public_keys(files, settings.AUDIT_SEAL_KEY_FILE)
    except SealKeyError as error:
        raise CommandError(str(error)) from error


def _of_file(file: Path, keys: PublicKeys, directory: Path | None) -> Report:
    if not file.is_file():
        raise CommandError(f"No such file: {file}")
    return verify_export(file, keys, directory=directory)
