"""Keys that wrap the keys of stored files: one text, ``level:version:hex`` per key.

Pure text and bytes, so that the launcher can make a key file before anything is configured. Words
of errors never quote what was read: it may be a key.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field

KEY_BYTES = 32
LEVELS = range(4)  # level 4 is never digitised
_KEY = re.compile(r"([0-3]):([1-9][0-9]{0,8}):([0-9a-fA-F]{64})")


class KeysError(Exception):
    """The text of the keys cannot be used as it stands."""


class KeyMissingError(Exception):
    """The key that a file needs is not in the ring, or another one stands under its number."""


@dataclass(frozen=True)
class FileKey:
    """One key of one level. A newer version wraps what comes, older ones still open."""

    level: int
    version: int
    secret: bytes = field(repr=False)

    @property
    def mark(self) -> bytes:
        """Eight bytes that tell two keys apart and nothing about either."""
        return hmac.new(self.secret, b"sauro file key", hashlib.sha256).digest()[:8]


class KeyRing:
    """The keys of an installation by level and version."""

    def __init__(self, keys: Iterable[FileKey]) -> None:
        self._keys: dict[tuple[int, int], FileKey] = {}
        for key in keys:
            if (key.level, key.version) in self._keys:
                raise KeysError(f"level {key.level} has two keys of version {key.version}")
            self._keys[key.level, key.version] = key

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def last_version(self) -> int:
        """The highest number in use; 0 without keys."""
        return max((version for _level, version in self._keys), default=0)

    def versions(self, level: int) -> list[int]:
        """The numbers of a level's keys, oldest first."""
        return sorted(version for of, version in self._keys if of == level)

    def newest(self, level: int) -> FileKey:
        """The key that wraps what is written now."""
        versions = [version for of, version in self._keys if of == level]
        if not versions:
            raise KeyMissingError(f"there is no file key for level {level}")
        return self._keys[level, max(versions)]

    def opening(self, level: int, version: int, mark: bytes) -> FileKey:
        """The key that a header names; KeyMissingError unless it is that very key."""
        key = self._keys.get((level, version))
        if key is None:
            raise KeyMissingError(f"file key {version} of level {level} is missing")
        if not hmac.compare_digest(key.mark, mark):
            raise KeyMissingError(f"file key {version} of level {level} is not the one it was")
        return key


def parse(text: str) -> KeyRing:
    """The ring of a text: keys apart by white space or commas, ``#`` begins a remark."""
    lines = [line.partition("#")[0] for line in text.splitlines()]
    words = " ".join(lines).replace(",", " ").split()
    return KeyRing(_parsed(number, word) for number, word in enumerate(words, start=1))


def _parsed(number: int, word: str) -> FileKey:
    found = _KEY.fullmatch(word)
    if found is None:
        raise KeysError(f"key {number} is not of the form level:version:64 hexadecimal digits")
    return FileKey(int(found[1]), int(found[2]), bytes.fromhex(found[3]))


def with_new_version(text: str) -> str:
    """The text with one more version of a random key for every level, the others kept as they are.

    All levels get the same number, so that people can speak of "key 3".
    """
    version = 1 + parse(text).last_version
    new = [f"{level}:{version}:{secrets.token_hex(KEY_BYTES)}\n" for level in LEVELS]
    before = text if not text or text.endswith("\n") else f"{text}\n"
    return before + "".join(new)
