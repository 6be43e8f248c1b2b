"""The scan inside a PDF page that consists of one image and nothing else.

Taking it out instead of drawing the page is faster and loses nothing. Only the plain case is
taken (one 8-bit grey or RGB JPEG that fills the page, upright or turned by the page's /Rotate);
anything else is left to the drawing program.
"""

import cv2
import numpy as np
import pikepdf

from digitization.ocr.types import Pixels, pixels

CLOSE_ENOUGH = 0.12
TURNS = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
MOST_CONTENTS = 4096  # bytes in which a page says that it is one image; 50 are usual
EDGE = 2.0  # points by which the image may miss the edge of the page


def only_image(page: pikepdf.Page, *, dpi: int, megapixels: int) -> bytes | None:
    """The page's only image as JPEG or PNM at about `dpi`, or None if there is more to it."""
    try:
        return _only_image(page, dpi, megapixels)
    except Exception:  # noqa: BLE001 - an odd page is not an error here: it gets drawn instead
        return None


def _only_image(page: pikepdf.Page, dpi: int, megapixels: int) -> bytes | None:
    placed = _placed(page)
    if placed is None:
        return None
    name, matrix = placed
    stream = page.obj.Resources.XObject[name]
    if not _fills(page, matrix) or not _is_plain(stream):
        return None
    if int(stream.Width) * int(stream.Height) > megapixels * 1_000_000:
        return None
    raw = stream.read_raw_bytes()
    wanted = _wanted_size(page, dpi)
    turn = int(page.obj.get("/Rotate", 0)) % 360
    near = abs(int(stream.Width) / wanted[0] - 1) < CLOSE_ENOUGH
    if near and turn == 0:
        return bytes(raw)
    return _remade(raw, wanted, turn, resize=not near)


def _placed(page: pikepdf.Page) -> tuple[str, tuple[float, ...]] | None:
    """Name and matrix of the one image that the page paints, if it paints nothing else."""
    if _contents_size(page) > MOST_CONTENTS:
        return None
    matrix: tuple[float, ...] | None = None
    name: str | None = None
    for instruction in pikepdf.parse_content_stream(page):
        operator = str(instruction.operator)
        if operator == "cm" and matrix is None:
            matrix = tuple(float(number) for number in instruction.operands)
        elif operator == "Do" and name is None:
            name = str(instruction.operands[0])
        elif operator not in {"q", "Q", "gs"}:
            return None
    return (name, matrix) if name and matrix and "/Annots" not in page.obj else None


def _contents_size(page: pikepdf.Page) -> int:
    """Bytes of what the page says to draw, packed; taking it apart costs a thousand times more."""
    contents = page.obj.get("/Contents", pikepdf.Array())
    parts = contents if isinstance(contents, pikepdf.Array) else [contents]
    return sum(len(part.read_raw_bytes()) for part in parts)


def _fills(page: pikepdf.Page, matrix: tuple[float, ...]) -> bool:
    a, b, c, d, e, f = matrix
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    found = (e, f, e + a, f + d)
    return (
        b == 0
        and c == 0
        and all(
            abs(mine - its) <= EDGE
            for mine, its in zip(found, (left, bottom, right, top), strict=True)
        )
    )


def _is_plain(stream: pikepdf.Object) -> bool:
    filters = stream.get("/Filter")
    if isinstance(filters, pikepdf.Array):
        filters = filters[0] if len(filters) == 1 else None
    return (
        stream.get("/Subtype") == "/Image"
        and filters == "/DCTDecode"
        and stream.get("/ColorSpace") in ("/DeviceGray", "/DeviceRGB")
        and int(stream.get("/BitsPerComponent", 8)) == 8
        and not {"/SMask", "/Mask", "/Decode", "/ImageMask"} & set(stream.keys())
    )


def _wanted_size(page: pikepdf.Page, dpi: int) -> tuple[int, int]:
    left, bottom, right, top = (float(edge) for edge in page.cropbox)
    scale = dpi / 72 * float(page.obj.get("/UserUnit", 1))
    return max(1, round((right - left) * scale)), max(1, round((top - bottom) * scale))


def _remade(raw: bytes, wanted: tuple[int, int], turn: int, *, resize: bool) -> bytes | None:
    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_IGNORE_ORIENTATION
    picture = cv2.imdecode(np.frombuffer(raw, dtype=np.uint8), flags)
    if picture is None:
        return None
    scan = pixels(picture)
    if resize:
        shrinks = wanted[0] < scan.shape[1]
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        scan = pixels(cv2.resize(scan, wanted, interpolation=method))
    if turn in TURNS:
        scan = pixels(cv2.rotate(scan, TURNS[turn]))
    return pnm(scan)


def pnm(picture: Pixels) -> bytes:
    """The picture as PGM or PPM: no time spent on compression, no loss."""
    _done, encoded = cv2.imencode(".pgm" if picture.ndim == 2 else ".ppm", picture)
    return encoded.tobytes()
