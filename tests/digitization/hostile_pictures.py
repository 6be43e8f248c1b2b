"""Pictures that somebody might send to do harm, and files that are two things at once."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib

from PIL import Image

from tests.digitization.hostile import GIB, packed, pdf_with
from tests.digitization.make import scan

# --- pictures ---------------------------------------------------------------------------


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return (
        struct.pack(">I", len(content))
        + kind
        + content
        + struct.pack(">I", zlib.crc32(kind + content))
    )


def png(width: int, height: int, data: bytes, *more: bytes) -> bytes:
    """A PNG of grey pixels that says this size, whatever the data are."""
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", head), *more, png_chunk(b"IDAT", data), png_chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def png_of_fifty_thousand() -> bytes:
    return png(50_000, 50_000, packed(2**20))


def png_that_lies() -> bytes:
    """Says 13 000 by 13 000, has eleven bytes of them."""
    return png(13_000, 13_000, zlib.compress(b"\x00" * 11))


def png_with_a_text_bomb() -> bytes:
    return png(
        9, 9, zlib.compress(b"\x00" * 90), png_chunk(b"zTXt", b"a\x00\x00" + packed(GIB // 4))
    )


def tiff(width: int, height: int, *, frames: int = 1, strip: bytes = b"\x00" * 16) -> bytes:
    """A 1-bit TIFF of fax data, each frame saying this size."""
    out, at = [b"II*\x00" + struct.pack("<I", 8)], 8
    for number in range(frames):
        entries = [
            (256, 4, width), (257, 4, height), (258, 3, 1), (259, 3, 4), (262, 3, 0),
            (273, 4, 0), (277, 3, 1), (278, 4, height), (279, 4, len(strip)),
        ]  # fmt: skip
        size = 2 + 12 * len(entries) + 4
        entries[5] = (273, 4, at + size)
        following = at + size + len(strip) if number + 1 < frames else 0
        out.append(
            struct.pack("<H", len(entries))
            + b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, kind, value in entries)
            + struct.pack("<I", following)
            + strip
        )
        at += size + len(strip)
    return b"".join(out)


def fax_white(width: int, height: int) -> bytes:
    """A page of white in fax data, as a scanner writes it: a few bytes for millions of pixels."""
    held = io.BytesIO()
    Image.new("1", (width, height), 1).save(held, "tiff", compression="group4")
    held.seek(0)
    with Image.open(held) as picture:
        offset, size = picture.tag_v2[273][0], picture.tag_v2[279][0]  # type: ignore[attr-defined]
        return held.getvalue()[offset : offset + size]


def tiff_bomb() -> bytes:
    """200 kB that unfold to 2 000 frames of 190 megapixels."""
    strip = fax_white(13_700, 13_700)
    return tiff(13_700, 13_700, frames=2000, strip=strip)


def tiff_in_a_circle() -> bytes:
    """The second frame is followed by the first."""
    whole = bytearray(tiff(100, 100, frames=2, strip=fax_white(100, 100)))
    whole[-4 - len(fax_white(100, 100)) : -len(fax_white(100, 100))] = struct.pack("<I", 8)
    return bytes(whole)


# --- two things at once -----------------------------------------------------------------


def archive() -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as zipped:
        zipped.writestr("META-INF/MANIFEST.MF", "Main-Class: X")
    return held.getvalue()


def picture_and_archive() -> bytes:
    return scan() + archive()


def pdf_and_archive() -> bytes:
    return pdf_with() + archive()


def page_and_pdf() -> bytes:
    return b"<html><script>fetch('/')</script><!--" + pdf_with()


def program_and_pdf() -> bytes:
    return b"MZ\x90\x00" + pdf_with()


def picture_and_page() -> bytes:
    whole = scan()
    return png_inserted(whole, b"<script>alert(1)</script>")


def picture_and_pdf() -> bytes:
    return png_inserted(scan(), b"%PDF-1.4\n1 0 obj<<>>endobj")


def png_inserted(whole: bytes, words: bytes) -> bytes:
    """A PNG with these words in a comment behind its header."""
    return whole[:33] + png_chunk(b"tEXt", b"Comment\x00" + words) + whole[33:]
