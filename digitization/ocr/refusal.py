"""The one error about an uploaded file, and the limits that lead to it."""

from math import isfinite

MAX_PAGES = 2000
MAX_MEGAPIXELS = 200
MAX_SIDE_METRES = 5.0
POINTS_PER_METRE = 72 / 0.0254


class RefusedFile(Exception):
    """The file is not taken. `code` says why, `params` fill the sentence (see `sources`)."""

    def __init__(self, code: str, **params: int) -> None:
        super().__init__(code)
        self.code = code
        self.params = params


def check_page_size(page_no: int, width: float, height: float) -> None:
    """Refuse a page of `width` × `height` points that no scanner could have made."""
    sides = (width, height)
    pixels = width * height * (300 / 72) ** 2
    if (
        not all(isfinite(side) and side > 0 for side in sides)
        or max(sides) > MAX_SIDE_METRES * POINTS_PER_METRE
        or pixels > MAX_MEGAPIXELS * 1_000_000
    ):
        raise RefusedFile("page_too_large", page=page_no)
