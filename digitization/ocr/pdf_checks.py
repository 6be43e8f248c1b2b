"""What a PDF may hold: pages and nothing that acts, hides or reaches out.

Nothing is cut out of a file: it is kept as it was sent, or refused.
"""

import re
import zlib
from collections.abc import Iterator

import pikepdf

from digitization.ocr.refusal import MAX_MEGAPIXELS, RefusedFile

MAX_OBJECTS = 500_000  # 2 000 pages of an office program have about 50 000
DEEPEST = 50
MOST_FILTERS = 2
MOST_UNFOLDED = 128 * 2**20  # bytes of one stream that is no image
PIECE = 1 << 20

ACTIVE_KEYS = {
    "/JS", "/EmbeddedFiles", "/EF", "/XFA", "/RichMediaContent", "/RichMediaSettings",
    "/Collection",
}  # fmt: skip
ACTIVE_KINDS = {
    "/JavaScript", "/Launch", "/ImportData", "/SubmitForm", "/GoToE", "/Rendition", "/Movie",
    "/EmbeddedFile", "/RichMedia", "/RichMediaExecute", "/FileAttachment", "/Sound", "/3D",
    "/GoTo3DView", "/Screen",
}  # fmt: skip
ELSEWHERE = {"/GoToR"}
PACKED = {"/FlateDecode", "/Fl", "/LZWDecode", "/LZW", "/RunLengthDecode", "/RL"}
PACKED |= {"/BrotliDecode"}
FLATE = {"/FlateDecode", "/Fl"}
# People click on these or not; anything else (file:, \\server\share, javascript:) is no scan's.
HARMLESS_ADDRESS = re.compile(rb"\s*(?:https?:|mailto:|tel:|www\.|#|$)", re.IGNORECASE)


def check(pdf: pikepdf.Pdf) -> None:
    """RefusedFile: `active_content`, `reaches_out`, `too_demanding`."""
    if len(pdf.objects) > MAX_OBJECTS:
        raise RefusedFile("too_demanding")
    for thing in [*pdf.objects, pdf.trailer]:
        _check(thing, 0)
        if isinstance(thing, pikepdf.Stream):
            _check_stream(thing)


def _check(thing: object, depth: int) -> None:
    """Look at an object and at those written inside it. References are not followed: what stands
    for itself is visited by the caller."""
    if depth > DEEPEST:
        raise RefusedFile("too_demanding")
    if isinstance(thing, pikepdf.Array):
        parts: Iterator[object] = iter(thing)
    elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
        _check_dictionary(thing)
        parts = (thing[key] for key in thing.keys())  # noqa: SIM118 - iterating gives no keys
    else:
        return
    for part in parts:
        if isinstance(part, pikepdf.Object) and not part.is_indirect:
            _check(part, depth + 1)


def _check_dictionary(thing: pikepdf.Object) -> None:
    keys = set(thing.keys())
    kinds = {
        str(thing[key])
        for key in ("/S", "/Type", "/Subtype")
        if key in keys and isinstance(thing[key], pikepdf.Name)
    }
    if keys & ACTIVE_KEYS or kinds & ACTIVE_KINDS:
        raise RefusedFile("active_content")
    if kinds & ELSEWHERE or ("/URI" in keys and not _is_harmless(thing["/URI"])):
        raise RefusedFile("reaches_out")
    if "/OpenAction" in keys:
        _check_automatic(thing["/OpenAction"])
    if "/AA" in keys and isinstance(thing["/AA"], pikepdf.Dictionary):
        for trigger in thing["/AA"].keys():  # noqa: SIM118
            _check_automatic(thing["/AA"][trigger])


def _check_automatic(action: object) -> None:
    """What happens without a click may show a page of this file, and nothing more."""
    if isinstance(action, pikepdf.Dictionary) and (
        action.get("/S") != pikepdf.Name.GoTo or "/Next" in action
    ):
        raise RefusedFile("reaches_out" if action.get("/S") == "/URI" else "active_content")


def _is_harmless(address: object) -> bool:
    if isinstance(address, pikepdf.Dictionary):  # the catalog's entry of this name: a base address
        return not address.keys() or _is_harmless(address.get("/Base"))
    return isinstance(address, pikepdf.String) and bool(HARMLESS_ADDRESS.match(bytes(address)))


def _check_stream(stream: pikepdf.Stream) -> None:
    if "/F" in stream:
        raise RefusedFile("reaches_out")  # its bytes lie in another file
    filters = _filters(stream)
    if len(filters) > MOST_FILTERS or sum(name in PACKED for name in filters) > 1:
        raise RefusedFile("too_demanding")
    if stream.get("/Subtype") == pikepdf.Name.Image:
        _check_image(stream)
    elif filters and filters[0] in FLATE:
        _check_unfolded(stream.read_raw_bytes())


def _filters(stream: pikepdf.Stream) -> list[str]:
    found = stream.get("/Filter", pikepdf.Array())
    return [str(name) for name in found] if isinstance(found, pikepdf.Array) else [str(found)]


def _check_image(stream: pikepdf.Stream) -> None:
    try:
        pixels = int(stream["/Width"]) * int(stream["/Height"])
    except (KeyError, TypeError, ValueError) as error:
        raise RefusedFile("damaged") from error
    if not 0 < pixels <= MAX_MEGAPIXELS * 1_000_000:
        raise RefusedFile("too_demanding")


def _check_unfolded(packed: bytes) -> None:
    """Unpack without keeping anything, until it is too much."""
    unpacker, size = zlib.decompressobj(), 0
    try:
        while packed:
            size += len(unpacker.decompress(packed, PIECE))
            packed = unpacker.unconsumed_tail
            if size > MOST_UNFOLDED:
                raise RefusedFile("too_demanding")
    except zlib.error:
        return  # a reader's matter: the page is drawn without it, or fails by itself
