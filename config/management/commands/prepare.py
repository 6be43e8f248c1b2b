import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from security.blobs import require_keys
from security.models import Installation, User


class Command(BaseCommand):
    help = "Tables and reference data; the last line says what the database is, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        require_keys()
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        self._seal_key()
        call_command("load_reference", stdout=self.stdout)
        state = {
            "empty": not User.objects.exists(),
            "demo": Installation.objects.filter(is_demo=True).exists(),
        }
        self.stdout.write(json.dumps(state))

    def _seal_key(self) -> None:
        """A new installation gets its key; without one it starts all the same, and seals late."""
        try:
            call_command("audit_key", stdout=self.stdout)
        except CommandError as error:
            self.stderr.write(str(error))
