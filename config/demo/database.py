"""What the database is, and starting it over: only one marked as demonstration may be dropped."""

from __future__ import annotations

from datetime import datetime
from io import StringIO

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from records.models import CodeList
from security.database_roles import as_owner
from security.models import Installation, Role, User
from security.seals.store import set_aside


class NotDemonstrationError(Exception):
    """The database is not marked as a demonstration; nothing was changed."""


def has_tables() -> bool:
    return Installation._meta.db_table in connection.introspection.table_names()


def is_demo() -> bool:
    """Whether this database is marked as a demonstration."""
    return has_tables() and Installation.objects.filter(is_demo=True).exists()


def is_taken() -> bool:
    """Whether somebody works here already, so that no demonstration may be mixed in."""
    return has_tables() and User.objects.exists()


def mark(*, demo: bool, now: datetime) -> None:
    """Write what this installation is; it stays so for ever."""
    Installation.objects.create(pk=1, is_demo=demo, created_at=now)


def prepare() -> None:
    """Migrations and reference data where they are missing; the launcher has done both before."""
    executor = MigrationExecutor(connection)
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        call_command("migrate", interactive=False, verbosity=0)
    if not (Role.objects.exists() and CodeList.objects.exists()):
        call_command("load_reference", stdout=StringIO())


def recreate() -> None:
    """Drop everything and migrate anew. Raises NotDemonstrationError unless marked."""
    if not is_demo():
        raise NotDemonstrationError
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")
    set_aside(settings.AUDIT_CHECKPOINTS_DIR)  # the trail begins anew, and its seals with it
    ContentType.objects.clear_cache()
    prepare()
