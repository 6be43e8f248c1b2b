"""The hash tree of RFC 6962 (section 2.1), over SHA-256. Pure: bytes in, bytes out."""

from collections.abc import Sequence
from hashlib import sha256

SIZE = 32
EMPTY = sha256(b"").digest()
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(data: bytes) -> bytes:
    """Hash of one entry; the prefix keeps an entry from passing for an inner node."""
    return sha256(_LEAF + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node over the hashes of its two children."""
    return sha256(_NODE + left + right).digest()


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes in their order; the hash of nothing where there are none.

    Joining neighbours level by level, with an odd last one moved up as it is, gives the same tree
    as the recursion of the RFC, which splits at the largest power of two below the count.
    """
    if not leaves:
        return EMPTY
    level = list(leaves)
    while len(level) > 1:
        joined = [node_hash(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
        if len(level) % 2:
            joined.append(level[-1])
        level = joined
    return level[0]
