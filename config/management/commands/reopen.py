"""Opening a restored installation, after the revocations since its backup."""

from __future__ import annotations

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import reverse
from django.utils import timezone

from config.keeping.errors import KeepingError
from config.keeping.reopening import Reopened, reopen, state
from config.keeping.revoked import told


class Command(BaseCommand):
    help = (
        "Opens an installation that `restore` left closed. First does again what took somebody's "
        "access away after the backup (from the files beside the copies of the seals); what cannot "
        "be done by itself is listed and must be confirmed, each by its number. Exit status: 0 "
        "open, 3 still closed, 1 could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", metavar="USERNAME", help="the administrator who answers for it")
        parser.add_argument(
            "--confirm",
            type=int,
            action="append",
            default=[],
            metavar="NUMBER",
            help="a listed revocation that a person has seen to; may be given several times",
        )
        parser.add_argument(
            "--accept-faults", action="store_true", help="open although the restore named faults"
        )
        parser.add_argument("--list", action="store_true", help="only tell what waits")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["list"]:
                self._list()
                return
            if not options["by"]:
                raise CommandError("Say with --by which administrator opens it.")
            done = reopen(
                by=options["by"],
                confirmed=options["confirm"],
                accept_faults=options["accept_faults"],
                now=timezone.now(),
            )
        except KeepingError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            counts = {"settled": len(done.settled), "faults": len(done.faults)}
            waiting = [entry["id"] for entry in done.waiting]
            self.stdout.write(json.dumps({"open": done.is_open, **counts, "waiting": waiting}))
        else:
            self._tell(done)
        if not done.is_open:
            sys.exit(3)

    def _list(self) -> None:
        found = state()
        self.stdout.write(f"Closed: {found.backup} was restored.")
        for fault in found.faults:
            self.stdout.write(f"FAULT: {fault}")
        for entry in found.revocations:
            how = found.done.get(str(entry["id"]), "not done yet")
            self.stdout.write(f"{told(entry)}: {how}")

    def _tell(self, done: Reopened) -> None:
        say = self.stdout.write
        for entry, how in done.settled:
            say(f"{told(entry)}: {how}")
        for entry in done.waiting:
            say(f"TO CONFIRM {told(entry)}")
        for fault in done.faults:
            say(f"FAULT: {fault}")
        if not done.is_open:
            say("Still CLOSED. See to what is listed, then: --confirm NUMBER …, --accept-faults.")
            return
        if done.link:
            say(f"Your password was changed after the backup. Set a new one once: "
                f"{reverse('account_invitation', args=[done.link])}")  # fmt: skip
        say("The installation is OPEN.")
