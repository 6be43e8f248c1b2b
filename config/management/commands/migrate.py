"""Django's ``migrate``, as the owner of the database; ends with the rights of the application."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.commands import migrate

from security.database_roles import as_owner, give_rights


class Command(migrate.Command):
    help = f"{migrate.Command.help} Acts as DATABASE_OWNER_URL; sets the application's rights."

    def handle(self, *args: Any, **options: Any) -> None:
        with as_owner():
            super().handle(*args, **options)
            if options["plan"] or options["check_unapplied"]:
                return
            # Not a model's table, so no migration makes it; it needs rights like any other.
            call_command("createcachetable", verbosity=options["verbosity"])
            give_rights()
