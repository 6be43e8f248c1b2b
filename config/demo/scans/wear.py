"""What time, feet and scanners do to a sheet: from clean ink to the pixels that are stored."""

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from config.demo.scans.sheet import Sheet, typeface

Pixels = NDArray[np.float32]
WHITE, YELLOW, BROWN = (246, 247, 247), (178, 216, 233), (160, 199, 220)  # blue, green, red
SEAL_RED = (0.25, 0.18, 0.86)


@dataclass(frozen=True)
class Wear:
    """How worn one side is: ink and noise as shares and grey levels, skew in degrees."""

    name: str
    paper: tuple[int, int, int] = WHITE
    ink: float = 0.93
    noise: float = 2.0
    blur: float = 0.5
    quality: int = 46
    skew: float = 0.0
    turn: int = 0
    bleed: float = 0.0
    seal: bool = False

    @property
    def colour(self) -> bool:
        return self.seal or self.paper != WHITE


WEARS = {
    wear.name: wear
    for wear in (
        Wear("clean"),
        Wear("blank", noise=1.6),
        Wear("skew", skew=1.7),
        Wear("faded", ink=0.36, noise=1.8),
        Wear("yellow", paper=YELLOW),
        Wear("noise", noise=11, quality=34),
        Wear("jpeg", quality=13),
        Wear("blur", blur=1.15),
        Wear("bleed", bleed=0.3),
        Wear("seal", seal=True),
        Wear("rot90", turn=90),
        Wear("rot180", turn=180),
        Wear("mix", paper=BROWN, ink=0.6, noise=5, blur=0.75, skew=-1.2, quality=38),
    )
}


def worn(sheet: Sheet, wear: Wear, seed: tuple[int, ...], back: Sheet | None = None) -> bytes:
    """The side as a JPEG file: greyscale unless the paper or a seal has colour."""
    rng = np.random.default_rng(seed)
    ink = inked(sheet, wear, rng)
    if back is not None and wear.bleed:
        ink = np.maximum(ink, shine_through(back, ink.shape) * wear.bleed)
    tilt = wear.skew + float(rng.uniform(-0.25, 0.25))
    ink = tilted(ink, tilt)
    stamp = tilted(stamped(sheet), tilt) if wear.seal and sheet.seal_at else None
    pixels = exposed(ink, stamp, wear, rng)
    return encoded(pixels, wear)


def darkness(image: Image.Image) -> Pixels:
    """1 where the image is black, 0 where it is white."""
    return np.subtract(1, np.asarray(image, np.float32) / 255, dtype=np.float32)


def inked(sheet: Sheet, wear: Wear, rng: np.random.Generator) -> Pixels:
    """Share of ink at each pixel, uneven as from a tired ribbon or roller."""
    ink = darkness(sheet.image)
    patches = clouds(ink.shape, rng, cells=9)
    return (ink * wear.ink * (1 - 0.12 * patches)).astype(np.float32)


def clouds(shape: tuple[int, ...], rng: np.random.Generator, cells: int) -> Pixels:
    """Slow random patches between 0 and 1."""
    coarse = rng.random((cells, cells)).astype(np.float32)
    grown = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.clip(grown, 0, 1).astype(np.float32)


def shine_through(back: Sheet, shape: tuple[int, ...]) -> Pixels:
    """The other side's ink, mirrored and diffuse."""
    ink = darkness(back.image)
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(ink[:, ::-1]), (0, 0), back.dpi / 110)
    return cv2.resize(mirrored, (shape[1], shape[0])).astype(np.float32)


def tilted(layer: Pixels, degrees: float) -> Pixels:
    height, width = layer.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(layer, turn, (width, height)).astype(np.float32)


