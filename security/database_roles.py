"""Two roles of the database (docs/adr/0015): the application's owns nothing, the owner's migrates.

The application reads and writes rows, and adds to the append-only tables: triggers do not bind
the owner of a table, who may switch them off, so the product's processes are not to be he. What
the application may do is said in ``give_rights`` alone, which every ``migrate`` ends with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import environ
from django.conf import settings
from django.db import DatabaseError, connection, transaction

# A table with this trigger (``security_audit_guard`` makes it) is append-only.
_TABLES = """
SELECT quote_ident(c.relname), c.relispartition, EXISTS (
    SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgname = 'append_only')
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
    AND pg_has_role(c.relowner, 'USAGE')
ORDER BY c.relname
"""
# What the database fills in by itself (number, time, transaction) is not for the writer to say.
_SAID_BY_THE_WRITER = """
SELECT quote_ident(a.attname) FROM pg_attribute a
WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped
    AND NOT a.atthasdef AND a.attidentity = ''
ORDER BY a.attnum
"""
_SEQUENCES = """
SELECT quote_ident(c.relname) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S'
    AND pg_has_role(c.relowner, 'USAGE')
    AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_trigger t ON t.tgrelid = d.refobjid
        WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND t.tgname = 'append_only')
ORDER BY c.relname
"""
_DEFINERS = """
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef
    AND pg_has_role(p.proowner, 'USAGE')
"""
# Whoever logged in counts as well: he can put a role that he assumed aside again.
_POWERS = """
WITH role AS (SELECT DISTINCT name FROM unnest(ARRAY[current_user, session_user]) AS name),
kept AS (
    SELECT DISTINCT c.oid, c.relowner FROM pg_class c JOIN pg_trigger t ON t.tgrelid = c.oid
    WHERE t.tgname = 'append_only' AND c.relnamespace = 'public'::regnamespace)
SELECT
    bool_or((SELECT rolsuper FROM pg_roles WHERE rolname = role.name)),
    bool_or(EXISTS (SELECT FROM kept WHERE pg_has_role(role.name, kept.relowner, 'MEMBER'))),
    bool_or(EXISTS (SELECT FROM kept
        WHERE has_table_privilege(role.name, kept.oid, 'UPDATE, DELETE, TRUNCATE, TRIGGER'))),
    bool_or(has_schema_privilege(role.name, 'public', 'CREATE'))
FROM role
"""


class OpenTransactionError(Exception):
    """The owner's is another session: it cannot be taken up in the middle of a transaction."""


@dataclass(frozen=True)
class Powers:
    """What the connected role could do beyond what an application needs."""

    superuser: bool
    owns_trail: bool
    changes_trail: bool
    makes_tables: bool

    @property
    def limited(self) -> bool:
        """Whether the trail is closed to it but for reading and adding."""
        return not (self.superuser or self.owns_trail or self.changes_trail or self.makes_tables)


def owner_role() -> str:
    return str(environ.Env.db_url_config(settings.DATABASE_OWNER_URL)["USER"])


def has_two_roles() -> bool:
    """False for a database of one role, which is the owner's and serves the application too."""
    return bool(owner_role() != settings.DATABASE_APPLICATION_ROLE)


@contextmanager
def as_owner() -> Iterator[None]:
    """Inside, Django's connection acts as the owner of the same database, as migrations must.

    Does nothing in a database of one role, or inside another ``as_owner``. A login that *assumes*
    the application's role (``assume_role``) puts it aside, also within a transaction; else the
    owner's is a session of its own: raises OpenTransactionError within a transaction.
    """
    options = connection.settings_dict["OPTIONS"]
    if "assume_role" in options:
        with _role_put_aside(options):
            yield
    elif has_two_roles() and connection.settings_dict["USER"] != owner_role():
        with _owners_session():
            yield
    else:
        yield


@contextmanager
def _role_put_aside(options: dict[str, str]) -> Iterator[None]:
    assumed = options.pop("assume_role")
    _set_role("NONE")
    try:
        yield
    finally:
        options["assume_role"] = assumed
        if not connection.needs_rollback:  # a rollback brings the role back by itself
            _set_role(connection.ops.quote_name(assumed))


def _set_role(name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {name}")


@contextmanager
def _owners_session() -> Iterator[None]:
    if connection.in_atomic_block:
        raise OpenTransactionError
    owner = environ.Env.db_url_config(settings.DATABASE_OWNER_URL)
    login = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    connection.close()
    connection.settings_dict.update(USER=owner["USER"], PASSWORD=owner["PASSWORD"])
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(login)


def give_rights() -> None:
    """Say anew what the application's role may do, whatever it could do before; as the owner.

    Ordinary tables: rows may be read and written. Append-only ones: read and added to, but for
    what the database fills in by itself; their partitions: read (rows come in through the
    parent). A table made between two migrations, such as the next month of the trail, can be read
    until this is called again.
    """
    if not has_two_roles():
        return
    with transaction.atomic():
        for statement in _statements():
            with connection.cursor() as cursor:
                cursor.execute(statement)


def _statements() -> Iterator[str]:
    role = connection.ops.quote_name(settings.DATABASE_APPLICATION_ROLE)
    yield "REVOKE CREATE ON SCHEMA public FROM PUBLIC"
    yield f"REVOKE ALL ON SCHEMA public FROM {role}"
    yield f"GRANT USAGE ON SCHEMA public TO {role}"
    for what in ("TABLES", "SEQUENCES"):
        default = f"ALTER DEFAULT PRIVILEGES IN SCHEMA public {{}} ON {what}"
        yield f"{default.format('REVOKE ALL')} FROM {role}"
        yield f"{default.format('GRANT SELECT')} TO {role}"
    plain, added_to, partitions = _tables()
    for tables in filter(None, (plain, added_to, partitions)):
        yield f"REVOKE ALL ON {', '.join(tables)} FROM PUBLIC, {role}"
        rights = "SELECT, INSERT, UPDATE, DELETE" if tables is plain else "SELECT"
        yield f"GRANT {rights} ON {', '.join(tables)} TO {role}"
    for table in added_to:
        columns = ", ".join(_column(_SAID_BY_THE_WRITER, table))
        yield f"GRANT INSERT ({columns}) ON {table} TO {role}"
    yield f"REVOKE ALL ON ALL SEQUENCES IN SCHEMA public FROM PUBLIC, {role}"
    yield f"GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}"
    if sequences := _column(_SEQUENCES):
        yield f"GRANT USAGE ON SEQUENCE {', '.join(sequences)} TO {role}"
    for function in _column(_DEFINERS):
        yield f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC"
        yield f"GRANT EXECUTE ON FUNCTION {function} TO {role}"


def _tables() -> tuple[list[str], list[str], list[str]]:
    """Names, quoted: ordinary tables, append-only ones, and partitions of the latter."""
    plain: list[str] = []
    added_to: list[str] = []
    partitions: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for name, is_partition, append_only in cursor.fetchall():
            kind = partitions if append_only and is_partition else added_to
            (kind if append_only else plain).append(name)
    return plain, added_to, partitions


def _column(question: str, *values: str) -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute(question, values or None)
        return [name for (name,) in cursor.fetchall()]


def powers() -> Powers | None:
    """Of the role that Django is connected as, asked of the database itself; None where it does
    not answer."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_POWERS)
            return Powers(*map(bool, cursor.fetchone()))
    except DatabaseError:
        return None
