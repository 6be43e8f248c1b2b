"""PDFs that somebody might send to do harm, each made here and small when it travels."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from functools import cache
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream

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