def stamped(sheet: Sheet) -> Pixels:
    """A round seal of nobody: two rings, a star and words that say it is a specimen."""
    layer = Image.new("L", sheet.image.size, 0)
    if sheet.seal_at is None:
        return np.asarray(layer, np.float32)
    side = sheet.px(38)
    seal = Image.new("L", (side, side), 0)
    draw = ImageDraw.Draw(seal)
    for radius, width in ((0.48, 3), (0.445, 1), (0.27, 1)):
        reach, centre = side * radius, side / 2
        box = (centre - reach, centre - reach, centre + reach, centre + reach)
        draw.ellipse(box, outline=255, width=max(1, width * sheet.dpi // 200))
    draw.polygon(star(side / 2, side * 0.13), fill=235)
    around(seal, "MẪU – GIẢ ĐỊNH • KHÔNG CÓ GIÁ TRỊ • ", side * 0.355)
    turned = seal.rotate(-14, resample=Image.Resampling.BICUBIC)
    layer.paste(turned, (sheet.px(sheet.seal_at[0]), sheet.px(sheet.seal_at[1])))
    return (np.asarray(layer, np.float32) / 255).astype(np.float32)


def star(centre: float, radius: float) -> list[tuple[float, float]]:
    """Corners of a five-pointed star."""
    corners = []
    for corner in range(10):
        reach = radius if corner % 2 == 0 else radius * 0.4
        angle = math.pi / 5 * corner - math.pi / 2
        corners.append((centre + reach * math.cos(angle), centre + reach * math.sin(angle)))
    return corners


def around(seal: Image.Image, text: str, radius: float) -> None:
    """Letters set on a circle."""
    side = seal.width
    font = typeface("sans", max(9, side // 13), "Bold")
    for number, letter in enumerate(text):
        angle = 360 / len(text) * number
        cell = Image.new("L", (side, side), 0)
        ImageDraw.Draw(cell).text((side / 2, side / 2 - radius), letter, 255, font, anchor="mm")
        turned = cell.rotate(-angle, resample=Image.Resampling.BICUBIC)
        seal.paste(255, (0, 0), turned)


def exposed(ink: Pixels, stamp: Pixels | None, wear: Wear, rng: np.random.Generator) -> Pixels:
    """Paper, ink and seal under the scanner's lamp, with its blur and its noise."""
    shade = 1 - 0.045 * clouds(ink.shape, rng, cells=5)
    sheet = np.asarray(wear.paper, np.float32) * shade[..., None]
    pixels: Pixels = sheet * (1 - ink[..., None] * 0.9)
    if stamp is not None:
        patchy = stamp * (0.45 + 0.5 * clouds(ink.shape, rng, cells=60))
        pixels *= 1 - patchy[..., None] * (1 - np.asarray(SEAL_RED, np.float32))
    pixels = np.asarray(cv2.GaussianBlur(pixels, (0, 0), wear.blur), np.float32)
    pixels += rng.normal(0, wear.noise, ink.shape).astype(np.float32)[..., None]
    if wear.paper != WHITE:
        crease(pixels, rng)
    specks(pixels, wear, rng)
    border(pixels, rng)
    return np.clip(pixels, 0, 255).astype(np.float32)


def specks(pixels: Pixels, wear: Wear, rng: np.random.Generator) -> None:
    """Dust on the glass; more on noisy sides."""
    height, width = pixels.shape[:2]
    for _ in range(int(12 + wear.noise * 8)):
        x, y = int(rng.integers(width)), int(rng.integers(height))
        radius, depth = int(rng.integers(1, 3)), float(rng.uniform(60, 170))
        spot = pixels[y : y + radius, x : x + radius]
        np.minimum(spot, depth, out=spot)


def crease(pixels: Pixels, rng: np.random.Generator) -> None:
    """Old sheets were folded in the middle: a pale ridge beside a dark valley."""
    middle = int(pixels.shape[0] * rng.uniform(0.485, 0.515))
    pixels[middle : middle + 2] *= 0.86
    pixels[middle + 2 : middle + 4] *= 1.06


def border(pixels: Pixels, rng: np.random.Generator) -> None:
    """The grey seam where the sheet's edge casts a shadow."""
    width = int(rng.integers(3, 12))
    side = slice(None, width) if rng.random() < 0.5 else slice(-width, None)
    pixels[:, side] *= 0.72


def encoded(pixels: Pixels, wear: Wear) -> bytes:
    turns: dict[int, Any] = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180}
    image = pixels.astype(np.uint8)
    if wear.turn:
        image = cv2.rotate(image, turns[wear.turn]).astype(np.uint8)
    if not wear.colour:
        image = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.uint8)
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, wear.quality])
    return bytes(data)
