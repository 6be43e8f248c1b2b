"""Encrypt the files that were stored before there were keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digitization import upkeep


class Command(BaseCommand):
    help = (
        "Encrypts every plain stored file, screen image and thumbnail that a row names. May be "
        "interrupted and run again, also while people work. A damaged file stays as it is, and is "
        "named by its id."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = upkeep.encrypt_files()
        self.stdout.write(str(report))
        if report.bad:
            raise CommandError("\n".join(report.rows))
