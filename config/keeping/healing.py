"""Bringing single damaged or missing files back from backups, while people work.

Nothing is trusted but proof: the bytes must have the hash they are named by in the backup, open
under the name of the blob, and hash to what the row says of them, where it does.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from config.keeping.files import PIECE, Entry, digest_of, read_list
from config.keeping.place import Place, place_of
from digitization import upkeep
from digitization.stored import Named, named_blobs
from security import audit, blobs
from security.crypto import DamagedError
from security.keyring import KeyMissingError
from security.models import FileFinding
from security.services.upkeep_runs import told


@dataclass
class Healed:
    """``state kind number`` of each: what was brought back, what no backup holds whole."""

    back: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def heal_files(directory: Path) -> Healed:
    """Bring back what the checks found damaged or missing, from the newest backup that has it whole.

    Then reads those files again, which closes their findings. Raises KeepingError. A file whose
    key is missing is left: it is whole, and so is its copy.
    """
    place, done = place_of(directory), Healed()
    bad = {f"{one.kind} {one.number}": one.state for one in FileFinding.objects.open()}
    wanted = [one for one in named_blobs() if bad.get(_called(one), "no_key") != "no_key"]
    entries = _entries(place, {one.blob for one in wanted})
    for one in wanted:
        brought = any(_bring_back(one, entry, place) for entry in entries.get(one.blob, []))
        (done.back if brought else done.left).append(f"{bad[_called(one)]} {_called(one)}")
    done.left += [f"{state} {called}" for called, state in bad.items() if state == "no_key"]
    counts = {"back": len(done.back), "left": len(done.left)}
    audit.record("files.healed", actor=None, reason="; ".join([told(counts), *done.back]))
    upkeep.check_files(shares=[])
    return done


def _called(one: Named) -> str:
    return f"{one.kind} {one.pk}"


def _entries(place: Place, wanted: set[str]) -> dict[str, list[Entry]]:
    """What the backups know of these blobs, the newest first."""
    found: dict[str, list[Entry]] = {}
    for backup in _newest_first(place) if wanted else ():
        for entry in read_list(backup / "files.list"):
            if entry.blob in wanted and entry not in found.setdefault(entry.blob, []):
                found[entry.blob].append(entry)
    return found


def _newest_first(place: Place) -> Iterator[Path]:
    yield from reversed(place.whole())


def _bring_back(one: Named, entry: Entry, place: Place) -> bool:
    """Put the copy into its place if it is proven whole."""
    copy = place.stored(entry.sha256)
    if not copy.is_file() or digest_of(copy) != entry.sha256:
        return False
    with blobs.temporary() as temporary:
        with copy.open("rb") as stored, temporary.open("wb") as out:
            shutil.copyfileobj(stored, out, PIECE)
            out.flush()
            os.fsync(out.fileno())
        try:
            with blobs.open_stored(temporary, one.blob) as opened:
                found = blobs.sha256_of(opened)
        except (DamagedError, KeyMissingError):
            return False
        if one.sha256 and found != one.sha256:
            return False
        blobs.place(temporary, one.blob)
    return True
