"""Demonstration data: ``demo`` once, ``demo --reset`` to begin anew."""

import json
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.demo import accounts, database
from config.demo.build import build


class Command(BaseCommand):
    help = (
        "Fills an empty database with demonstration data: units, people, roles, the plan in its "
        "week 4, records and scans. Does nothing where they are already there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--reset",
            action="store_true",
            help="drop and recreate the database first; refused unless it is a demonstration",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        begun = time.monotonic()
        if options["reset"]:
            self._reset()
        else:
            database.prepare()
        if database.is_demo():
            self._say({"created": False}, options)
            return
        if database.is_taken():
            raise CommandError("This database holds data of its own: no demonstration is added.")
        counts = build(now=timezone.now())
        seconds = round(time.monotonic() - begun, 1)
        self._say({"created": True, **counts, "seconds": seconds}, options)

    def _reset(self) -> None:
        try:
            database.recreate()
        except database.NotDemonstrationError as error:
            raise CommandError(
                "This database is not marked as a demonstration; it was not touched."
            ) from error

    def _say(self, result: dict[str, Any], options: dict[str, Any]) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(result))
            return
        for name, value in result.items():
            self.stdout.write(f"{name}: {value}")
        path = accounts.password_file()
        if path.exists():
            self.stdout.write(f"password: {path.read_text(encoding='utf-8').strip()}")
            self.stdout.write(f"kept in: {path}")
