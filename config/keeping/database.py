"""The database in and out of a backup: ``pg_dump`` and ``pg_restore`` as its owner.

The password goes through the environment of the child process, never through its arguments, which
every user of the machine can read.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import environ
import psycopg2
from django.conf import settings
from django.db import connection, transaction
from psycopg2 import sql

from config.keeping.errors import KeepingError

BINARIES = Path("/usr/lib/postgresql")
_SAID_AT_MOST = 600
_TABLES = """
SELECT relname FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname COLLATE "C"
"""


@dataclass(frozen=True)
class Database:
    """Where a database is and who its owner is."""

    name: str
    host: str
    port: str
    user: str
    password: str
    options: dict[str, str]

    def environment(self) -> dict[str, str]:
        """What libpq reads; nothing else of our own environment but the way to the programs."""
        said = {
            "PGDATABASE": self.name,
            "PGHOST": self.host,
            "PGPORT": self.port,
            "PGUSER": self.user,
            "PGPASSWORD": self.password,
            "PGSSLMODE": self.options.get("sslmode", ""),
            "PGSSLROOTCERT": self.options.get("sslrootcert", ""),
            "PGCONNECT_TIMEOUT": "10",
            "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
            "LC_ALL": "C.UTF-8",
        }
        return {name: value for name, value in said.items() if value}

    def connect(self) -> psycopg2.extensions.connection:
        options = {k: v for k, v in self.options.items() if k in {"sslmode", "sslrootcert"}}
        try:
            return psycopg2.connect(
                dbname=self.name,
                host=self.host,
                port=self.port,
                user=self.user,
                password=self.password,
                connect_timeout=10,
                **options,
            )
        except psycopg2.OperationalError as error:
            raise KeepingError(f"The database does not answer its owner: {error}") from error

    def named(self, name: str) -> Database:
        """Another database of the same server and owner."""
        return replace(self, name=name)


def owners() -> Database:
    """The database that Django works with, as its owner (DATABASE_OWNER_URL)."""
    said = environ.Env.db_url_config(settings.DATABASE_OWNER_URL)
    return Database(
        name=str(connection.settings_dict["NAME"]),
        host=said["HOST"] or "",
        port=str(said["PORT"] or ""),
        user=said["USER"] or "",
        password=said["PASSWORD"] or "",
        options=dict(said.get("OPTIONS", {})),
    )


# --- programs ---------------------------------------------------------------------------


def program(name: str, server: int) -> tuple[str, str]:
    """Path and version of ``pg_dump`` or ``pg_restore`` that understands this server.

    One that is older than the server refuses or, worse, leaves out what it does not know. The one
    nearest above is taken: what a much newer one writes an older server may not read.
    """
    found: list[tuple[int, str, str]] = []
    for path in [*sorted(map(str, BINARIES.glob(f"*/bin/{name}"))), name]:
        version = _version(path)
        if version:
            found.append((int(version.split(".")[0]), path, version))
    fitting = sorted(one for one in found if one[0] >= server // 10000)
    if not fitting:
        has = ", ".join(sorted({version for _major, _path, version in found})) or "none"
        raise KeepingError(
            f"{name} of PostgreSQL {server // 10000} or newer is needed; there is: {has}. "
            "Install postgresql-client of the server's version."
        )
    _major, path, version = fitting[0]
    return path, version


def _version(path: str) -> str:
    try:
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    found = re.search(r"\b(\d+(\.\d+)*)", said.stdout)
    return found[1] if found and said.returncode == 0 else ""


@dataclass
class Working:
    """A ``pg_dump`` or ``pg_restore`` at work."""

    name: str
    process: subprocess.Popen[bytes]
    tool: str

    def wait(self) -> None:
        """KeepingError unless it came to a good end."""
        _out, said = self.process.communicate()
        if self.process.returncode != 0:
            raise KeepingError(f"{self.name} failed: {_short(said)}")


@contextmanager
def dumping(database: Database, snapshot: Snapshot, goal: Path) -> Iterator[Working]:
    """Run ``pg_dump`` of exactly what the snapshot sees, beside the caller; ended in any case."""
    arguments = ["--format=custom", f"--snapshot={snapshot.id}", f"--file={goal}"]
    with _beside("pg_dump", arguments, database, snapshot.server) as work:
        yield work


@contextmanager
def restoring(dump: Path, database: Database) -> Iterator[Working]:
    """Bring a dump into an empty database beside the caller: all of it in one transaction, or
    nothing; ended in any case."""
    with database.connect() as link:
        server = link.server_version
    link.close()
    arguments = ["--single-transaction", "--exit-on-error", "--no-comments"]
    arguments += [f"--dbname={database.name}", str(dump)]
    with _beside("pg_restore", arguments, database, server) as work:
        yield work


@contextmanager
def _beside(name: str, arguments: list[str], database: Database, server: int) -> Iterator[Working]:
    path, version = program(name, server)
    process = subprocess.Popen(
        [path, "--no-owner", "--no-privileges", "--no-password", *arguments],
        env=database.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield Working(name, process, version)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def _short(said: bytes) -> str:
    """The end of what a program said: errors of PostgreSQL name tables and codes, no rows."""
    lines = [line for line in said.decode("utf-8", "replace").splitlines() if line.strip()]
    kept = [line for line in lines if not line.startswith(("CONTEXT", "DETAIL"))]
    return " ".join(kept)[-_SAID_AT_MOST:]


# --- a moment of the database -----------------------------------------------------------


@dataclass(frozen=True)
class Snapshot:
    """A moment that several sessions see alike while the first of them lasts."""

    id: str
    at: str
    server: int
    link: psycopg2.extensions.connection


@contextmanager
def snapshot(database: Database) -> Iterator[Snapshot]:
    """Hold one moment of the database. Read-only: it delays neither writers nor the seals."""
    link = database.connect()
    try:
        link.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with link.cursor() as cursor:
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute(
                "SELECT pg_export_snapshot(), to_char(now() AT TIME ZONE 'UTC', "
                '\'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"\')'
            )
            identity, at = cursor.fetchone()
        yield Snapshot(identity, at, link.server_version, link)
    finally:
        link.close()


@contextmanager
def seeing(moment: Snapshot) -> Iterator[None]:
    """Inside, Django sees that moment too, and cannot write."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET TRANSACTION SNAPSHOT %s", [moment.id])
        yield


def count_rows(link: psycopg2.extensions.connection) -> dict[str, int]:
    """Rows of every table; partitions are tables of their own."""
    with link.cursor() as cursor:
        cursor.execute(_TABLES)
        names = [name for (name,) in cursor.fetchall()]
        counts = {}
        for name in names:
            cursor.execute(sql.SQL("SELECT count(*) FROM public.{}").format(sql.Identifier(name)))
            counts[name] = int(cursor.fetchone()[0])
    return counts
