"""Restoring a backup into an empty database and data directory."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.keeping.errors import KeepingError
from config.keeping.restoring import Restored, Wanted, restore


class Command(BaseCommand):
    help = (
        "Restores a backup from DIR (default: BACKUP_DIR) into an EMPTY database and data "
        "directory and verifies it: manifest, rows of every table, every file by hash and "
        "decryption, the trail with its seals. Put the keys back first. The installation stays "
        "closed afterwards: `manage.py reopen` does the revocations since the backup again and "
        "opens it. Exit status: 0 as it was, 3 restored with faults that are named, 1 not restored."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, metavar="DIR")
        parser.add_argument("--backup", default="", metavar="NAME", help="else the newest")
        parser.add_argument(
            "--checkpoints",
            type=Path,
            metavar="DIR",
            help="copies of the seals, with the revocations; else AUDIT_CHECKPOINTS_DIR",
        )
        parser.add_argument(
            "--pubkey",
            type=Path,
            action="append",
            metavar="FILE",
            help="PEM; may be given for each seal key there ever was; else the installation's own",
        )
        parser.add_argument(
            "--sample",
            type=int,
            default=1,
            metavar="N",
            help="decrypt only every N-th file (all are hashed); default: every one",
        )
        parser.add_argument(
            "--accept-unsigned", action="store_true", help="take a manifest without signature"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["dir"] or settings.BACKUP_DIR
        if directory is None:
            raise CommandError("Name a directory, or set BACKUP_DIR.")
        wanted = Wanted(
            directory=directory,
            backup=options["backup"],
            checkpoints=options["checkpoints"],
            pubkeys=options["pubkey"],
            sample=max(options["sample"], 1),
            accept_unsigned=options["accept_unsigned"],
        )
        try:
            done = restore(wanted, now=timezone.now())
        except KeepingError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            said = {"name": done.manifest.name, "made_at": done.manifest.at, **done.figures()}
            timing = {name: round(seconds, 1) for name, seconds in done.timing.items()}
            told = {"timing": timing, "said": done.said, "named": done.faults}
            self.stdout.write(json.dumps({**said, **told}))
        else:
            self._tell(done)
        if done.faults:
            sys.exit(3)

    def _tell(self, done: Restored) -> None:
        say, figures = self.stdout.write, done.figures()
        say(f"Backup {done.manifest.name} of {done.manifest.at[:16]} UTC is restored, "
            f"after {done.seconds:.1f} s.")  # fmt: skip
        say(f"Database: {figures['tables']} tables, {figures['rows']} rows.")
        share = "all" if done.sample == 1 else f"every {done.sample}th"
        say(
            f"Files: {figures['files']}, each hashed; {share} decrypted: {figures['proven']} whole, "
            f"{figures['files_bad']} bad."
        )
        say(
            f"Trail: {done.trail.rows} sealed rows under {done.trail.checkpoints} seals recomputed."
        )
        for text in done.said:
            say(text)
        for fault in done.faults:
            say(f"FAULT: {fault}")
        say(f"Sessions ended: {done.sessions}. Open links and emergency accesses ended as well.")
        say(
            f"Revocations since the backup: {done.revocations} (what happened in the last minute "
            "before the loss is in no copy)."
        )
        say("The installation is CLOSED. Next: manage.py reopen --by USERNAME")
