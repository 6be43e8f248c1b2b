"""The form of an encrypted file. Pure: bytes, keys and open files, no settings and no paths.

    header     magic, version, level, key version, key mark, file id, chunk size, plain size,
               nonce, wrapped key                                          (128 bytes, see Header)
    chunk 0…n  AES-256-GCM of 256 KiB of plain bytes each, the last one shorter, tags appended

Every file has a random key of its own, used for this one file and never again; so the number of
the chunk can be its nonce. What the tags bind:

- a chunk: file id, its index, whether it is the last. Reordered, doubled, foreign: found.
- the wrapped key: all other fields of the header and the name of the blob. Cut, lengthened,
  renamed, another level or chunk size claimed: found before a byte is given.

The plain size, and with it the number of chunks, is known only at the end of a stream; that is why
it is bound by the header, which is written last, over a placeholder that opens nothing.
"""

from __future__ import annotations

import io
import secrets
import struct
from dataclasses import dataclass, replace
from typing import BinaryIO, Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from security.keyring import KEY_BYTES, FileKey, KeyRing

MAGIC = b"\x8eSAURO\r\n"
VERSION = 1
CHUNK_SIZE = 2**18  # fits the cache of a core: faster than 1 MiB, and ranges cost less
TAG = 16
_BOUND = struct.Struct(">8sBBI8s16sIQ")  # magic … plain size
_WRAPPED = struct.Struct(">12s48s18x")  # nonce, wrapped key, room up to 128 bytes
HEADER_SIZE = _BOUND.size + _WRAPPED.size


class DamagedError(Exception):
    """The bytes are not those that were written; nothing of them can be trusted."""


