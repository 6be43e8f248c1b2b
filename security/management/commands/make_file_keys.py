"""New keys for stored files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from security import keyring
from security.blobs import sync_directory


class Command(BaseCommand):
    help = (
        "Adds one version of a random key for every level to FILE_KEYS_FILE (made if missing, "
        "readable by its owner only). New files use it from then on; `rotate_file_keys` rewraps "
        "the others. Old versions stay: remove them by hand, when no file needs them. With "
        "--print the keys go to the screen, and no file is touched."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--print", action="store_true", help="for FILE_KEYS in an .env file")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["print"]:
            text = _with_new_version(settings.FILE_KEYS)
            self.stdout.write(",".join(text.replace(",", " ").split()))
            return
        if settings.FILE_KEYS:
            raise CommandError("FILE_KEYS is set and wins over a file: use --print.")
        path = Path(settings.FILE_KEYS_FILE)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        before = path.read_text("ascii") if path.exists() else ""
        _replace(path, _with_new_version(before))
        self.stdout.write(f"{path} has one more version. Copy it now to where the key is kept.")


def _with_new_version(text: str) -> str:
    try:
        return keyring.with_new_version(text)
    except keyring.KeysError as error:
        raise CommandError(f"{error}. Nothing was changed.") from None


def _replace(path: Path, text: str) -> None:
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
    sync_directory(path.parent)
