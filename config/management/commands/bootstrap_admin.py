"""The first administrator of an installation that is not a demonstration."""

import json
import secrets
import sys
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from config.demo import database
from security.levels import Secrecy
from security.models import Unit, User
from security.services import create_unit, create_user, grant_role


class Command(BaseCommand):
    help = (
        "Creates the root unit, the first person and his role of administrator on it. Refused "
        "where anybody can sign in already. Without --password-stdin a password is made at "
        "random and printed once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")
        parser.add_argument("--full-name", default="Administrator")
        parser.add_argument("--unit-code", default="BAN", help="code of the root unit")
        parser.add_argument("--unit-name", default="Ban Tổ chức", help="name of the root unit")
        parser.add_argument("--password-stdin", action="store_true", help="first line of stdin")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        database.prepare()
        if database.is_taken() or database.is_demo():
            raise CommandError("Somebody can sign in here already; nothing was changed.")
        given = sys.stdin.readline().rstrip("\n") if options["password_stdin"] else ""
        password = given or secrets.token_urlsafe(15)
        try:
            user = self._create(password, options)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        made = {"username": user.username, "unit": user.unit.code}
        if not given:
            made["password"] = password
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        for name, value in made.items():
            self.stdout.write(f"{name}: {value}")

    @transaction.atomic
    def _create(self, password: str, options: dict[str, Any]) -> User:
        now = timezone.now()
        unit = Unit.objects.filter(code=options["unit_code"]).first() or create_unit(
            actor=None,
            code=options["unit_code"],
            name=options["unit_name"],
            kind=Unit.Kind.ORGANISATION,
        )
        user = create_user(
            actor=None,
            username=options["username"],
            full_name=options["full_name"],
            unit=unit,
            password=password,
        )
        grant_role(
            actor=None,
            user=user,
            role="administrator",
            unit=unit,
            now=now,
            max_level=Secrecy.INTERNAL,
            reason="first administrator",
        )
        database.mark(demo=False, now=now)
        return user
