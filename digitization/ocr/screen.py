"""Pictures of the page for the screen: upright and level, otherwise as the paper looks."""

import cv2

from digitization.ocr.steps import tilted
from digitization.ocr.types import PageImage, Pixels, pixels

DERIVATIVE_WIDTH = 1600
THUMBNAIL_WIDTH = 240
DERIVATIVE_QUALITY = 70
THUMBNAIL_QUALITY = 60


def pictures(page: PageImage) -> tuple[bytes, bytes]:
    """The derivative (1600 px wide at most) and the thumbnail (240 px), both JPEG.

    JPEG, because WebP of that size takes a tenth of the time of reading the page. Shrunk before
    it is levelled for the same reason.
    """
    large = _narrowed(page.natural, DERIVATIVE_WIDTH)
    if page.skew:
        large = tilted(large, page.skew)
    small = _narrowed(large, THUMBNAIL_WIDTH)
    return _jpeg(large, DERIVATIVE_QUALITY), _jpeg(small, THUMBNAIL_QUALITY)


def _narrowed(picture: Pixels, width: int) -> Pixels:
    if picture.shape[1] <= width:
        return picture
    height = max(1, round(picture.shape[0] * width / picture.shape[1]))
    return pixels(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA))


def _jpeg(picture: Pixels, quality: int) -> bytes:
    _done, encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return encoded.tobytes()
