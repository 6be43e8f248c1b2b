"""Wrap the keys of stored files by the newest keys."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digitization import upkeep


class Command(BaseCommand):
    help = (
        "Wraps the key of every stored file by the newest key of its level (see make_file_keys), "
        "and of a higher level where its row was classified higher meanwhile. The contents are not "
        "encrypted anew. May be interrupted and run again, also while people work. When it says "
        "that nothing is left, older versions can leave the key file."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        report = upkeep.rotate_keys()
        self.stdout.write(str(report))
        if report.bad:
            raise CommandError(
                "\n".join([*report.rows, "Keep the older keys: some files need them."])
            )
