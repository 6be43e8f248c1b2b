"""A PDF of JPEG pictures, written page by page: in memory lies one page and a few bytes for each
that was written. Libraries keep the whole document until it is saved.

Pure. PDF 1.4 (ISO 32000-1): header, for each page picture, contents and page, then the page tree,
the catalogue and the table of where everything begins.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

from PIL import Image

A4_SHORT, A4_LONG = 595.28, 841.89  # points
COLOURS = {"L": b"/DeviceGray", "RGB": b"/DeviceRGB"}
CATALOGUE, TREE, INFO = 1, 2, 3
HEADER = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"


class NotAPictureError(Exception):
    """These bytes are no grey or coloured JPEG."""


class Writer:
    """Makes the parts of the file; knows only how long they were."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._at: dict[int, int] = {}  # object number → where it begins
        self._pages: list[int] = []
        self._length = 0
        self._last = INFO

    def begin(self) -> bytes:
        return self._counted(HEADER)

    def page(self, jpeg: bytes) -> Iterator[bytes]:
        """The parts of one page: its picture as it is, filling a sheet up to A4."""
        width, height, colours = _looked_at(jpeg)
        scale = min(
            min(A4_SHORT, A4_LONG) / min(width, height), max(A4_SHORT, A4_LONG) / max(width, height)
        )
        across, down = width * scale, height * scale
        picture, drawing, page = (self._next() for _ in range(3))
        head = (
            b"<< /Type /XObject /Subtype /Image /Width %d /Height %d /ColorSpace %s"
            b" /BitsPerComponent 8 /Filter /DCTDecode /Length %d >>\nstream\n"
            % (width, height, colours, len(jpeg))
        )
        yield self._begun(picture, head)
        yield self._counted(jpeg)
        yield self._counted(b"\nendstream\nendobj\n")
        draw = b"%.2f 0 0 %.2f 0 0 cm /P Do" % (across, down)
        stream = b"<< /Length %d >>\nstream\n%s\nendstream\nendobj\n" % (len(draw), draw)
        yield self._begun(drawing, stream)
        said = (
            b"<< /Type /Page /Parent %d 0 R /MediaBox [0 0 %.2f %.2f] /Contents %d 0 R"
            b" /Resources << /XObject << /P %d 0 R >> >> >>\nendobj\n"
            % (TREE, across, down, drawing, picture)
        )
        yield self._begun(page, said)
        self._pages.append(page)

    def end(self) -> Iterator[bytes]:
        yield self._begun(CATALOGUE, b"<< /Type /Catalog /Pages %d 0 R >>\nendobj\n" % TREE)
        kids = b" ".join(b"%d 0 R" % page for page in self._pages)
        tree = b"<< /Type /Pages /Count %d /Kids [%s] >>\nendobj\n" % (len(self._pages), kids)
        yield self._begun(TREE, tree)
        title = ("\ufeff" + self._title).encode("utf-16-be").hex().encode()
        yield self._begun(INFO, b"<< /Title <%s> >>\nendobj\n" % title)
        begins, total = self._length, self._last + 1
        yield b"xref\n0 %d\n0000000000 65535 f \n" % total
        yield b"".join(b"%010d 00000 n \n" % self._at[number] for number in range(1, total))
        yield (
            b"trailer\n<< /Size %d /Root %d 0 R /Info %d 0 R >>\nstartxref\n%d\n%%%%EOF\n"
            % (total, CATALOGUE, INFO, begins)
        )

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _begun(self, number: int, said: bytes) -> bytes:
        self._at[number] = self._length
        return self._counted(b"%d 0 obj\n%s" % (number, said))

    def _counted(self, part: bytes) -> bytes:
        self._length += len(part)
        return part


def pdf_of(jpegs: Iterable[bytes], *, title: str) -> Iterator[bytes]:
    """The file in parts; each picture is asked for when the ones before it have been handed on."""
    writer = Writer(title)
    yield writer.begin()
    for jpeg in jpegs:
        yield from writer.page(jpeg)
    yield from writer.end()


def _looked_at(jpeg: bytes) -> tuple[int, int, bytes]:
    """Width, height, colour space; only the head of the picture is read."""
    try:
        with Image.open(io.BytesIO(jpeg), formats=("JPEG",)) as picture:
            return picture.width, picture.height, COLOURS[picture.mode]
    except (OSError, KeyError, Image.DecompressionBombError) as error:
        raise NotAPictureError from error
