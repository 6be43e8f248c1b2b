"""The form of an encrypted file, and everything that somebody could do to one on the disk."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from security import crypto
from security.crypto import CHUNK_SIZE, HEADER_SIZE, TAG, DamagedError, Reader, Writer
from security.keyring import FileKey, KeyMissingError, KeyRing, KeysError, parse, with_new_version

KEY = FileKey(1, 1, b"k" * 32)
RING = KeyRing([KEY, FileKey(2, 1, b"l" * 32)])
BLOB, OTHER = "ab" * 32, "cd" * 32
MIB = 2**20
SIZES = [1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE, 3 * CHUNK_SIZE + 7]


def pattern(size: int) -> bytes:
    return (bytes(range(256)) * (size // 256 + 1))[:size]


def encrypted(plain: bytes, *, by: FileKey = KEY, blob: str = BLOB, step: int = 70_000) -> bytes:
    out = io.BytesIO()
    writer = Writer(out)
    for start in range(0, len(plain), step):
        writer.write(plain[start : start + step])
    writer.finish(blob=blob, by=by)
    return out.getvalue()


def opened(stored: bytes, *, blob: str = BLOB, ring: KeyRing = RING) -> Reader:
    return Reader(io.BytesIO(stored), blob=blob, ring=ring)


def chunk(stored: bytes, index: int) -> slice:
    start = HEADER_SIZE + index * (CHUNK_SIZE + TAG)
    return slice(start, min(start + CHUNK_SIZE + TAG, len(stored)))


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("step", [4096, CHUNK_SIZE, 5 * MIB])
def test_what_went_in_comes_out(size: int, step: int) -> None:
    plain = pattern(size)
    stored = encrypted(plain, step=step)
    assert opened(stored).read() == plain
    assert size < 64 or plain[:64] not in stored


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.data_too_large])
@given(
    size=st.integers(1, 3 * CHUNK_SIZE),
    reads=st.lists(st.tuples(st.integers(0, 3 * CHUNK_SIZE), st.integers(0, 3000)), max_size=8),
)
def test_any_range_is_what_a_plain_file_gives(size: int, reads: list[tuple[int, int]]) -> None:
    plain = pattern(size)
    ours, theirs = io.BufferedReader(opened(encrypted(plain))), io.BytesIO(plain)
    for start, length in reads:
        assert ours.seek(start) == theirs.seek(start)
        assert ours.read(length) == theirs.read(length)
        assert ours.tell() == theirs.tell()
    assert (ours.seek(0, io.SEEK_END), ours.seek(-1, io.SEEK_END)) == (size, size - 1)


def test_equal_files_look_different_on_disk() -> None:
    one, other = encrypted(b"same" * 100), encrypted(b"same" * 100)
    # Without the tag, which binds the file's id and would differ under one and the same key, too.
    assert one[HEADER_SIZE:-TAG] != other[HEADER_SIZE:-TAG]


STORED = encrypted(pattern(2 * CHUNK_SIZE + 100))


@settings(deadline=None, max_examples=300)
@given(place=st.one_of(st.integers(0, HEADER_SIZE - 1), st.integers(0, len(STORED) - 1)),
       bit=st.integers(0, 7))  # fmt: skip
def test_every_flipped_bit_is_found(place: int, bit: int) -> None:
    rotten = bytearray(STORED)
    rotten[place] ^= 1 << bit
    with pytest.raises((DamagedError, KeyMissingError)):
        opened(bytes(rotten)).verify()


@settings(deadline=None, max_examples=100)
@given(keep=st.integers(0, len(STORED) - 1))
def test_every_cut_is_found_before_a_byte_is_given(keep: int) -> None:
    with pytest.raises(DamagedError):
        opened(STORED[:keep])


def test_a_cut_with_a_size_to_match_is_found() -> None:
    header = crypto.parse_header(STORED)
    short = replace(header, plain_size=CHUNK_SIZE).packed() + STORED[chunk(STORED, 0)]
    with pytest.raises(DamagedError, match="header"):
        opened(short)


def test_the_whole_last_chunk_gone_is_found_even_by_who_has_the_key() -> None:
    """The flag of the last chunk, apart from the size in the header."""
    header = crypto.parse_header(STORED)
    key = header.unwrapped(blob=BLOB, ring=RING)
    forged = replace(header, plain_size=2 * CHUNK_SIZE).wrapping(key, blob=BLOB, by=KEY)
    with pytest.raises(DamagedError, match="chunk 1"):
        opened(forged.packed() + STORED[HEADER_SIZE : chunk(STORED, 1).stop]).verify()


def test_bytes_added_are_found() -> None:
    with pytest.raises(DamagedError, match="length"):
        opened(STORED + b"x")


def test_chunks_in_another_order_are_found() -> None:
    swapped = bytearray(STORED)
    swapped[chunk(STORED, 0)], swapped[chunk(STORED, 1)] = (
        STORED[chunk(STORED, 1)], STORED[chunk(STORED, 0)],
    )  # fmt: skip
    with pytest.raises(DamagedError, match="chunk 0"):
        opened(bytes(swapped)).verify()


def test_a_chunk_of_another_file_is_found() -> None:
    other = encrypted(pattern(2 * CHUNK_SIZE + 100))
    mixed = bytearray(STORED)
    mixed[chunk(STORED, 1)] = other[chunk(other, 1)]
    reader = opened(bytes(mixed))
    assert reader.read(CHUNK_SIZE) == pattern(CHUNK_SIZE)
    with pytest.raises(DamagedError, match="chunk 1"):
        reader.read(1)


def test_a_header_of_another_file_is_found() -> None:
    other = encrypted(pattern(2 * CHUNK_SIZE + 100))
    with pytest.raises(DamagedError, match="chunk 0"):
        opened(other[:HEADER_SIZE] + STORED[HEADER_SIZE:]).verify()


def test_a_file_under_another_name_is_found() -> None:
    with pytest.raises(DamagedError, match="header"):
        opened(STORED, blob=OTHER)


def test_verify_looks_only_at_what_will_be_sent() -> None:
    rotten = bytearray(STORED)
    rotten[-1] ^= 1
    reader = opened(bytes(rotten))
    reader.verify(0, 2 * CHUNK_SIZE)
    with pytest.raises(DamagedError, match="chunk 2"):
        reader.verify(0, 2 * CHUNK_SIZE + 1)


def test_an_unfinished_file_opens_with_no_key() -> None:
    out = io.BytesIO()
    Writer(out).write(pattern(2 * CHUNK_SIZE))
    assert not crypto.is_encrypted(out.getvalue())
    with pytest.raises(DamagedError):
        opened(out.getvalue())


def test_an_unknown_format_is_said() -> None:
    with pytest.raises(DamagedError, match="format 9"):
        opened(STORED[:8] + b"\x09" + STORED[9:])


def test_a_forged_size_reserves_no_memory() -> None:
    header = crypto.parse_header(STORED)
    huge = replace(header, chunk_size=2**31).packed()
    with pytest.raises(DamagedError):
        crypto.parse_header(huge)


# --- keys -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ring", "words"),
    [
        (KeyRing([]), "file key 1 of level 1 is missing"),
        (KeyRing([FileKey(1, 2, KEY.secret)]), "file key 1 of level 1 is missing"),
        (KeyRing([FileKey(1, 1, b"x" * 32)]), "file key 1 of level 1 is not the one it was"),
    ],
)
def test_a_missing_and_a_wrong_key_are_told_apart(ring: KeyRing, words: str) -> None:
    with pytest.raises(KeyMissingError, match=words):
        opened(STORED, ring=ring)


def test_a_key_of_another_level_opens_nothing() -> None:
    header = replace(crypto.parse_header(STORED), level=2, key_mark=RING.newest(2).mark)
    with pytest.raises(DamagedError):
        opened(header.packed() + STORED[HEADER_SIZE:])
    # Nor where somebody gave two levels one secret: the level is bound, too.
    twin = FileKey(2, 1, KEY.secret)
    claimed = replace(crypto.parse_header(STORED), level=2, key_mark=twin.mark)
    with pytest.raises(DamagedError, match="header"):
        opened(claimed.packed() + STORED[HEADER_SIZE:], ring=KeyRing([KEY, twin]))


def test_rewrapping_changes_the_header_alone() -> None:
    new = FileKey(1, 2, b"n" * 32)
    header = crypto.parse_header(STORED)
    key = header.unwrapped(blob=BLOB, ring=RING)
    rewrapped = header.wrapping(key, blob=BLOB, by=new).packed() + STORED[HEADER_SIZE:]
    assert opened(rewrapped, ring=KeyRing([new])).verify().read(10) == pattern(10)
    with pytest.raises(KeyMissingError):
        opened(rewrapped)


def test_a_new_version_joins_the_old_ones() -> None:
    first = with_new_version("")
    second = with_new_version(first + "# remark")
    assert second.startswith(first)
    ring = parse(second)
    assert len(ring) == 8
    assert {ring.newest(level).version for level in range(4)} == {2}
    assert len({ring.newest(level).secret for level in range(4)}) == 4


@pytest.mark.parametrize(
    "text",
    [
        "secret",
        "1:1:" + "a" * 63,
        "1:0:" + "a" * 64,
        "4:1:" + "a" * 64,
        "1:1:" + "a" * 64 + " 1:1:" + "b" * 64,
    ],
)
def test_keys_that_cannot_be_used_are_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(KeysError) as refused:
        parse(text)
    assert not [one for one in ("secret", "a" * 9, "b" * 9) if one in str(refused.value)]
    assert "aaaa" not in repr(FileKey(1, 1, b"a" * 32))
