"""Upload scans as a user would, through the same door as the browser."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from digitization.models import Dossier
from digitization.problems import refused
from digitization.selectors.export import file_state, visible_dossier
from digitization.selectors.lots import current_lot
from digitization.services import FileReceipt, open_dossier, receive_file
from security import audit
from security.http import DENIALS
from security.models import User
from security.services import RefusedError

CHUNK = 1 << 20
LOOK_AGAIN_AFTER = 0.3  # seconds


class Command(BaseCommand):
    requires_system_checks = ()  # a scan must not wait for them
    help = "Upload scans into a dossier; one JSON line per file; exit status 1 if any was refused."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("files", nargs="+", metavar="FILE")
        parser.add_argument("--dossier", required=True, metavar="CODE")
        parser.add_argument("--as", required=True, dest="user", metavar="USER")
        parser.add_argument("--wait", action="store_true", help="return when the pages are read")
        parser.add_argument("--json", action="store_true", help="JSON lines (always so)")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"no such user: {options['user']}")
        began, lines = time.monotonic(), []
        for name in options["files"]:
            line = {"file": name, **_sent(user, options["dossier"], Path(name))}
            line["seconds"] = round(time.monotonic() - began, 2)
            lines.append(line)
            if not options["wait"]:
                self._print(line)
            began = time.monotonic()
        if options["wait"]:
            self._wait(lines)
        if any("error" in line or line["state"] == "failed" for line in lines):
            raise SystemExit(1)

    def _wait(self, lines: list[dict[str, Any]]) -> None:
        began = time.monotonic()
        for line in lines:
            while "source" in line and (state := file_state(line["source"])) == "queued":
                time.sleep(LOOK_AGAIN_AFTER)
            if "source" in line:
                line["state"] = state
                line["seconds"] = round(line["seconds"] + time.monotonic() - began, 2)
            self._print(line)

    def _print(self, line: dict[str, Any]) -> None:
        shown = {key: value for key, value in line.items() if key != "source"}
        self.stdout.write(json.dumps(shown, ensure_ascii=False))
        self.stdout.flush()


def _sent(user: User, code: str, path: Path) -> dict[str, Any]:
    """One file on its way; what is refused becomes a line, so that the others go on."""
    try:
        with path.open("rb") as file:
            receipt = _received(user, code, path.name, iter(lambda: file.read(CHUNK), b""))
    except RefusedError as error:
        if any(problem.code in DENIALS for problem in error.problems):
            # After the service's transaction was rolled back, so that the line stays.
            audit.record("digitization.upload", actor=user, decision="denied", reason="ingest")
        return {
            "error": "; ".join(problem.message for problem in error.problems),
            "code": error.problems[0].code,
            "state": "refused",
        }
    except OSError as error:
        return {"error": error.strerror or str(error), "code": "unreadable", "state": "refused"}
    return {
        "sha256": receipt.sha256,
        "pages": receipt.pages,
        "state": file_state(receipt.source_id),
        "source": receipt.source_id,
    }


def _received(user: User, code: str, name: str, chunks: Iterator[bytes]) -> FileReceipt:
    return receive_file(
        actor=user,
        dossier=_dossier(user, code),
        name=name,
        chunks=chunks,
        now=timezone.now(),
    )


def _dossier(user: User, code: str) -> Dossier:
    """The dossier, or a new one in the user's newest open lot."""
    found = visible_dossier(code, user)
    if found is not None:
        return found
    lot = current_lot(user)
    if lot is None:
        raise refused("no_open_lot")
    with transaction.atomic():
        return open_dossier(actor=user, lot=lot, code=code, now=timezone.now())
