"""What a backup says of itself. Written last; hashed, and signed with the key of the seals.

Pure form: bytes and values, no database and no settings. ``files.list`` beside it names every blob
(one line: name, hash of the stored bytes, size, time of the last change), and the manifest holds
its hash, so that millions of files need not fit into one value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from config.keeping.errors import KeepingError
from security.seals.keys import SealKey, is_signed

FORMAT = "backup-1"
FILE = "manifest.json"


@dataclass(frozen=True)
class Dump:
    """The database: ``pg_dump --format=custom``."""

    file: str
    size: int
    sha256: str
    server: int  # server_version_num
    tool: str


@dataclass(frozen=True)
class Files:
    """The stored files that the database of this moment names."""

    file: str
    sha256: str
    count: int
    bytes: int
    missing: list[str]  # named by a row, and not on the disk when the backup was made


@dataclass(frozen=True)
class Trail:
    """How far the trail and its seals had come."""

    rows: int
    last_id: int
    checkpoint: int  # 0: nothing is sealed
    checkpoint_hash: str
    checkpoint_at: str


@dataclass(frozen=True)
class Manifest:
    name: str
    at: str  # moment of the snapshot, ISO 8601 in UTC
    product: str
    demo: bool
    migrations: list[str]
    tables: dict[str, int]
    dump: Dump
    files: Files
    trail: Trail
    marks: dict[str, str]  # marks of the keys it was made under; they tell nothing of a key
    format: str = FORMAT

    @property
    def signed(self) -> bytes:
        """Canonical JSON: keys in order, no blanks, UTF-8."""
        return json.dumps(
            asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    def as_file(self, key: SealKey | None) -> bytes:
        """The whole file; without a key it carries its hash alone."""
        body = self.signed
        whole = {
            "manifest": asdict(self),
            "sha256": sha256(body).hexdigest(),
            "key_id": key.id if key else "",
            "signature": key.sign(body).hex() if key else "",
        }
        return json.dumps(whole, sort_keys=True, ensure_ascii=False, indent=1).encode() + b"\n"


@dataclass(frozen=True)
class Found:
    """A manifest as it lies in a backup: its hash is right."""

    directory: Path
    manifest: Manifest
    sha256: str
    key_id: str
    signature: bytes

    def check_signature(self, keys: Mapping[str, Ed25519PublicKey]) -> None:
        """KeepingError unless one of these keys signed it."""
        if not self.key_id:
            raise KeepingError(
                f"The manifest of {self.manifest.name} is not signed. Where you know its hash from "
                f"elsewhere ({self.sha256}), go on with --accept-unsigned."
            )
        key = keys.get(self.key_id)
        if key is None:
            raise KeepingError(
                f"The manifest of {self.manifest.name} is signed with key {self.key_id}, which is "
                "not among those given: --pubkey FILE."
            )
        if not is_signed(key, self.signature, self.manifest.signed):
            raise KeepingError(f"The signature of the manifest of {self.manifest.name} is wrong.")


def read_manifest(directory: Path) -> Found:
    """The manifest of one backup. KeepingError where it is none, or not what was hashed."""
    path = directory / FILE
    try:
        whole = json.loads(path.read_bytes())
        manifest = _manifest(whole["manifest"])
        found = Found(
            directory, manifest, whole["sha256"], whole["key_id"], bytes.fromhex(whole["signature"])
        )
    except FileNotFoundError as error:
        raise KeepingError(f"{directory} is no backup: it has no {FILE}.") from error
    except (ValueError, KeyError, TypeError) as error:
        raise KeepingError(f"The manifest {path} cannot be read.") from error
    if sha256(manifest.signed).hexdigest() != found.sha256:
        raise KeepingError(f"The manifest {path} was altered: it is not what it was hashed as.")
    return found


def _manifest(said: dict[str, Any]) -> Manifest:
    if said["format"] != FORMAT:
        raise ValueError(said["format"])
    return Manifest(
        **{
            **said,
            "dump": Dump(**said["dump"]),
            "files": Files(**said["files"]),
            "trail": Trail(**said["trail"]),
        }
    )
