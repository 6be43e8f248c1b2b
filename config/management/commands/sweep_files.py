"""Take blobs that no row names off the disk, in two steps."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from digitization.sweeping import sweep_files
from security.services.upkeep_runs import told


class Command(BaseCommand):
    help = (
        "Moves stored blobs that no row names and that nobody touched for a day into "
        "DATA_DIR/quarantine, puts back what a row names after all, and deletes what lay in "
        "quarantine for 30 days. Also removes what killed uploads left in DATA_DIR/incoming. The "
        "worker does the same every night; people may go on working."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = sweep_files()
        self.stdout.write(json.dumps(dict(counts)) if options["json"] else told(counts))