@dataclass(frozen=True)
class Header:
    """What stands before the chunks."""

    level: int
    key_version: int
    key_mark: bytes
    file_id: bytes
    chunk_size: int
    plain_size: int
    nonce: bytes = bytes(12)
    wrapped: bytes = bytes(48)

    @property
    def chunks(self) -> int:
        return -(-self.plain_size // self.chunk_size)

    @property
    def stored_size(self) -> int:
        """Bytes of the whole file on disk."""
        return HEADER_SIZE + self.plain_size + self.chunks * TAG

    def bound(self, blob: str) -> bytes:
        """What the wrapped key is bound to."""
        return self._fields() + blob.encode("ascii")

    def packed(self) -> bytes:
        return self._fields() + _WRAPPED.pack(self.nonce, self.wrapped)

    def _fields(self) -> bytes:
        return _BOUND.pack(
            MAGIC, VERSION, self.level, self.key_version, self.key_mark,
            self.file_id, self.chunk_size, self.plain_size,
        )  # fmt: skip

    def wrapping(self, key: bytes, *, blob: str, by: FileKey) -> Header:
        """This header with the file's key wrapped by another key."""
        marked = replace(
            self,
            level=by.level,
            key_version=by.version,
            key_mark=by.mark,
            nonce=secrets.token_bytes(12),
        )
        wrapped = AESGCM(by.secret).encrypt(marked.nonce, key, marked.bound(blob))
        return replace(marked, wrapped=wrapped)

    def unwrapped(self, *, blob: str, ring: KeyRing) -> bytes:
        """The file's key. Raises KeyMissingError, or DamagedError where the header was changed."""
        by = ring.opening(self.level, self.key_version, self.key_mark)
        try:
            return AESGCM(by.secret).decrypt(self.nonce, self.wrapped, self.bound(blob))
        except InvalidTag as error:
            raise DamagedError("header") from error


def is_encrypted(start: bytes) -> bool:
    """Whether a file that begins so is one of ours; anything else is plain."""
    return start.startswith(MAGIC)


def parse_header(start: bytes) -> Header:
    """The header, not yet proven: ``unwrapped`` does that."""
    if len(start) < HEADER_SIZE or not is_encrypted(start):
        raise DamagedError("header")
    _magic, version, *fields = _BOUND.unpack_from(start)
    if version != VERSION:
        raise DamagedError(f"format {version} is unknown")
    nonce, wrapped = _WRAPPED.unpack_from(start, _BOUND.size)
    level, key_version, mark, file_id, chunk_size, size = fields
    header = Header(level, key_version, mark, file_id, chunk_size, size, nonce, wrapped)
    # The room is bound by nothing, so it must be what was written. The limits come first: no
    # forged size may make us reserve memory.
    if header.packed() != start[:HEADER_SIZE] or header.chunk_size != CHUNK_SIZE:
        raise DamagedError("header")
    return header


class Writer:
    """Encrypts a stream into a new file in one pass; ``finish`` makes it readable."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._key = secrets.token_bytes(KEY_BYTES)
        self._cipher = AESGCM(self._key)
        self._file_id = secrets.token_bytes(16)
        self._waiting = bytearray()
        self._index = self._size = 0
        out.write(bytes(HEADER_SIZE))

    def write(self, data: bytes, /) -> None:
        self._waiting += data
        self._size += len(data)
        while len(self._waiting) > CHUNK_SIZE:  # the last chunk stays: only finish knows it
            chunk = bytes(self._waiting[:CHUNK_SIZE])
            del self._waiting[:CHUNK_SIZE]
            self._put(chunk, last=False)

    def finish(self, *, blob: str, by: FileKey) -> None:
        """Write the last chunk and the header."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()
        empty = Header(by.level, by.version, by.mark, self._file_id, CHUNK_SIZE, self._size)
        self._out.seek(0)
        self._out.write(empty.wrapping(self._key, blob=blob, by=by).packed())

    def _put(self, chunk: bytes, *, last: bool) -> None:
        bound = _bound_chunk(self._file_id, self._index, last=last)
        self._out.write(self._cipher.encrypt(_nonce(self._index), chunk, bound))
        self._index += 1


class Reader(io.RawIOBase):
    """The plain bytes of an encrypted file; holds one chunk at a time, seeks without reading.

    The header is proven at once, each chunk before any of it is given: DamagedError otherwise.
    """

    def __init__(self, stored: BinaryIO, *, blob: str, ring: KeyRing) -> None:
        super().__init__()
        self._stored = stored
        stored.seek(0)
        self.header = parse_header(stored.read(HEADER_SIZE))
        if stored.seek(0, io.SEEK_END) != self.header.stored_size:
            raise DamagedError("length")
        self._cipher = AESGCM(self.header.unwrapped(blob=blob, ring=ring))
        self._position, self._index = 0, -1
        longest = min(CHUNK_SIZE, self.header.plain_size)
        self._chunk = memoryview(bytearray(longest))
        self._sealed = memoryview(bytearray(longest + TAG))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self.header.plain_size}
        target = base[whence] + offset
        if target < 0:
            raise ValueError("before the beginning")
        self._position = target
        return target

    def readinto(self, into: memoryview, /) -> int:  # type: ignore[override]
        if self._position >= self.header.plain_size or not len(into):
            return 0
        into = memoryview(into)  # Python passes a bytearray, BufferedReader a memoryview
        index, inside = divmod(self._position, CHUNK_SIZE)
        length = self._length(index)
        if inside == 0 and len(into) >= length:  # a whole chunk: straight to where it is wanted
            self._decrypt(index, into[:length])
            part = length
        else:
            part = min(length - inside, len(into))
            into[:part] = self._plain(index)[inside : inside + part]
        self._position += part
        return part

    def verify(self, start: int = 0, end: int | None = None) -> Self:
        """Prove the chunks that hold these bytes, so that no half of a damaged file is sent."""
        end = self.header.plain_size if end is None else min(end, self.header.plain_size)
        for index in range(start // CHUNK_SIZE, -(-end // CHUNK_SIZE)):
            self._plain(index)
        return self

    def close(self) -> None:
        self._stored.close()
        super().close()

    def _length(self, index: int) -> int:
        return min(CHUNK_SIZE, self.header.plain_size - index * CHUNK_SIZE)

    def _plain(self, index: int) -> memoryview:
        """The chunk, kept until another one is asked for."""
        if index != self._index:
            self._index = -1
            self._decrypt(index, self._chunk[: self._length(index)])
            self._index = index
        return self._chunk

    def _decrypt(self, index: int, into: memoryview) -> None:
        sealed = self._sealed[: self._length(index) + TAG]
        self._stored.seek(HEADER_SIZE + index * (CHUNK_SIZE + TAG))
        if self._stored.readinto(sealed) != len(sealed):  # type: ignore[attr-defined]
            raise DamagedError(f"chunk {index}")
        bound = _bound_chunk(self.header.file_id, index, last=index == self.header.chunks - 1)
        try:
            self._cipher.decrypt_into(_nonce(index), sealed, bound, into)
        except InvalidTag as error:
            raise DamagedError(f"chunk {index}") from error


def _nonce(index: int) -> bytes:
    return index.to_bytes(12, "big")


def _bound_chunk(file_id: bytes, index: int, *, last: bool) -> bytes:
    return file_id + index.to_bytes(8, "big") + bytes([last])
