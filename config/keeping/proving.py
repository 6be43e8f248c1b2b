"""Putting the files of a backup in their places, and proving each: hash, name, decryption.

Done in one pass: the bytes that are hashed and decrypted are those that are written. Hashing,
deciphering and the disk's work run beside each other in a few threads.
"""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice

from config.keeping.files import Entry, NotWholeError, copy_out, digest_of
from config.keeping.place import Place
from security import blobs, crypto
from security.keyring import KeyMissingError

THREADS = 4
AT_ONCE = 2000
LISTED = 50
BAD = ("missing", "damaged", "no_key")


@dataclass
class Proof:
    """How the files are: counts by state, and which ones are bad."""

    counts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    bad: list[str] = field(default_factory=list)

    def add(self, state: str, entry: Entry) -> None:
        self.counts[state] += 1
        self.bytes += entry.size
        if state in BAD and len(self.bad) < LISTED:
            self.bad.append(f"{state} {entry.blob}")

    @property
    def faults(self) -> int:
        return sum(self.counts[state] for state in BAD)


def bring_back(entries: Iterable[Entry], place: Place, *, sample: int = 1) -> Proof:
    """Copy all files out of the backup; every ``sample``-th is decrypted as well.

    Each is hashed on its way. One that is there already and whole (an earlier run was killed) is
    only proven.
    """
    proof, numbered = Proof(), enumerate(entries)
    work = partial(_brought, place=place, sample=sample)
    with ThreadPoolExecutor(THREADS) as pool:
        for batch in _batches(numbered):
            for (_number, entry), state in zip(batch, pool.map(work, batch), strict=True):
                proof.add(state, entry)
    return proof


def _batches(entries: Iterator[tuple[int, Entry]]) -> Iterator[list[tuple[int, Entry]]]:
    while batch := list(islice(entries, AT_ONCE)):
        yield batch


def _brought(numbered: tuple[int, Entry], *, place: Place, sample: int) -> str:
    number, entry = numbered
    goal = blobs.blob_path(entry.blob)
    if not (goal.exists() and digest_of(goal) == entry.sha256):
        try:
            copy_out(entry, place)
        except NotWholeError as error:
            return str(error)
    return opens(entry.blob) if number % sample == 0 else "copied"


def opens(blob: str) -> str:
    """Whether a file in its place decrypts to its end: ``whole``, ``plain``, or what is wrong."""
    try:
        with blobs.open_blob(blob) as opened:
            if isinstance(opened, io.BufferedReader) and isinstance(opened.raw, crypto.Reader):
                opened.raw.verify()
                return "whole"
            return "plain"
    except FileNotFoundError:
        return "missing"
    except KeyMissingError:
        return "no_key"
    except (crypto.DamagedError, OSError):
        return "damaged"


def key_problem(entries: Iterable[Entry], place: Place, *, look_at: int = 20) -> str:
    """What is wrong with the keys, told before anything is touched; empty where they fit.

    A few headers tell: either all keys are there or the keys are those of another installation.
    """
    for entry in islice(entries, look_at):
        try:
            with blobs.open_stored(place.stored(entry.sha256), entry.blob):
                pass
        except KeyMissingError as error:
            return str(error)
        except (crypto.DamagedError, OSError):
            continue  # one damaged file is no reason to refuse; it will be told
    return ""
