"""Database and broker of an installation: its own, or those the environment names."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from config.launcher import postgres, redis_server
from config.launcher.children import Child
from config.launcher.keys import load_keys, make_file_keys, save_keys, write_run_env
from config.launcher.places import LauncherError, Places


@dataclass
class Servers:
    """What is running, in the order of starting, and the variables that lead to it."""

    places: Places
    children: list[Child] = field(default_factory=list)
    variables: dict[str, str] = field(default_factory=dict)

    def environment(self) -> dict[str, str]:
        """The environment of the product's processes; a bare machine has no UTF-8 locale."""
        return {
            **os.environ,
            **self.variables,
            "VAR_DIR": str(self.places.var),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "LC_ALL": "C.UTF-8",
            "PYTHONUTF8": "1",
            "PYTHONUNBUFFERED": "1",
            "OMP_THREAD_LIMIT": "1",
        }

    def application(self) -> dict[str, str]:
        """The same for the processes that people's requests and jobs reach: without the owner."""
        return {**self.environment(), "DATABASE_OWNER_URL": ""}

    def add(self, variables: dict[str, str]) -> None:
        """Tell the processes to come, and ``var/run.env``, more than the servers' addresses."""
        self.variables |= variables
        write_run_env(self.places.run_env, self.variables)

    def stop(self) -> None:
        """Last started, first stopped."""
        while self.children:
            self.children.pop().stop()


def start_servers(servers: Servers, *, throwaway: bool = False) -> None:
    """Start what the environment does not already name; write ``var/run.env``."""
    places = servers.places
    keys = load_keys(places.keys)
    database, broker = os.environ.get("DATABASE_URL"), os.environ.get("REDIS_URL")
    owner = os.environ.get("DATABASE_OWNER_URL", "")
    if not database:
        cluster = postgres.cluster_of(places, throwaway=throwaway)
        log = places.log / "postgres.log"
        addresses = postgres.start(cluster, keys, log=log, children=servers.children)
        database, owner = addresses.application, addresses.owner
    if not broker:
        broker = redis_server.start(places, keys, children=servers.children, throwaway=throwaway)
    save_keys(places.keys, keys)
    if not os.environ.get("FILE_KEYS_FILE"):
        make_file_keys(places.file_keys)
    servers.variables = {
        "DATABASE_URL": database,
        "DATABASE_OWNER_URL": owner,
        "REDIS_URL": broker,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or keys.secret_key,
        "FILE_NAME_KEY": os.environ.get("FILE_NAME_KEY") or keys.file_name_key,
        "FILE_KEYS_FILE": os.environ.get("FILE_KEYS_FILE") or str(places.file_keys),
        "DATA_DIR": os.environ.get("DATA_DIR") or str(places.var / "data"),
    }
    write_run_env(places.run_env, servers.variables)


@contextmanager
def locked(places: Places) -> Iterator[None]:
    """Only one launcher per ``var/``. The lock goes with its process, however that ends."""
    with places.lock.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise LauncherError(
                f"Already running here: {lock.read().strip() or 'starting'}.\n"
                "Stop that one first (Ctrl-C where it runs)."
            ) from None
        note(places, f"process {os.getpid()}")
        try:
            yield
        finally:
            lock.truncate(0)


def note(places: Places, text: str) -> None:
    """Write into the lock file what another start should tell about this one."""
    places.lock.write_text(f"{text}\n", "utf-8")


def is_locked(places: Places) -> bool:
    """Whether a launcher is running on this ``var/``."""
    if not places.lock.exists():
        return False
    with places.lock.open("a+", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
