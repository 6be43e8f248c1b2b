from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from security import merkle

# The eight entries and roots with which implementations of RFC 6962 are compared.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243", "5051525354555657"),
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def naive(entries: list[bytes]) -> bytes:
    """MTH as section 2.1 writes it: split at the largest power of two below the count."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + naive(entries[:k]) + naive(entries[k:])).digest()


@pytest.mark.parametrize("count", range(1, 9))
def test_known_vectors(count: int) -> None:
    leaves = [merkle.leaf_hash(entry) for entry in ENTRIES[:count]]
    assert merkle.root_of(leaves).hex() == ROOTS[count - 1]


def test_nothing_has_the_hash_of_nothing() -> None:
    assert merkle.root_of([]) == merkle.EMPTY == sha256(b"").digest()


@given(st.lists(st.binary(max_size=40), max_size=70))
def test_the_levels_give_the_tree_of_the_recursion(entries: list[bytes]) -> None:
    assert merkle.root_of([merkle.leaf_hash(entry) for entry in entries]) == naive(entries)


@given(st.lists(st.binary(max_size=8), min_size=1, max_size=20), st.data())
def test_any_change_changes_the_root(entries: list[bytes], data: st.DataObject) -> None:
    root = merkle.root_of([merkle.leaf_hash(entry) for entry in entries])
    at = data.draw(st.integers(0, len(entries) - 1))
    altered = [*entries[:at], entries[at] + b"x", *entries[at + 1 :]]
    fewer = entries[:at] + entries[at + 1 :]
    for other in (altered, fewer, [*entries, b""]):
        assert merkle.root_of([merkle.leaf_hash(entry) for entry in other]) != root


def test_an_inner_node_does_not_pass_for_an_entry() -> None:
    left, right = merkle.leaf_hash(b"a"), merkle.leaf_hash(b"b")
    assert merkle.root_of([left, right]) != merkle.leaf_hash(left + right)
