import json
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from security.models import Installation, User


class Command(BaseCommand):
    help = "Tables and reference data; the last line says what the database is, as JSON."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, verbosity=options["verbosity"])
        call_command("createcachetable", verbosity=options["verbosity"])
        call_command("load_reference", stdout=self.stdout)
        state = {
            "empty": not User.objects.exists(),
            "demo": Installation.objects.filter(is_demo=True).exists(),
        }
        self.stdout.write(json.dumps(state))
