"""Pictures of the page for the screen: upright and level, otherwise as the paper looks."""

import io

import cv2
from PIL import Image

from digitization.ocr.types import Pixels, pixels

DERIVATIVE_WIDTH = 1600
THUMBNAIL_WIDTH = 240
EFFORT = 2  # of WebP's 6: a third of the time of the default for pictures 5 % larger


def derivative(natural: Pixels) -> bytes:
    """WebP, 1600 px wide at most."""
    return _webp(natural, DERIVATIVE_WIDTH, 70)


def thumbnail(natural: Pixels) -> bytes:
    """WebP, 240 px wide at most."""
    return _webp(natural, THUMBNAIL_WIDTH, 60)


def _webp(picture: Pixels, width: int, quality: int) -> bytes:
    if picture.shape[1] > width:
        height = max(1, round(picture.shape[0] * width / picture.shape[1]))
        picture = pixels(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))
    if picture.ndim == 3:
        picture = pixels(cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
    encoded = io.BytesIO()
    Image.fromarray(picture).save(encoded, "WEBP", quality=quality, method=EFFORT)
    return encoded.getvalue()
