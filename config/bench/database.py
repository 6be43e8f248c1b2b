"""A database of its own on the same server, for as long as a benchmark runs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import connection

from security.database_roles import as_owner


@contextmanager
def own_database(suffix: str) -> Iterator[str]:
    """Create and migrate ``<database>_<suffix>``, point Django at it, drop it in the end.

    The installation's own database is not touched. A rest of a run that was killed is replaced.
    """
    home = connection.settings_dict["NAME"]
    name = f"{home}_{suffix}"
    _recreate(name)
    _point_at(name)
    try:
        call_command("migrate", verbosity=0, interactive=False)
        yield name
    finally:
        _point_at(home)
        _drop(name)
        connection.close()


def _point_at(name: str) -> None:
    connection.close()
    connection.settings_dict["NAME"] = name


def _recreate(name: str) -> None:
    _drop(name)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {connection.ops.quote_name(name)} TEMPLATE template0")


def _drop(name: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        quoted = connection.ops.quote_name(name)
        cursor.execute(f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")
