"""Where a backup is restored to: an empty database and an empty data directory, and no other.

Empty is a database without tables, or one that ``prepare`` made and in which nobody has worked
yet: without any person there is nothing that could be lost.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection

from config.keeping.errors import KeepingError
from config.keeping.manifest import Manifest
from security import blobs
from security.database_roles import as_owner
from security.models import AuditCheckpoint, User
from security.seals import store
from security.seals.sealing import sealed_of

ROOM_TO_SPARE = 1.02


def has_tables() -> bool:
    return bool(connection.introspection.table_names())


def check_database() -> None:
    """KeepingError where somebody's work is in the database."""
    names = connection.introspection.table_names()
    if not names:
        return
    if User._meta.db_table in names and not User.objects.exists():
        return
    raise KeepingError(
        f"The database {connection.settings_dict['NAME']} is not empty: a restore never writes "
        "over one. Name an empty database (DATABASE_URL), or drop this one if it may be lost."
    )


def check_files(manifest: Manifest) -> None:
    """KeepingError where files are there already, or where the disk is too small."""
    root = blobs.blobs_root()
    if root.is_dir() and any(path.is_file() for path in root.glob("??/??/*")):
        raise KeepingError(
            f"There are files in {root}: a restore never writes over them. Name an empty directory "
            "(DATA_DIR), or move them away."
        )
    data = Path(settings.DATA_DIR)
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    needed, free = int(manifest.files.bytes * ROOM_TO_SPARE), shutil.disk_usage(data).free
    if free < needed:
        raise KeepingError(
            f"The files need {needed // 10**6} MB; {data} has {free // 10**6} MB left."
        )


def empty_schema() -> None:
    """Take away the tables of an installation in which nobody has worked; ``check_database`` has
    looked. Copies of its seals are put aside: the restored trail has others of the same numbers."""
    if not has_tables():
        return
    _put_fresh_seals_aside()
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA public CASCADE")
        cursor.execute("CREATE SCHEMA public")


def _put_fresh_seals_aside() -> None:
    directory = Path(settings.AUDIT_CHECKPOINTS_DIR)
    last = AuditCheckpoint.objects.order_by("-number").first()
    if last is not None and store.kept(directory, last.number) == sealed_of(last):
        store.set_aside(directory)
