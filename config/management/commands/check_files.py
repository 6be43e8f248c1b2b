"""Read every stored file and say which are not what was received."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from digitization import upkeep
from security.upkeep_rules import ALL_SHARES, SHARES


class Command(BaseCommand):
    help = (
        "Reads every stored file, screen image and thumbnail to its end. Numbers and ids only; "
        "exit code 1 when something is damaged, missing or without its key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--share", type=int, choices=range(SHARES), help="one part of thirty")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        share = options["share"]
        report = upkeep.check_files(shares=ALL_SHARES if share is None else [share])
        if options["json"]:
            self.stdout.write(json.dumps({"counts": dict(report.counts), "rows": report.rows}))
        else:
            self.stdout.write(str(report))
        if report.bad:
            raise CommandError("\n".join(report.rows))
