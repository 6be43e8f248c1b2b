"""Letting old backups go, and with them the stored files that no kept one needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from config.keeping.errors import KeepingError
from config.keeping.files import digest_of, read_list
from config.keeping.manifest import read_manifest
from config.keeping.place import Place
from security.blobs import sync_directory


@dataclass(frozen=True)
class Removed:
    backups: int = 0
    files: int = 0
    bytes: int = 0
    said: str = ""


def keep_newest(place: Place, keep: int) -> Removed:
    """Remove all but the newest ``keep`` backups; files that a kept one names always stay.

    A backup first loses its name, so that one half removed never passes for whole. Where a kept
    list cannot be read nothing is known to be unneeded: no file is removed then.
    """
    old = place.whole()[: -max(keep, 1)]
    if not old:
        return Removed()
    for one in old:
        gone = place.sets / f".{one.name}"
        one.rename(gone)
        sync_directory(place.sets)
        shutil.rmtree(gone)
    try:
        needed = _needed(place)
    except (KeepingError, OSError) as error:
        return Removed(len(old), said=f"No file was removed: {error}")
    files = size = 0
    for path in place.files.glob("???/*"):
        if bytes.fromhex(path.name) not in needed:
            size += path.stat().st_size
            path.unlink()
            files += 1
    return Removed(len(old), files, size)


def _needed(place: Place) -> set[bytes]:
    needed: set[bytes] = set()
    for one in place.whole():
        found = read_manifest(one)
        path = one / found.manifest.files.file
        if digest_of(path) != found.manifest.files.sha256:
            raise KeepingError(f"{path} is not what its manifest says.")
        needed.update(bytes.fromhex(entry.sha256) for entry in read_list(path))
    return needed
