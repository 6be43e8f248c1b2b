"""Proof that a backup can be restored: it is, into a scratch that is thrown away."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.keeping.drill import Drilled
from config.keeping.errors import KeepingError
from config.keeping.runs import rehearse


class Command(BaseCommand):
    help = (
        "Restores the newest backup in DIR (default: BACKUP_DIR) into a scratch database cluster "
        "and a temporary directory, verifies everything as `restore` does, reports the time it "
        "took and what would be lost, and throws the scratch away. The installation is only read. "
        "Exit status: 0 restorable, 3 restored with faults that are named, 1 not restorable."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, metavar="DIR")
        parser.add_argument("--backup", default="", metavar="NAME", help="else the newest")
        parser.add_argument(
            "--sample",
            type=int,
            default=1,
            metavar="N",
            help="decrypt only every N-th file (all are hashed); default: every one",
        )
        parser.add_argument(
            "--room", type=Path, metavar="DIR", help="where the scratch lies; needs room for all"
        )
        parser.add_argument(
            "--into",
            default="",
            metavar="URL",
            help="owner's address of an EMPTY database made for the drill, where this machine has "
            "no PostgreSQL server to start (else: a cluster of its own)",
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["dir"] or settings.BACKUP_DIR
        if directory is None:
            raise CommandError("Name a directory, or set BACKUP_DIR.")
        try:
            done = rehearse(
                directory,
                backup=options["backup"],
                sample=max(options["sample"], 1),
                room=options["room"],
                into=options["into"],
            )
        except KeepingError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            said = {"name": done.manifest.name, "made_at": done.manifest.at, **done.figures()}
            self.stdout.write(json.dumps({**said, "named": done.faults}))
        else:
            self._tell(done)
        if done.faults:
            sys.exit(3)

    def _tell(self, done: Drilled) -> None:
        say, found = self.stdout.write, done.restored
        say(f"Backup {done.manifest.name} was restored into a scratch in {done.seconds:.1f} s.")
        say(
            f"Verified: {found['tables']} tables with {found['rows']} rows; {found['files']} files, "
            f"{found['proven']} decrypted; {found['seals']} seals of the trail."
        )
        minutes = int(done.age.total_seconds() // 60)
        say(
            f"Loss if the installation were lost now: {minutes // 60} h {minutes % 60} min of work, "
            f"{done.lost_rows} rows of the trail; {found['revocations']} revocations since the "
            "backup would be done again."
        )
        for fault in done.faults:
            say(f"FAULT: {fault}")
        say("The scratch is gone. " + ("RESTORABLE." if not done.faults else "NOT AS IT WAS."))
