"""The first administrator and the first security officer of an installation for real use."""

import json
import secrets
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone, translation

from config.demo import database
from security.models import Installation, Unit, User
from security.services import RefusedError, create_unit, create_user, give_first_role
from security.services.bootstrap import FIRST_ROLES

# Where nobody says otherwise: sign-in name and full name of the person made for a role.
DEFAULT_NAMES = {
    "administrator": ("admin", "Administrator"),
    "security_officer": ("officer", "Security officer"),
}


class Command(BaseCommand):
    help = (
        "Gives --role on the root unit to a person, made for it unless the sign-in name is known. "
        "Refused where somebody active holds that role, and in a demonstration. Run it once for "
        "each role, for two people: what the one asks for, the other approves. Without "
        "--password-stdin a new person's password is made at random and printed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", choices=FIRST_ROLES, default="administrator")
        parser.add_argument("--username", help="default: admin, or officer")
        parser.add_argument("--full-name")
        parser.add_argument("--unit-code", default="BAN", help="code of the root unit")
        parser.add_argument("--unit-name", default="Ban Tổ chức", help="name of the root unit")
        parser.add_argument("--password-stdin", action="store_true", help="first line of stdin")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        database.prepare()
        if database.is_demo():
            raise CommandError("This is a demonstration; nothing was changed.")
        given = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else ""
        try:
            # Whoever reads a terminal reads the commands' language, as in every other of them.
            with translation.override("en"):
                made = self._bootstrap(given, options)
        except (ValidationError, RefusedError) as error:
            said = error.messages if isinstance(error, ValidationError) else [str(error)]
            raise CommandError(" ".join(said) + " Nothing was changed.") from error
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        for name, value in made.items():
            self.stdout.write(f"{name}: {value}")

    @transaction.atomic
    def _bootstrap(self, given: str, options: dict[str, Any]) -> dict[str, str]:
        now = timezone.now()
        unit = _root_unit(options)
        default_name, default_full_name = DEFAULT_NAMES[options["role"]]
        username = options["username"] or default_name
        user = User.objects.filter(username=username, is_active=True).first()
        password = ""
        if user is None:
            password = given or secrets.token_urlsafe(15)
            user = create_user(
                actor=None,
                username=username,
                full_name=options["full_name"] or default_full_name,
                unit=unit,
                password=password,
            )
        give_first_role(user=user, role=options["role"], unit=unit, now=now)
        if not Installation.objects.exists():
            database.mark(demo=False, now=now)
        made = {"username": user.username, "role": options["role"], "unit": unit.code}
        return {**made, "password": password} if password and not given else made


def _root_unit(options: dict[str, Any]) -> Unit:
    """The root of the tree: what these two give and approve must reach every unit."""
    code = options["unit_code"]
    unit = Unit.objects.filter(code=code).first()
    if unit is None:
        return create_unit(
            actor=None, code=code, name=options["unit_name"], kind=Unit.Kind.ORGANISATION
        )
    if unit.parent_id is not None:
        raise CommandError(f"{code} is not a root unit. Nothing was changed.")
    return unit
