"""A named benchmark, as figures and as ratios of one run."""

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import bench


class Command(BaseCommand):
    help = (
        "Runs a benchmark by name. What is measured is divided by a floor measured in the same "
        "run, so that the verdict does not depend on the machine. Exit status 1 if a target is "
        "missed."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", help=", ".join(bench.names()))
        parser.add_argument("--scale", type=int, help="how large; meaning by benchmark")
        parser.add_argument("--set", type=Path, dest="set_dir", help="directory of a set of scans")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["name"] not in bench.names():
            raise CommandError(f"No such benchmark; there are: {', '.join(bench.names())}")
        try:
            result = bench.run(options["name"], scale=options["scale"], set_dir=options["set_dir"])
        except FileNotFoundError as error:
            raise CommandError(f"Not found: {error.filename or error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self._tell(result)
        if not result["ok"]:
            sys.exit(1)

    def _tell(self, result: bench.Result) -> None:
        self.stdout.write(f"{result['name']} (scale {result['scale']})")
        for part in ("figures", "floors", "ratios", "targets"):
            for key, value in result[part].items():
                self.stdout.write(f"  {part:8} {key:32} {value}")
        self.stdout.write("ok" if result["ok"] else "TARGET MISSED")
