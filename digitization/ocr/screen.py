"""Pictures of the page for the screen: upright and level, otherwise as the paper looks."""

import cv2

from digitization.ocr.types import Pixels, pixels

DERIVATIVE_WIDTH = 1600
THUMBNAIL_WIDTH = 240


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
    _done, encoded = cv2.imencode(".webp", picture, [cv2.IMWRITE_WEBP_QUALITY, quality])
    return encoded.tobytes()
