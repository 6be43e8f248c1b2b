"""Where things lie: the project, ``var/``, the logs, and a data directory PostgreSQL can enter."""

import hashlib
import os
import pwd
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SERVER_USER = "postgres"
SYSTEM_DATA = Path("/var/lib")


class LauncherError(Exception):
    """Something the person at the keyboard must read; the launcher prints it and stops."""


@dataclass(frozen=True)
class Places:
    """Paths of one installation. ``var`` is ``VAR_DIR`` or ``var/`` in the project."""

    root: Path
    var: Path

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def redis(self) -> Path:
        return self.var / "redis"

    @property
    def scratch(self) -> Path:
        """Temporary files of web and worker: uploads on their way, page images being read."""
        return self.var / "tmp"

    @property
    def run_env(self) -> Path:
        return self.var / "run.env"

    @property
    def keys(self) -> Path:
        return self.var / "keys.json"

    @property
    def file_keys(self) -> Path:
        """Keys that wrap the keys of stored files."""
        return self.var / "keys" / "files"

    @property
    def lock(self) -> Path:
        return self.var / "lock"

    @property
    def cluster_pointer(self) -> Path:
        """Names the data directory where it could not lie under ``var/``."""
        return self.var / "postgres.location"

    def make(self) -> None:
        """Create the directories. ``var/`` may be entered (the server runs as another user); what
        is secret in it is readable by its owner only."""
        self.var.mkdir(parents=True, exist_ok=True)
        self.var.chmod(0o711)
        for closed in (self.log, self.redis):
            closed.mkdir(exist_ok=True)
            closed.chmod(0o700)


def emptied(directory: Path) -> Path:
    """The directory, made anew: a killed process could not tidy up what it left there."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(mode=0o700)
    return directory


def here() -> Places:
    var = os.environ.get("VAR_DIR")
    return Places(ROOT, Path(var).resolve() if var else ROOT / "var")


def server_user() -> str | None:
    """PostgreSQL refuses root: then it runs as ``postgres``; else as whoever runs the launcher."""
    if os.geteuid() != 0:
        return None
    try:
        pwd.getpwnam(SERVER_USER)
    except KeyError:
        raise LauncherError(
            f"PostgreSQL does not run as root and there is no user {SERVER_USER} on this machine.\n"
            "Install the package postgresql, or run as an ordinary user."
        ) from None
    return SERVER_USER


def can_enter(directory: Path, user: str) -> bool:
    """Whether ``user`` reaches ``directory`` (asked of the system: access lists count too)."""
    done = subprocess.run(
        ["/usr/bin/test", "-x", str(directory)], user=user, extra_groups=[], cwd="/", check=False
    )
    return done.returncode == 0


def cluster_home(places: Places) -> Path:
    """The directory that holds PostgreSQL's data, created, owned by who runs the server.

    Normally ``var/postgres``. Where the server's user cannot reach that (a project under
    ``/root``): ``/var/lib/sauro-<hash of the path>``, and ``var/postgres.location`` says so.
    """
    user = server_user()
    if places.cluster_pointer.exists():
        home = Path(places.cluster_pointer.read_text("utf-8").strip())
    elif user is None or can_enter(places.var, user):
        home = places.var / "postgres"
    else:
        digest = hashlib.sha256(os.fsencode(places.var)).hexdigest()[:12]
        home = SYSTEM_DATA / f"sauro-{digest}"
        places.cluster_pointer.write_text(f"{home}\n", "utf-8")
    home.mkdir(exist_ok=True, mode=0o700)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(home, entry.pw_uid, entry.pw_gid)
    return home
