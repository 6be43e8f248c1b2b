"""Damaged and missing files come back from a backup."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.keeping.errors import KeepingError
from config.keeping.healing import heal_files


class Command(BaseCommand):
    help = (
        "Brings stored files that check_files found damaged or missing back from the backups in "
        "DIR (default: BACKUP_DIR), each from the newest one that holds it whole, and reads them "
        "again. People may go on working. Exit status: 0 nothing is left damaged, 3 some files "
        "are in no backup or lack their key, 1 could not run."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("dir", nargs="?", type=Path, metavar="DIR")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = options["dir"] or settings.BACKUP_DIR
        if directory is None:
            raise CommandError("Name a directory, or set BACKUP_DIR.")
        try:
            done = heal_files(directory)
        except KeepingError as error:
            raise CommandError(str(error)) from error
        for one in done.back:
            self.stdout.write(f"brought back: {one}")
        for one in done.left:
            self.stdout.write(f"LEFT: {one}")
        self.stdout.write(f"{len(done.back)} brought back, {len(done.left)} left.")
        if done.left:
            sys.exit(3)
