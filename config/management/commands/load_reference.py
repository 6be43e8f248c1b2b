from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from records.services import load_code_lists
from security.services import load_roles
from security.services.approvals import load_standing


class Command(BaseCommand):
    help = "Loads reference data that does not exist yet; what people changed is kept."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"roles: {load_roles()} new")
        self.stdout.write(f"standing classifications: {load_standing(now=timezone.now())} new")
        self.stdout.write(f"code list items: {load_code_lists()} new")
