"""The directory that keeps a copy of every checkpoint: each file is written once."""

from __future__ import annotations

import os
from pathlib import Path

from security.seals.checkpoints import CheckpointError, Sealed, read_file


class CheckpointConflictError(Exception):
    """There is another file of this number; it stays as it is."""


def path_of(directory: Path, number: int) -> Path:
    return directory / f"{number:010d}.json"


def write_once(directory: Path, sealed: Sealed) -> None:
    """Temporary file, fsync, then a link under its name: a link never replaces what is there.

    The same content already there is fine. Raises CheckpointConflictError where it is another.
    """
    write_bytes_once(directory, path_of(directory, sealed.body.number), sealed.as_file())


def write_bytes_once(directory: Path, goal: Path, content: bytes) -> None:
    """``write_once`` for whatever else is kept beside the checkpoints."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    temporary = directory / f".{goal.name}.{os.getpid()}"
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o440)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        goal.hardlink_to(temporary)
    except FileExistsError:
        if goal.read_bytes() != content:
            raise CheckpointConflictError(f"{goal} holds something else") from None
    finally:
        temporary.unlink(missing_ok=True)
    _settle(directory)


def _settle(directory: Path) -> None:
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def numbers(directory: Path) -> set[int]:
    """Numbers of the checkpoints kept there; empty where there is no such directory."""
    return {int(path.stem) for path in directory.glob("[0-9]*.json") if path.stem.isdecimal()}


def kept(directory: Path, number: int) -> Sealed | None:
    """The kept checkpoint, or None where it is lost or is no checkpoint any more."""
    try:
        return read_file(path_of(directory, number).read_bytes())
    except (OSError, CheckpointError):
        return None


def set_aside(directory: Path) -> Path | None:
    """Move the checkpoints of a trail that begins anew out of the way; never deletes them."""
    if not directory.exists():
        return None
    number = 1
    while (goal := directory.with_name(f"{directory.name}.old{number}")).exists():
        number += 1
    return directory.rename(goal)
