"""One backup of the installation: database and stored files, keys apart."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.keeping.errors import KeepingError
from config.keeping.keys import copy_keys, what_to_keep
from config.keeping.making import Made
from config.keeping.runs import back_up


class Command(BaseCommand):
    help = (
        "Makes a backup of database and stored files in DIR (default: BACKUP_DIR). Files that lie "
        "there already are not copied again. Keys are never put there: --keys-to copies them "
        "elsewhere. Exit status: 0 whole, 3 whole but for files that are missing on the disk, 1 "
        "no backup was made."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, metavar="DIR")
        parser.add_argument(
            "--keep", type=int, default=settings.BACKUP_KEEP, help="newest ones to keep"
        )
        parser.add_argument(
            "--keys-to", type=Path, metavar="DIR", help="copy the keys to this empty directory"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["dir"] or settings.BACKUP_DIR
        if directory is None:
            raise CommandError("Name a directory, or set BACKUP_DIR.")
        try:
            made = back_up(directory, keep=options["keep"])
            keys = copy_keys(options["keys_to"], backups=directory) if options["keys_to"] else []
        except KeepingError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps({"name": made.manifest.name, **made.figures()}))
        else:
            self._tell(made, keys)
        if made.files.missing:
            sys.exit(3)

    def _tell(self, made: Made, keys: list[Path]) -> None:
        say, files = self.stdout.write, made.files
        say(f"Backup {made.manifest.name} is whole, after {made.seconds:.1f} s.")
        say(
            f"Database: {_mb(made.manifest.dump.size)}; trail up to row {made.manifest.trail.last_id}."
        )
        say(
            f"Files: {files.count} ({_mb(files.bytes)}); copied {files.copied} "
            f"({_mb(files.bytes_copied)}), there already {files.skipped}."
        )
        say(f"Manifest: {made.sha256}, {'signed' if made.signed else 'NOT signed (no seal key)'}.")
        if made.removed.backups:
            say(f"Removed: {made.removed.backups} old backups, {made.removed.files} files.")
        if made.removed.said:
            say(made.removed.said)
        for blob in files.missing:
            say(f"MISSING on the disk: {blob}")
        if keys:
            say(f"Keys copied: {', '.join(map(str, keys))}. Keep them apart from the backup.")
        else:
            say("Not in the backup, and needed beside it to restore:")
            for what in what_to_keep():
                say(f"  {what}")


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
