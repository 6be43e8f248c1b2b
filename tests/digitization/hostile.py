"""Files that somebody might send to do harm, each made here and small when it travels."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from tests.digitization.make import scan

GIB = 2**30


# --- PDF --------------------------------------------------------------------------------


def pdf_with(change: Callable[[Pdf], object] = lambda _pdf: None, **save: Any) -> bytes:
    """A PDF of one page, after this change."""
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(595, 842))
        change(pdf)
        out = io.BytesIO()
        pdf.save(out, **save)
        return out.getvalue()


def with_action(**action: Any) -> bytes:
    """A PDF whose page carries a link with this action."""

    def change(pdf: Pdf) -> None:
        link = Dictionary(
            Type=Name.Annot, Subtype=Name.Link, Rect=[0, 0, 9, 9], A=Dictionary(**action)
        )
        pdf.pages[0].obj.Annots = Array([link])

    return pdf_with(change)


def with_root(**entries: Any) -> bytes:
    """A PDF with these entries in its catalog."""
    return pdf_with(lambda pdf: pdf.Root.update(Dictionary(**entries)))


def with_attachment() -> bytes:
    def attach(pdf: Pdf) -> None:
        pdf.attachments["more.exe"] = b"MZ"

    return pdf_with(attach)


def with_script_at_opening_a_page() -> bytes:
    def change(pdf: Pdf) -> None:
        action = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS="app.alert(1)"))
        pdf.pages[0].obj.AA = Dictionary(O=action)

    return pdf_with(change)


def with_script_packed_away() -> bytes:
    """The script lies in a packed stream of objects."""

    def change(pdf: Pdf) -> None:
        script = pdf.make_indirect(Dictionary(S=Name.JavaScript, JS="app.alert(1)"))
        pdf.Root.Names = Dictionary(JavaScript=Dictionary(Names=Array(["x", script])))

    whole = pdf_with(change, object_stream_mode=pikepdf.ObjectStreamMode.generate)
    assert b"JavaScript" not in whole
    return whole


def with_script_spelt_otherwise() -> bytes:
    """A name may be written in numbers of its letters."""
    return _with_table(
        [
            b"%PDF-1.4\n",
            b"1 0 obj <</Type/Catalog/Pages 2 0 R/OpenAction 4 0 R>> endobj\n",
            b"2 0 obj <</Type/Pages/Count 1/Kids[3 0 R]>> endobj\n",
            b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj\n",
            b"4 0 obj <</#53/#4aava#53cript/#4a#53(app.alert(1))>> endobj\n",
        ]
    )


def with_form_of_xml() -> bytes:
    return with_root(AcroForm=Dictionary(Fields=Array([]), XFA="<xdp/>"))


def with_stream(data: bytes, filters: Array | None, **entries: Any) -> bytes:
    """A PDF whose page has this stream as it stands, unpacked by nobody on the way."""

    def change(pdf: Pdf) -> None:
        stream = Stream(pdf, b"")
        stream.write(data, filter=filters, type_check=False)
        for key, value in entries.items():
            stream[f"/{key}"] = value
        pdf.pages[0].Contents = stream

    return pdf_with(
        change, compress_streams=False, stream_decode_level=pikepdf.StreamDecodeLevel.none
    )


@cache
def packed(size: int) -> bytes:
    """So many blanks, packed a thousand times smaller."""
    packer, out = zlib.compressobj(9), io.BytesIO()
    for _ in range(size // 2**20):
        out.write(packer.compress(b" " * 2**20))
    out.write(packer.flush())
    return out.getvalue()


def pdf_bomb() -> bytes:
    """A quarter of a megabyte that is 256 MB of page."""
    return with_stream(packed(GIB // 4), Array([Name.FlateDecode]))


def packed_twice() -> bytes:
    """Half a kilobyte that is 256 MB."""
    return with_stream(zlib.compress(packed(GIB // 4)), Array([Name.FlateDecode, Name.FlateDecode]))


def chain_of_filters() -> bytes:
    return with_stream(b"x", Array([Name.ASCIIHexDecode] * 1000))


def stream_elsewhere() -> bytes:
    """A page whose content lies in another file of whoever opens it."""
    return with_stream(b"", None, F="/etc/passwd")


def absurd_image(width: int = 50_000, height: int = 50_000) -> bytes:
    """A stamp of fax data that says it is 2.5 gigapixels."""

    def change(pdf: Pdf) -> None:
        image = Stream(pdf, b"\x00" * 20)
        image.update(
            Dictionary(
                Type=Name.XObject, Subtype=Name.Image, Width=width, Height=height,
                BitsPerComponent=1, ColorSpace=Name.DeviceGray, Filter=Name.CCITTFaxDecode,
                DecodeParms=Dictionary(K=-1, Columns=width, Rows=height),
            )
        )  # fmt: skip
        pdf.pages[0].obj.Resources = Dictionary(XObject=Dictionary(Im=image))
        pdf.pages[0].Contents = Stream(pdf, b"q 595 0 0 842 0 0 cm /Im Do Q")

    return pdf_with(change)


def pages_without_end(number: int = 100_000) -> bytes:
    """One page object, listed so often."""
    head = b"%PDF-1.4\n1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n"
    kids = b"3 0 R " * number
    tree = b"2 0 obj <</Type/Pages/Count %d/Kids[%s]>> endobj\n" % (number, kids)
    page = b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj\n"
    return _with_table([head.split(b"1 0 obj")[0], head[head.index(b"1 0 obj") :], tree, page])


def tree_in_a_circle() -> bytes:
    """A tree of pages that is its own branch."""
    return _with_table(
        [
            b"%PDF-1.4\n",
            b"1 0 obj <</Type/Catalog/Pages 2 0 R>> endobj\n",
            b"2 0 obj <</Type/Pages/Count 2/Kids[2 0 R 3 0 R]/Parent 2 0 R>> endobj\n",
            b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj\n",
        ]
    )


def nested(depth: int = 100_000) -> bytes:
    """Arrays in arrays."""
    return _with_table(
        [
            b"%PDF-1.4\n",
            b"1 0 obj <</Type/Catalog/Pages 2 0 R/X "
            + b"[" * depth
            + b"]" * depth
            + b">> endobj\n",
            b"2 0 obj <</Type/Pages/Count 1/Kids[3 0 R]>> endobj\n",
            b"3 0 obj <</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>> endobj\n",
        ]
    )


def giant_page() -> bytes:
    def change(pdf: Pdf) -> None:
        pdf.pages[0].obj.MediaBox = Array([0, 0, 10**7, 10**7])

    return pdf_with(change)


def _with_table(parts: list[bytes]) -> bytes:
    """The parts (a header, then objects 1, 2 …) with a table of their places."""
    places, at = [], 0
    for part in parts:
        places.append(at)
        at += len(part)
    lines = [b"xref\n0 %d\n0000000000 65535 f \n" % len(parts)]
    lines += [b"%010d 00000 n \n" % place for place in places[1:]]
    end = b"trailer <</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(parts), at)
    return b"".join([*parts, *lines, end])


def drawn_without_end(strokes: int = 400_000) -> bytes:
    """A page of 30 kB that unfolds to 14 MB of curves: little to look into, very much to draw."""
    line = b"0 0 m 595 842 0 842 595 0 c 3 w S\n"
    return with_stream(zlib.compress(line * strokes, 9), Array([Name.FlateDecode]))


def remembered_without_end(states: int = 20_000_000) -> bytes:
    """A page of 40 kB that only opens states and never closes one: each takes memory."""
    return with_stream(zlib.compress(b"q " * states, 9), Array([Name.FlateDecode]))


def eats_memory() -> bytes:
    """A page that comes in, and whose drawing wants gigabytes: transparent groups in groups."""

    def change(pdf: Pdf) -> None:
        inner = Stream(pdf, b"0 0 14000 1 re f")
        for _ in range(40):
            group = Dictionary(S=Name.Transparency, I=True, K=True, CS=Name.DeviceCMYK)
            inner.update(
                Dictionary(
                    Type=Name.XObject, Subtype=Name.Form, BBox=[0, 0, 3300, 3300], Group=group
                )
            )
            outer = Stream(pdf, b"/a gs /X Do")
            outer.Resources = Dictionary(
                XObject=Dictionary(X=inner),
                ExtGState=Dictionary(a=Dictionary(ca=0.5, CA=0.5, BM=Name.Multiply)),
            )
            inner = outer
        page = pdf.pages[0].obj
        page.MediaBox = Array([0, 0, 3300, 3300])
        page.Resources = inner.Resources
        page.Contents = Stream(pdf, b"/a gs /X Do")

    return pdf_with(change)


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
