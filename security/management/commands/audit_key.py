from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from security.models import AuditCheckpoint
from security.seals.keys import make_key


class Command(BaseCommand):
    help = (
        "Makes the key that signs the seals of the trail (AUDIT_SEAL_KEY_FILE), and its public "
        "half beside it (.pub); never replaces a file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--replace-lost",
            action="store_true",
            help="go on with a new key although there are seals made with another one",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Also called by ``prepare``. A key that is there stays; one that is lost must be noticed,
        not quietly replaced."""
        path = settings.AUDIT_SEAL_KEY_FILE
        if path.exists():
            return
        if AuditCheckpoint.objects.exists() and not options["replace_lost"]:
            raise CommandError(
                f"The seal key {path} is lost, but seals were made with it. Put it back; or keep "
                "its public half for audit_verify --pubkey and run audit_key --replace-lost."
            )
        try:
            key = make_key(path)
        except OSError as error:
            raise CommandError(f"The seal key {path} cannot be made: {error.strerror}") from error
        self.stdout.write(f"Seal key {key.id} made: {path}")
