"""The installation's own PostgreSQL: a cluster on a loopback port, passwords only, no sockets."""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg2
from psycopg2 import sql

from config.launcher.children import Child, Stop, spawn, wait_for
from config.launcher.keys import Keys
from config.launcher.places import LauncherError, Places, cluster_home, server_user
from config.launcher.ports import LOOPBACK, free_port
from config.launcher.survivors import clear

BINARIES = Path("/usr/lib/postgresql")
SUPERUSER = "postgres"
NAME = "sauro"  # the database and its owner
APPLICATION = "sauro_app"
# "fast" shutdown (open sessions are ended), then "immediate", then nothing more to ask.
FAST: Stop = ((signal.SIGINT, 20.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0))
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
SETTINGS = (
    f"listen_addresses={LOOPBACK}",
    "unix_socket_directories=",  # a socket's path may have 107 bytes: projects lie deeper
    "max_connections=100",
    "shared_buffers=256MB",
    "jit=off",
    "log_timezone=UTC",
)
# For tests and benchmarks whose data nobody keeps.
THROWAWAY = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True)
class Cluster:
    """One data directory."""

    home: Path
    user: str | None
    throwaway: bool

    @property
    def data(self) -> Path:
        return self.home / "data"

    def command(self, port: int) -> list[str]:
        chosen = [*SETTINGS, *(THROWAWAY if self.throwaway else ())]
        flags = [part for setting in chosen for part in ("-c", setting)]
        return [
            str(binaries(self.data) / "postgres"),
            "-D",
            str(self.data),
            "-p",
            str(port),
            *flags,
        ]


def cluster_of(places: Places, *, throwaway: bool = False) -> Cluster:
    return Cluster(cluster_home(places), server_user(), throwaway)


def binaries(data: Path) -> Path:
    """Server programs: of the version that made the data, else the newest installed."""
    version_file = data / "PG_VERSION"
    if version_file.exists():
        version = version_file.read_text("ascii").strip()
        if (BINARIES / version / "bin" / "postgres").exists():
            return BINARIES / version / "bin"
        raise LauncherError(
            f"The data in {data} were made by PostgreSQL {version}, which is not installed.\n"
            f"Install postgresql-{version}, or move the data with pg_dumpall."
        )
    found = sorted(BINARIES.glob("*/bin/postgres"), key=lambda p: float(p.parent.parent.name))
    if not found:
        raise LauncherError(f"No PostgreSQL server under {BINARIES}: install postgresql.")
    return found[-1].parent


def initialise(cluster: Cluster, password: str) -> None:
    """initdb beside the final place, renamed when whole: a broken attempt is never used."""
    if cluster.data.exists():
        return
    fresh = cluster.home / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    secret = cluster.home / "password.new"
    secret.touch(mode=0o600)
    secret.write_text(f"{password}\n", "ascii")
    if cluster.user is not None:
        os.chown(secret, pwd.getpwnam(cluster.user).pw_uid, -1)
    command = [
        str(binaries(cluster.data) / "initdb"),
        "-D",
        str(fresh),
        "-U",
        SUPERUSER,
        "-E",
        "UTF8",
    ]
    command += ["--locale=C.UTF-8", "-A", "scram-sha-256", f"--pwfile={secret}"]
    done = subprocess.run(
        [*command, *(["--no-sync"] if cluster.throwaway else [])],
        user=cluster.user,
        group=cluster.user,
        extra_groups=None if cluster.user is None else [],
        cwd=cluster.home,
        env=ENVIRONMENT,
        capture_output=True,
        check=False,
    )
    secret.unlink(missing_ok=True)
    if done.returncode != 0:
        raise LauncherError(f"initdb failed:\n{(done.stdout + done.stderr).decode('utf-8')}")
    fresh.rename(cluster.data)


def clear_stale_pid(data: Path) -> None:
    """After a crash ``postmaster.pid`` may name a process that is gone, or one of another program;
    the latter would keep PostgreSQL from starting.

    Removing the file is safe only when no process of the old server is left, so that is seen to
    first: a server of this very directory that outlived its launcher is stopped.
    """
    pid_file = data / "postmaster.pid"
    if not pid_file.exists():
        return
    first = os.fsdecode(pid_file.read_bytes()).split("\n", 1)[0].strip()
    clear(data, "postgres", signal.SIGINT, leader=int(first) if first.isdigit() else None)
    pid_file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Addresses:
    """The same database under its two roles: DATABASE_URL and DATABASE_OWNER_URL."""

    application: str
    owner: str


def start(cluster: Cluster, keys: Keys, *, log: Path, children: list[Child]) -> Addresses:
    """Start the server; see to database and roles, also in a cluster made before there were two.

    The process joins ``children`` before anything can fail, so that it is stopped in any case.

    The owner migrates and may create further databases (tests, benchmarks); he is no superuser.
    The application's role owns nothing; ``migrate`` says what it may do (docs/adr/0015).
    """
    initialise(cluster, keys.database_owner)
    clear_stale_pid(cluster.data)
    keys.postgres_port = free_port([keys.postgres_port])
    command = cluster.command(keys.postgres_port)
    child = spawn(
        "PostgreSQL",
        command,
        log=log,
        cwd=cluster.data if cluster.user is None else cluster.home,
        env=ENVIRONMENT,
        user=cluster.user,
        how=FAST,
    )
    children.append(child)
    wait_for(lambda: _prepared(keys), what="PostgreSQL", children=[child], timeout=60)
    address = f"{LOOPBACK}:{keys.postgres_port}/{NAME}"
    return Addresses(
        application=f"postgres://{APPLICATION}:{keys.database_application}@{address}",
        owner=f"postgres://{NAME}:{keys.database_user}@{address}",
    )


def _prepared(keys: Keys) -> bool:
    """Connect as superuser, see to roles and database; False while the server is starting."""
    try:
        connection = psycopg2.connect(
            host=LOOPBACK,
            port=keys.postgres_port,
            user=SUPERUSER,
            password=keys.database_owner,
            dbname="postgres",
            connect_timeout=5,
        )
    except psycopg2.OperationalError as error:
        if "password authentication failed" in str(error):
            raise LauncherError(
                "The kept keys (keys.json) do not open this PostgreSQL: they belong to other data."
            ) from error
        return False
    connection.autocommit = True
    try:
        _create_once(connection, keys)
    finally:
        connection.close()
    return True


def _create_once(connection: "psycopg2.extensions.connection", keys: Keys) -> None:
    """What is there stays, but for the rights and password of the application's role."""
    owner, application = sql.Identifier(NAME), sql.Identifier(APPLICATION)
    owners_password = sql.Literal(keys.database_user)
    role, database = "pg_roles WHERE rolname = %s", "pg_database WHERE datname = %s"
    wanted: Sequence[tuple[str, str, sql.Composed]] = (
        (
            role,
            NAME,
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(owner, owners_password),
        ),
        (role, APPLICATION, sql.SQL("CREATE ROLE {}").format(application)),
        (database, NAME, sql.SQL("CREATE DATABASE {} OWNER {}").format(owner, owner)),
    )
    with connection.cursor() as cursor:
        for place, name, create in wanted:
            cursor.execute(f"SELECT 1 FROM {place}", [name])  # noqa: S608 (said above)
            if cursor.fetchone() is None:
                cursor.execute(create)
        plain = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
        alter = sql.SQL("ALTER ROLE {} " + plain + " PASSWORD {}")
        cursor.execute(alter.format(application, sql.Literal(keys.database_application)))
        # The owner can act as the application, never the other way: the tests do so.
        cursor.execute(sql.SQL("GRANT {} TO {}").format(application, owner))
