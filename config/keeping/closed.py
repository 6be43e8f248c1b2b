"""Closed: a restored installation answers nobody until the revocations since are done again.

A file in the data directory says so, because every process looks at that directory anyway and a
look costs two microseconds. It is written before a restore touches anything and taken away by
``reopen`` alone; whatever else is wrong with it, as long as it is there, the house is closed.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from config.keeping.errors import KeepingError
from security.blobs import sync_directory

BEGUN, DATABASE, RESTORED = "begun", "database", "restored"


@dataclass
class Closed:
    """Why it is closed, how far the restore came, and what is still to be done."""

    backup: str
    manifest: str  # hash
    since: str
    phase: str = BEGUN
    faults: list[str] = field(default_factory=list)  # what was not as the backup says
    revocations: list[dict[str, Any]] = field(default_factory=list)  # since the backup
    done: dict[str, str] = field(default_factory=dict)  # row of the trail: how it was settled


def marker() -> Path:
    return Path(settings.DATA_DIR) / "closed.json"


def is_closed() -> bool:
    return marker().exists()


def read() -> Closed | None:
    """What the marker says; None where the installation is open."""
    try:
        said = json.loads(marker().read_bytes())
        return Closed(**said)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise KeepingError(f"{marker()} cannot be read; the installation stays closed.") from error


def write(closed: Closed) -> None:
    """Replace the marker at once; it is never away in between."""
    path = marker()
    new = path.with_name(f"{path.name}.new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as out:
        out.write(json.dumps(asdict(closed), indent=1).encode())
        out.flush()
        os.fsync(out.fileno())
    new.replace(path)
    sync_directory(path.parent)


def remove() -> None:
    marker().unlink()
    sync_directory(marker().parent)
