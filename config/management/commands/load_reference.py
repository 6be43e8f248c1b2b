from typing import Any

from django.core.management.base import BaseCommand

from records.services import load_code_lists
from security.services import load_roles


class Command(BaseCommand):
    help = "Loads roles and code lists that do not exist yet; what people changed is kept."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"roles: {load_roles()} new")
        self.stdout.write(f"code list items: {load_code_lists()} new")
