"""Keys and backups lie apart: what must be kept elsewhere, copied there, and recognised again."""

from __future__ import annotations

import hmac
import shutil
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from config.keeping.errors import KeepingError
from config.keeping.place import write_synced
from security.blobs import sync_directory
from security.seals import keys as seal_keys
from security.seals.keys import SealKey, SealKeyError, load_key

# Secrets that are no files: their names in the environment.
SECRETS = ("SECRET_KEY", "FILE_NAME_KEY", "FILE_KEYS")
COPY = "secrets.env"


def key_files() -> list[Path]:
    """Files that hold keys of this installation, those that exist."""
    seal = Path(settings.AUDIT_SEAL_KEY_FILE)
    # The launcher's own: with it in a new var/ an installation of one machine has all its secrets.
    files = [seal, seal.with_suffix(".pub"), Path(settings.VAR_DIR) / "keys.json"]
    if not settings.FILE_KEYS:
        files.append(Path(settings.FILE_KEYS_FILE))
    return [file for file in files if file.is_file()]


def what_to_keep() -> list[str]:
    """In words: what a restore needs beside the backup. Never a key itself."""
    files = [f"the file {file}" for file in key_files()]
    return files + [f"the value of {name}" for name in SECRETS if getattr(settings, name)]


def copy_keys(goal: Path, *, backups: Path) -> list[Path]:
    """Copy everything a restore needs beside the backup to an empty directory apart from it."""
    goal, backups = goal.resolve(), backups.resolve()
    if goal == backups or goal in backups.parents or backups in goal.parents:
        raise KeepingError(f"{goal} and the backups in {backups} must lie apart.")
    try:
        goal.mkdir(mode=0o700, exist_ok=True)
        if any(goal.iterdir()):
            raise KeepingError(f"{goal} is not empty: keys of before are not overwritten.")
        copied = [_copy(file, goal) for file in key_files()]
        secrets = goal / COPY
        lines = [f"{name}='{getattr(settings, name)}'\n" for name in SECRETS]
        write_synced(secrets, "".join(lines).encode())
        sync_directory(goal)
    except OSError as error:
        raise KeepingError(f"The keys were not copied to {goal}: {error.strerror}.") from error
    return [*copied, secrets]


def _copy(file: Path, goal: Path) -> Path:
    copy = goal / file.name
    write_synced(copy, file.read_bytes())
    shutil.copymode(file, copy)
    return copy


def marks() -> dict[str, str]:
    """A few letters of each secret that names or signs things: enough to tell two apart, and
    nothing about either (the secrets are long and random)."""
    said = {name: getattr(settings, name) for name in ("SECRET_KEY", "FILE_NAME_KEY")}
    return {
        name: hmac.new(value.encode(), b"sauro backup mark", sha256).hexdigest()[:16]
        for name, value in said.items()
        if value
    }


def changed_marks(before: dict[str, str]) -> list[str]:
    """Names of the secrets that are not those of the backup."""
    now = marks()
    return [name for name, mark in sorted(before.items()) if now.get(name) != mark]


def seal_key() -> SealKey | None:
    """The key that signs, None where there is none: a backup without signature is better than none."""
    try:
        return load_key(settings.AUDIT_SEAL_KEY_FILE)
    except SealKeyError:
        return None


def public_keys(files: list[Path] | None) -> dict[str, Ed25519PublicKey]:
    """Public keys by id: those of the files, else the installation's own."""
    try:
        return seal_keys.public_keys(files, settings.AUDIT_SEAL_KEY_FILE)
    except SealKeyError as error:
        raise KeepingError(str(error)) from error
