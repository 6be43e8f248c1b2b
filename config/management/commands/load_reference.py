from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from records.services import load_code_lists
from security import audit
from security.models import RolePermission
from security.services import load_roles
from security.services.approvals import load_standing


class Command(BaseCommand):
    help = "Loads reference data that does not exist yet; what people changed is kept."

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        cells = RolePermission.objects.count()
        found = {
            "roles": load_roles(),
            "actions of roles": RolePermission.objects.count() - cells,
            "standing classifications": load_standing(now=timezone.now()),
            "code list items": load_code_lists(),
        }
        if any(found.values()):
            # A new version may give a role something more: nobody did that but whoever installed it.
            said = ", ".join(f"{number} {what}" for what, number in found.items() if number)
            audit.record("reference.loaded", actor=None, reason=said)
        for what, number in found.items():
            self.stdout.write(f"{what}: {number} new")
