"""Pages drawn for tests: letters of Liberation on white paper, at 300 dpi."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from digitization.ocr.types import PageImage, Pixels, pixels

FONTS = Path("/usr/share/fonts/truetype/liberation2")
A4 = (2481, 3508)
LINES = (
    "ĐẢNG BỘ XÃ KHÊ",
    "Căn cứ Nghị quyết số 57-NQ/TW ngày 22/12/2024 của Bộ Chính trị",
    "về đột phá phát triển khoa học, công nghệ và chuyển đổi số,",
    "chi bộ họp ngày mồng một, thống nhất những việc sau đây:",
    "giao đồng chí Bí thư phụ trách việc số hóa hồ sơ đảng viên,",
    "kiểm tra hằng tuần và báo cáo trước buổi giao ban sáng thứ Hai.",
)


def make_page(
    lines: tuple[str, ...] = LINES, *, size: tuple[int, int] = A4, ink: int = 20, paper: int = 250
) -> Image.Image:
    """Lines of serif writing from the top of a page."""
    page = Image.new("L", size, paper)
    draw = ImageDraw.Draw(page)
    font = ImageFont.truetype(str(FONTS / "LiberationSerif-Regular.ttf"), 54)
    for number, line in enumerate(lines):
        draw.text((250, 300 + 110 * number), line, fill=ink, font=font)
    return page


def make_page_image(page: Image.Image) -> PageImage:
    """A drawn page as the steps take it."""
    array = np.asarray(page, dtype=np.uint8)
    if array.ndim == 3:
        natural = pixels(cv2.cvtColor(array, cv2.COLOR_RGB2BGR))
        return PageImage(natural=natural, ink=pixels(cv2.cvtColor(natural, cv2.COLOR_BGR2GRAY)))
    return PageImage(natural=array, ink=array)


def grainy(page: Image.Image, sigma: float, *, seed: int = 1) -> Image.Image:
    """The page with the grain of a bad scan."""
    noise = np.random.default_rng(seed).normal(0, sigma, (page.height, page.width))
    return Image.fromarray((np.asarray(page) + noise).clip(0, 255).astype(np.uint8))


def as_jpeg(page: Image.Image | Pixels) -> bytes:
    """The page as it would come from a scanner."""
    array = np.asarray(page, dtype=np.uint8)
    _done, encoded = cv2.imencode(".jpg", array, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return encoded.tobytes()
