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
OWNER = "postgres"
NAME = "sauro"
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
    command = [str(binaries(cluster.data) / "initdb"), "-D", str(fresh), "-U", OWNER, "-E", "UTF8"]
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


def start(cluster: Cluster, keys: Keys, *, log: Path, children: list[Child]) -> str:
    """Start the server, create database and user once; returns DATABASE_URL.

    The process joins ``children`` before anything can fail, so that it is stopped in any case.

    The application's user owns its database and may create others (tests, benchmarks), nothing
    more: it is no superuser.
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
    return f"postgres://{NAME}:{keys.database_user}@{address}"


def _prepared(keys: Keys) -> bool:
    """Connect as the owner and see to user and database; False while the server is starting."""
    try:
        connection = psycopg2.connect(
            host=LOOPBACK,
            port=keys.postgres_port,
            user=OWNER,
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
    user, password = sql.Identifier(NAME), sql.Literal(keys.database_user)
    wanted: Sequence[tuple[str, sql.Composed]] = (
        (
            "SELECT 1 FROM pg_roles WHERE rolname = %s",
            sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(user, password),
        ),
        (
            "SELECT 1 FROM pg_database WHERE datname = %s",
            sql.SQL("CREATE DATABASE {} OWNER {}").format(user, user),
        ),
    )
    with connection.cursor() as cursor:
        for question, create in wanted:
            cursor.execute(question, [NAME])
            if cursor.fetchone() is None:
                cursor.execute(create)
