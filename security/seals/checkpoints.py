"""What is signed: the body of a checkpoint, its hash, and its file. No database here."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any

from security.merkle import SIZE, root_of

FORMAT = "checkpoint-1"
FIRST_PREVIOUS = bytes(SIZE)
_ID = 8
LEAF = _ID + SIZE


class CheckpointError(Exception):
    """A file that is no checkpoint."""


@dataclass(frozen=True)
class Body:
    """Everything a signature vouches for. Hashes are hexadecimal, ``at`` is ISO 8601 in UTC."""

    number: int
    after_id: int
    from_xid: int
    upto_xid: int
    rows: int
    months: dict[str, int]  # rows per month, so that an exported month proves it is whole
    root: str
    previous: str  # hash of the body before
    at: str
    key_id: str
    format: str = FORMAT

    @property
    def signed(self) -> bytes:
        """Canonical JSON: keys in order, no blanks, UTF-8."""
        return json.dumps(
            asdict(self), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    @property
    def digest(self) -> bytes:
        return sha256(self.signed).digest()


@dataclass(frozen=True)
class Sealed:
    """A checkpoint: body, signature, and the leaves by id that the root stands for."""

    body: Body
    signature: bytes
    leaves: dict[int, bytes]

    @property
    def adds_up(self) -> bool:
        """Whether the leaves are those of the signed root."""
        ids_rise = list(self.leaves) == sorted(self.leaves)
        root = root_of(list(self.leaves.values())).hex()
        return ids_rise and len(self.leaves) == self.body.rows and root == self.body.root

    def as_file(self) -> bytes:
        packed = b64encode(pack(self.leaves.items())).decode()
        whole = {"body": asdict(self.body), "signature": self.signature.hex(), "leaves": packed}
        return json.dumps(whole, ensure_ascii=False, indent=1).encode() + b"\n"


def pack(leaves: Iterable[tuple[int, bytes]]) -> bytes:
    """Id (eight bytes, big-endian) and hash of each leaf, one after the other."""
    return b"".join(row_id.to_bytes(_ID, "big") + leaf for row_id, leaf in leaves)


def unpack(packed: bytes) -> dict[int, bytes]:
    """The reverse of ``pack``; CheckpointError where the length cannot be."""
    if len(packed) % LEAF:
        raise CheckpointError("the list of leaves is cut")
    return {
        int.from_bytes(packed[at : at + _ID], "big"): packed[at + _ID : at + LEAF]
        for at in range(0, len(packed), LEAF)
    }


def read_body(said: Any) -> Body:
    """A body from JSON; CheckpointError where it is not one."""
    try:
        body = Body(**said)
    except TypeError as error:
        raise CheckpointError("not a checkpoint of this format") from error
    if body.format != FORMAT:
        raise CheckpointError(f"unknown format {body.format}")
    return body


def read_file(content: bytes) -> Sealed:
    """A checkpoint from its file; CheckpointError where it is not one."""
    try:
        whole = json.loads(content)
        return Sealed(
            body=read_body(whole["body"]),
            signature=bytes.fromhex(whole["signature"]),
            leaves=unpack(b64decode(whole["leaves"], validate=True)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError("not a checkpoint") from error


def links(before: Body | None, body: Body) -> bool:
    """Whether a checkpoint follows the one before: number, hash and window adjoin."""
    if before is None:
        return (body.number, body.previous, body.from_xid, body.after_id) == (
            *(1, FIRST_PREVIOUS.hex(), 0, 0),
        )
    if (body.number, body.previous) != (before.number + 1, before.digest.hex()):
        return False
    if body.after_id == before.after_id:
        return body.from_xid == before.upto_xid
    # Restored elsewhere: transactions are counted anew, rows go on.
    return body.after_id > before.after_id and body.from_xid == 0


def windows_end(bodies: Sequence[Body]) -> dict[int, int]:
    """For each ``after_id`` the id where its windows end because a later count began."""
    starts = sorted({body.after_id for body in bodies})
    return dict(pairwise(starts))
