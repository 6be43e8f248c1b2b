"""The Ed25519 key that signs checkpoints: a PEM file that only its owner can read."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_KEY_ID = 16


class SealKeyError(Exception):
    """There is no usable key; the message says what to do. It never holds key material."""


@dataclass(frozen=True)
class SealKey:
    private: Ed25519PrivateKey

    @property
    def public(self) -> Ed25519PublicKey:
        return self.private.public_key()

    @property
    def id(self) -> str:
        return key_id(self.public)

    def sign(self, data: bytes) -> bytes:
        return self.private.sign(data)


def key_id(public: Ed25519PublicKey) -> str:
    """The beginning of the public key's hash, as checkpoints name it."""
    return sha256(public.public_bytes_raw()).hexdigest()[:_KEY_ID]


def load_key(path: Path | None) -> SealKey:
    """The private key of the file. SealKeyError when absent, open to others, or no Ed25519 key."""
    if path is None or not path.is_file():
        raise SealKeyError(
            f"There is no seal key: AUDIT_SEAL_KEY_FILE names {path or 'nothing'}. Put the key back; "
            "only a new installation makes one (manage.py audit_key)."
        )
    if stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise SealKeyError(f"The seal key {path} can be read by others: chmod 600 it.")
    try:
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm, OSError) as error:
        raise SealKeyError(f"The seal key {path} cannot be read as a PEM file.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SealKeyError(f"The seal key {path} is no Ed25519 key.")
    return SealKey(key)


def make_key(path: Path) -> SealKey:
    """A new key in a new file (0600), its public half beside it as ``.pub``. Never overwrites."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = SealKey(Ed25519PrivateKey.generate())
    private = key.private.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public.public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write_new(path, private, 0o600)
    _write_new(path.with_suffix(".pub"), public, 0o644)
    return key


def _write_new(path: Path, content: bytes, mode: int) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())


def load_public(path: Path) -> Ed25519PublicKey:
    """A public key from its PEM file; SealKeyError where it is not one."""
    try:
        key = serialization.load_pem_public_key(path.read_bytes())
    except (ValueError, UnsupportedAlgorithm, OSError) as error:
        raise SealKeyError(f"The public key {path} cannot be read.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SealKeyError(f"{path} is no Ed25519 public key.")
    return key


def is_signed(public: Ed25519PublicKey, signature: bytes, data: bytes) -> bool:
    try:
        public.verify(signature, data)
    except InvalidSignature:
        return False
    return True


def public_keys(files: list[Path] | None, own: Path) -> dict[str, Ed25519PublicKey]:
    """Public keys by id: those of the files, else of the installation's own key. SealKeyError."""
    publics = [load_public(file) for file in files] if files else [load_key(own).public]
    return {key_id(public): public for public in publics}
