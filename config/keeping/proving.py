"""Putting the files of a backup in their places, and proving each: hash, name, decryption.

In one pass: the bytes that are hashed and deciphered are those that are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice

from config.keeping.files import Entry, copy_out
from config.keeping.place import Place
from security import blobs, crypto
from security.keyring import KeyMissingError

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
    """Copy all files out of the backup, each hashed; every ``sample``-th is deciphered as well."""
    proof, ring = Proof(), blobs.ring()
    for number, entry in enumerate(entries):
        state = copy_out(entry, place, ring if number % sample == 0 else None)
        proof.add(state, entry)
    return proof


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
