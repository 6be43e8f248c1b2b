"""Writes the scan set: ``python -m config.demo.scans OUT_DIR [--seed N]``.

OUT_DIR gets pdf/ (image-only files, some of them TIFF and JPEG), gt/STEM_pNN.txt (what each page
says, in reading order), fields/STEM.json (index fields of the forms) and manifest.json. Ground
truth depends on the seed alone; image bytes also on the versions of the image libraries.
"""

import argparse
import hashlib
import io
import json
import sys
import zlib
from pathlib import Path
from typing import Any

import pikepdf
from PIL import Image

from config.demo.scans.plan import PAPERS, Paper, Side, holder_of, sides_of
from config.demo.scans.wear import worn

SEED = 2026


def page_text(side: Side) -> str:
    """Ground truth of one page; empty for a blank one."""
    return "".join(f"{line}\n" for line in side.sheet.lines if line)


def ground_truth(paper: Paper, sides: list[Side], seed: int) -> dict[str, str]:
    """Relative path → content of every ground-truth file of one paper."""
    files = {f"gt/{paper.stem}_p{side.page:02d}.txt": page_text(side) for side in sides}
    if paper.is_form:
        fields = holder_of(paper, seed).index_fields()
        files[f"fields/{paper.stem}.json"] = json.dumps(fields, ensure_ascii=False, indent=1) + "\n"
    return files


def scanned(paper: Paper, sides: list[Side], seed: int) -> list[bytes]:
    """Each side as the JPEG the scanner would hand over."""
    images = []
    for number, side in enumerate(sides):
        back = sides[(number + 1) % len(sides)].sheet
        key = (seed, zlib.crc32(paper.stem.encode()), side.page)
        images.append(worn(side.sheet, side.wear, key, back))
    return images


def packed(paper: Paper, images: list[bytes]) -> bytes:
    """The source file: a PDF of page images, a multi-page TIFF or a single JPEG."""
    if paper.suffix == "pdf":
        return as_pdf(images, paper.dpi)
    opened = [Image.open(io.BytesIO(data)) for data in images]
    out = io.BytesIO()
    if paper.suffix == "tif":
        opened[0].save(
            out, "TIFF", save_all=True, append_images=opened[1:], compression="jpeg", quality=45,
            dpi=(paper.dpi, paper.dpi),
        )  # fmt: skip
    else:
        opened[0].save(out, "JPEG", quality="keep", dpi=(paper.dpi, paper.dpi))
    return out.getvalue()


def as_pdf(images: list[bytes], dpi: int) -> bytes:
    """A PDF whose pages are nothing but the given JPEGs."""
    pdf = pikepdf.new()
    for data in images:
        with Image.open(io.BytesIO(data)) as image:
            width, height, grey = image.width, image.height, image.mode == "L"
        page = pdf.add_blank_page(page_size=(width * 72 / dpi, height * 72 / dpi))
        picture = pikepdf.Stream(
            pdf, data, Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=width,
            Height=height, BitsPerComponent=8, Filter=pikepdf.Name.DCTDecode,
            ColorSpace=pikepdf.Name.DeviceGray if grey else pikepdf.Name.DeviceRGB,
        )  # fmt: skip
        page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Im0=picture))
        box = f"{width * 72 / dpi:.3f} 0 0 {height * 72 / dpi:.3f} 0 0"
        page.Contents = pikepdf.Stream(pdf, f"q {box} cm /Im0 Do Q".encode())
    out = io.BytesIO()
    pdf.save(out, deterministic_id=True)
    return out.getvalue()


def entry(paper: Paper, sides: list[Side], data: bytes) -> dict[str, Any]:
    """What the manifest says of one paper."""
    return {
        "doc": paper.stem,
        "kind": paper.kind,
        "pdf": f"pdf/{paper.stem}.{paper.suffix}",
        "dpi": paper.dpi,
        "font": paper.face,
        "sha256": hashlib.sha256(data).hexdigest(),
        "fields": f"fields/{paper.stem}.json" if paper.is_form else None,
        "pages": [
            {
                "page": side.page,
                "id": f"{paper.stem}_p{side.page:02d}",
                "kind": side.kind,
                "degradation": side.wear.name,
                "params": {"rot": side.wear.turn, "skew": side.wear.skew, "q": side.wear.quality},
                "chars": sum(1 for letter in page_text(side) if not letter.isspace()),
            }
            for side in sides
        ],
    }


def write_set(out: Path, seed: int) -> None:
    """Write the whole set under ``out``, replacing files of the same names."""
    for folder in ("pdf", "gt", "fields"):
        (out / folder).mkdir(parents=True, exist_ok=True)
    documents = []
    for paper in PAPERS:
        sides = sides_of(paper, seed)
        for path, content in ground_truth(paper, sides, seed).items():
            (out / path).write_text(content, encoding="utf-8")
        data = packed(paper, scanned(paper, sides, seed))
        documents.append(entry(paper, sides, data))
        (out / documents[-1]["pdf"]).write_bytes(data)
    manifest = {"set": "demo", "seed": seed, "documents": documents}
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    (out / "manifest.json").write_text(text, encoding="utf-8")


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out_dir", type=Path)
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args(arguments)
    write_set(chosen.out_dir, chosen.seed)


if __name__ == "__main__":
    main(sys.argv[1:])
