"""What a file is, by its content; and files that are two things at once.

A file that one program takes for a picture and another for a web page, an archive or a PDF passes a
check as the one and acts as the other. Scans are one thing only.
"""

import re
from pathlib import Path
from typing import BinaryIO, Literal

from digitization.ocr.refusal import RefusedFile

Kind = Literal["pdf", "tiff", "jpeg", "png"]

MAGIC: tuple[tuple[bytes, Kind], ...] = (
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"\x89PNG\r\n\x1a\n", "png"),
)
ENDINGS: dict[str, Kind] = {
    "pdf": "pdf", "tif": "tiff", "tiff": "tiff", "jpg": "jpeg", "jpeg": "jpeg", "jpe": "jpeg",
    "jfif": "jpeg", "png": "png",
}  # fmt: skip

HEAD = 1024  # readers look for "%PDF-" so far into a file
TAIL = 22 + 65_535  # an archive's directory ends at most so far before the end
PDF = b"%PDF-"
# Blank space, a byte order mark, or the printer's language that some scanners put before a PDF.
BEFORE_PDF = re.compile(rb"(?:\xef\xbb\xbf)?(?:\x1b%-12345X(?:@PJL[^\r\n]*[\r\n]+)*)?[\s\x00]*")
MARKUP = re.compile(
    rb"<(?:!doctype|html|head|body|script|svg|iframe|\?php|\?xml|%@)", re.IGNORECASE
)
ARCHIVE_END, ARCHIVE_ENTRY = b"PK\x05\x06", b"PK\x01\x02"


def kind_of(path: Path) -> Kind:
    """The kind of a file, or RefusedFile: `empty`, `not_a_scan`, `two_kinds`."""
    with path.open("rb") as file:
        head = file.read(HEAD)
        if not head:
            raise RefusedFile("empty")
        kind = _by_head(head)
        if _is_archive_too(file):
            raise RefusedFile("two_kinds")
    return kind


def check_ending(name: str, kind: Kind) -> None:
    """Refuse a name whose ending is no scan's, or says a PDF of a picture or the reverse.

    Scanners and phones mix up the endings of pictures; that harms nobody.
    """
    _, dot, ending = name.rpartition(".")
    said = ENDINGS.get(ending.strip().lower()) if dot else None
    if said is None:
        raise RefusedFile("bad_ending")
    if (said == "pdf") != (kind == "pdf"):
        raise RefusedFile("wrong_ending")


def _by_head(head: bytes) -> Kind:
    for magic, kind in MAGIC:
        if head.startswith(magic):
            if PDF in head or MARKUP.search(head):
                raise RefusedFile("two_kinds")
            return kind
    if PDF not in head:
        raise RefusedFile("not_a_scan")
    if not BEFORE_PDF.fullmatch(head[: head.index(PDF)]):
        raise RefusedFile("two_kinds")
    return "pdf"


def _is_archive_too(file: BinaryIO) -> bool:
    """Whether a ZIP archive (a document of an office program, a program in Java) ends here too."""
    size = file.seek(0, 2)
    start = max(0, size - TAIL)
    file.seek(start)
    tail = file.read()
    at = tail.rfind(ARCHIVE_END)
    while at >= 0:
        length = int.from_bytes(tail[at + 12 : at + 16], "little")
        entries = start + at - length
        if length and entries >= 0:
            file.seek(entries)
            if file.read(4) == ARCHIVE_ENTRY:
                return True
        at = tail.rfind(ARCHIVE_END, 0, at)
    return False
