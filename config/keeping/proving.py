"""Putting the files of a backup in their places, and proving each: hash, name, decryption.

In one pass: the bytes that are hashed and deciphered are those that are written.
"""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from multiprocessing import get_context

from django.db import connection

from config.keeping.files import Entry, copy_out
from config.keeping.place import Place
from config.launcher.children import dies_with_parent
from security import blobs, crypto
from security.keyring import KeyMissingError

LISTED = 50
PROCESSES = 4
AT_ONCE = 100
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
    """Copy all files out of the backup, each hashed; every ``sample``-th is deciphered as well.

    A few processes share the work: one alone waits for the disk half of its time.
    """
    proof = Proof()
    connection.close()  # children must not inherit it
    batches = _batches(entries)
    initializer = dies_with_parent(signal.SIGKILL)
    with ProcessPoolExecutor(PROCESSES, get_context("fork"), initializer) as pool:
        while several := list(islice(batches, 8 * PROCESSES)):  # never all of them in memory
            work = partial(_brought, place=place, sample=sample)
            for (_start, batch), states in zip(several, pool.map(work, several), strict=True):
                for entry, state in zip(batch, states, strict=True):
                    proof.add(state, entry)
    return proof


def _batches(entries: Iterable[Entry]) -> Iterator[tuple[int, list[Entry]]]:
    """Entries by the hundred, each batch with the number of its first."""
    rest, start = iter(entries), 0
    while batch := list(islice(rest, AT_ONCE)):
        yield start, batch
        start += len(batch)


def _brought(numbered: tuple[int, list[Entry]], *, place: Place, sample: int) -> list[str]:
    (start, batch), ring = numbered, blobs.ring()
    return [
        copy_out(entry, place, ring if number % sample == 0 else None)
        for number, entry in enumerate(batch, start)
    ]


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
