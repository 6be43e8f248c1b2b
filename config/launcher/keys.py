"""Random keys of an installation and the file through which ``manage.py`` finds its servers."""

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from security import keyring


def _random() -> str:
    return secrets.token_urlsafe(48)


@dataclass
class Keys:
    """Made at the first start, kept in ``var/keys.json`` (readable by the owner only).

    Passwords of PostgreSQL: ``database_owner`` of the cluster's superuser, ``database_user`` of the
    owner of the product's database, ``database_application`` of the role it runs under.

    Losing ``file_name_key`` loses the names of stored files; losing ``secret_key`` signs
    everybody out. The two ports are remembered so that ``var/run.env`` stays true.
    """

    secret_key: str = field(default_factory=_random)
    file_name_key: str = field(default_factory=_random)
    database_owner: str = field(default_factory=_random)
    database_user: str = field(default_factory=_random)
    database_application: str = field(default_factory=_random)
    redis: str = field(default_factory=_random)
    postgres_port: int = 0
    redis_port: int = 0


def write_private(path: Path, text: str) -> None:
    """Replace a file at once, readable by its owner only from the first byte on."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    temporary.replace(path)


def load_keys(path: Path) -> Keys:
    """The kept keys; new ones where the file is missing."""
    if path.exists():
        return Keys(**json.loads(path.read_text("utf-8")))
    keys = Keys()
    save_keys(path, keys)
    return keys


def save_keys(path: Path, keys: Keys) -> None:
    write_private(path, json.dumps(asdict(keys), indent=2) + "\n")


def make_file_keys(path: Path) -> None:
    """The first keys for stored files, unless there are some: without them the files are lost."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_private(path, keyring.with_new_version(""))


def write_run_env(path: Path, values: dict[str, str]) -> None:
    """``var/run.env``: what config.settings reads when these are not in the environment."""
    lines = [f"{name}='{value}'" for name, value in values.items()]
    write_private(path, "\n".join(lines) + "\n")


def read_run_env(path: Path) -> dict[str, str]:
    """What ``write_run_env`` wrote; empty where there is no file."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text("utf-8").splitlines() if "=" in line)
    return {name: value[1:-1] for name, _, value in pairs}
