"""What the two export commands share: options, the dossier, the directory, the trail, the answer."""

from __future__ import annotations

import getpass
import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from digitization.models import Dossier
from digitization.selectors.export import exported_ids, visible_dossier
from security import audit
from security.levels import Secrecy
from security.models import User
from security.scope import allowed_by


class ExportCommand(BaseCommand):
    """Acts for the person of ``--as``: his filter, his field levels, his name on the trail.

    Without ``--as`` it is whoever runs the machine: everything up to level 1, nothing above. No
    second person is asked: whoever has a shell here has the files and their keys (docs/adr/0018).
    ``--reason`` goes to the trail; that none was given goes there, too, with the name of the account.
    """

    requires_system_checks = ()
    what: str  # name of the command, for the trail

    def write(self, dossier: Dossier, out: Path, user: User | None) -> int:
        """Write the dossier's files into ``out``, what this user may read; how many."""
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dossier", required=True, metavar="CODE")
        parser.add_argument("--out", required=True, metavar="DIR", type=Path)
        parser.add_argument("--as", dest="user", metavar="USER", help="act for this person")
        parser.add_argument("--reason", default="", help="what it is for; goes to the trail")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        user = _user(options["user"])
        dossier = self._dossier(options["dossier"], user)
        out: Path = options["out"]
        out.mkdir(parents=True, exist_ok=True)
        # Before the first byte: what cannot be written down does not leave.
        audit.record(
            "dossier.exported",
            actor=user,
            row=dossier,
            ids=exported_ids(dossier, user),
            reason=f"{self.what}: {options['reason'].strip() or 'no reason given'}",
            allowed_by=allowed_by(user, dossier) if user else _machine(),
        )
        written = self.write(dossier, out, user)
        result = {"dossier": dossier.code, "files": written, "out": str(out)}
        self.stdout.write(
            json.dumps(result, ensure_ascii=False) if options["json"] else f"{written} → {out}"
        )

    def _dossier(self, code: str, user: User | None) -> Dossier:
        found = visible_dossier(code, user)
        if found is not None and (user or found.level <= Secrecy.INTERNAL):
            return found
        audit.record("dossier.exported", actor=user, row=found, decision="denied", reason=self.what)
        raise CommandError(f"no such dossier: {code}")


def _machine() -> str:
    """The account on this machine, as far as it has a name."""
    try:
        return f"the machine: {getpass.getuser()}"
    except (KeyError, OSError):
        return "the machine"


def _user(name: str | None) -> User | None:
    if name is None:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"no such user: {name}")
    return user
