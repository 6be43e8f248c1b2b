"""``load_plan FILE [--start YYYY-MM-DD] [--json]``: create or update a campaign from a plan file."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from campaign.services import LoadReport, PlanFileError, load_plan
from security.services import RefusedError


class Command(BaseCommand):
    help = "Creates or updates a campaign from a plan file; nothing is loaded if it has an error."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--start", help="first day, a Friday: shifts every date of the plan")
        parser.add_argument("--json", action="store_true", help="one JSON object on stdout")

    def handle(self, *args: Any, **options: Any) -> None:
        start = self._start(options["start"])
        try:
            report = load_plan(options["file"], actor=None, now=timezone.now(), start=start)
        except PlanFileError as error:
            if options["json"]:
                errors = [vars(problem) for problem in error.problems]
                self.stdout.write(json.dumps({"errors": errors}, ensure_ascii=False))
            raise CommandError(f"{options['file']}: nothing loaded\n{error}") from error
        except RefusedError as error:
            raise CommandError(f"{options['file']}: nothing loaded\n{error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(report.as_dict(), ensure_ascii=False))
        else:
            self._tell(report)

    def _start(self, given: str | None) -> date | None:
        try:
            return date.fromisoformat(given) if given else None
        except ValueError as error:
            raise CommandError(f"--start {given}: not a date (YYYY-MM-DD)") from error

    def _tell(self, report: LoadReport) -> None:
        self.stdout.write(
            f"{report.campaign}: {report.tasks} tasks, {len(report.created)} rows created, "
            f"{len(report.updated)} updated, {len(report.activated)} tasks activated"
        )
        for code, missing in report.incomplete.items():
            self.stdout.write(f"draft {code}: lacks {', '.join(missing)}")
        for one in report.differences:
            self.stdout.write(f"kept {one.key} {one.field}: here {one.here!r}, file {one.file!r}")
        if report.unknown_people:
            self.stdout.write(f"no such users yet: {', '.join(report.unknown_people)}")
