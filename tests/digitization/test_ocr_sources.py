"""Files that may come in, and files that may not, each with its code."""

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pikepdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from digitization.ocr import Limits, pdf_pages, sources
from digitization.ocr.types import Pixels, pixels
from tests.digitization.pages import as_jpeg, make_page

A5 = (1754, 1240)


def make_pdf(
    path: Path, *, pages: int = 1, media_box: tuple[float, ...] = (0, 0, 595.2, 841.7)
) -> Path:
    """A PDF of pages that are one JPEG each."""
    with pikepdf.new() as pdf:
        scan = pikepdf.Stream(pdf, as_jpeg(make_page()))
        scan.update(
            pikepdf.Dictionary(
                Type=pikepdf.Name.XObject, Subtype=pikepdf.Name.Image, Width=2481, Height=3508,
                ColorSpace=pikepdf.Name.DeviceGray, BitsPerComponent=8,
                Filter=pikepdf.Name.DCTDecode,
            )
        )  # fmt: skip
        for _number in range(pages):
            pdf.add_blank_page(page_size=(595.2, 841.7))
            page = pdf.pages[-1].obj
            page.MediaBox = pikepdf.Array(list(media_box))
            page.Resources = pikepdf.Dictionary(XObject=pikepdf.Dictionary(Scan=scan))
            page.Contents = pikepdf.Stream(pdf, b"q 595.2 0 0 841.7 0 0 cm /Scan Do Q")
        pdf.save(path)
    return path


def changed(path: Path, change: Callable[[pikepdf.Pdf], None], **save: Any) -> Path:
    with pikepdf.open(path, allow_overwriting_input=True) as pdf:
        change(pdf)
        pdf.save(path, **save)
    return path


def refusal(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(sources.RefusedFile) as caught:
        sources.inspect(path)
    assert path.read_bytes() == before
    return caught.value.code


def decoded(image: bytes) -> Pixels:
    return pixels(cv2.imdecode(np.frombuffer(image, dtype=np.uint8), cv2.IMREAD_ANYCOLOR))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty"),
        (b"PK\x03\x04 a spreadsheet", "not_a_scan"),
        (b"MZ\x90\x00 a program", "not_a_scan"),
        ("Kính gửi".encode(), "not_a_scan"),
        (b"%PDF-1.7\nnothing behind the header", "damaged"),
        (b"\xff\xd8\xff\xe0 nothing behind the header", "damaged"),
        (b"\x89PNG\r\n\x1a\n nothing behind the header", "damaged"),
        (b"II*\x00 nothing behind the header", "damaged"),
    ],
)
def test_rubbish_is_refused_by_content(tmp_path: Path, content: bytes, code: str) -> None:
    path = tmp_path / "scan.pdf"
    path.write_bytes(content)

    assert refusal(path) == code


def test_a_pdf_of_scans_comes_in_and_keeps_its_pages(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a", pages=3)

    assert sources.inspect(path) == sources.SourceInfo(kind="pdf", pages=3)


@pytest.mark.parametrize("password", ["", "secret"])
def test_encrypted_pdf_is_refused_even_with_an_empty_password(
    tmp_path: Path, password: str
) -> None:
    path = make_pdf(tmp_path / "a")
    changed(path, lambda _pdf: None, encryption=pikepdf.Encryption(owner="o", user=password))

    assert refusal(path) == "encrypted"


@pytest.mark.parametrize("part", [0.3, 0.7, 0.98])
def test_truncated_files_are_refused(tmp_path: Path, part: float) -> None:
    whole = make_pdf(tmp_path / "a").read_bytes()
    (tmp_path / "cut.pdf").write_bytes(whole[: int(len(whole) * part)])
    jpeg = as_jpeg(make_page())
    (tmp_path / "cut.jpg").write_bytes(jpeg[: int(len(jpeg) * part)])

    assert refusal(tmp_path / "cut.pdf") == "damaged"
    assert refusal(tmp_path / "cut.jpg") == "damaged"


def _javascript(pdf: pikepdf.Pdf) -> None:
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def _launch(pdf: pikepdf.Pdf) -> None:
    action = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="run")
    link = pikepdf.Dictionary(
        Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=action
    )
    pdf.pages[0].obj.Annots = pikepdf.Array([link])


def _attachment(pdf: pikepdf.Pdf) -> None:
    pdf.attachments["more.exe"] = b"MZ"


@pytest.mark.parametrize("change", [_javascript, _launch, _attachment])
def test_pdf_that_acts_is_refused(tmp_path: Path, change: Callable[[pikepdf.Pdf], None]) -> None:
    path = changed(make_pdf(tmp_path / "a"), change)

    assert refusal(path) == "active_content"


@pytest.mark.parametrize(("pages", "code"), [(0, "no_pages"), (2001, "too_many_pages")])
def test_pdf_with_no_pages_or_too_many_is_refused(tmp_path: Path, pages: int, code: str) -> None:
    path = tmp_path / "a"
    with pikepdf.new() as pdf:
        for _number in range(pages):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(path)

    assert refusal(path) == code


def test_two_thousand_pages_come_in(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with pikepdf.new() as pdf:
        for _number in range(2000):
            pdf.add_blank_page(page_size=(595, 842))
        pdf.save(path)

    assert sources.inspect(path).pages == 2000


@pytest.mark.parametrize("box", [(0, 0, 15_000, 100), (0, 0, 5000, 5000), (0, 0, 0, 842)])
def test_absurd_page_size_is_refused(tmp_path: Path, box: tuple[float, ...]) -> None:
    path = make_pdf(tmp_path / "a", media_box=box)

    assert refusal(path) == "page_too_large"


def test_picture_that_unfolds_to_gigabytes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (20_000, 20_000)).save(path)

    assert refusal(path) == "page_too_large"


@pytest.mark.parametrize("kind", ["tiff", "jpeg", "png"])
def test_pictures_come_in(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "named-wrongly.pdf"
    make_page(size=A5).save(path, kind, dpi=(200, 200))

    assert sources.inspect(path) == sources.SourceInfo(kind=kind, pages=1)  # type: ignore[arg-type]
    assert decoded(sources.page_image(path, 1)).shape == (1860, 2631)


def test_frames_of_a_tiff_are_pages(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    frames = [make_page((text,), size=A5) for text in ("một", "hai", "ba")]
    frames[0].save(path, "tiff", save_all=True, append_images=frames[1:], dpi=(300, 300))

    assert sources.inspect(path).pages == 3
    second = decoded(sources.page_image(path, 2))
    assert np.abs(second.astype(int) - np.asarray(frames[1])).mean() < 1
    with pytest.raises(sources.RefusedFile, match="no_such_page"):
        sources.page_image(path, 4)


def test_transparent_picture_gets_white_paper(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.new("RGBA", A5, (0, 0, 0, 0)).save(path, dpi=(300, 300))

    assert decoded(sources.page_image(path, 1)).min() == 255


def test_scan_is_taken_out_of_the_pdf_as_it_is(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a")

    assert sources.page_image(path, 1) == as_jpeg(make_page())


def test_taken_out_and_drawn_pages_are_the_same_picture(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a")

    drawn = decoded(pdf_pages._drawn(path, 1, dpi=100, limits=Limits()))
    taken = decoded(sources.page_image(path, 1, dpi=100))

    grey = cv2.resize(cv2.cvtColor(drawn, cv2.COLOR_BGR2GRAY), taken.shape[::-1])
    assert np.abs(grey.astype(int) - taken).mean() < 4


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_turn_of_the_page_is_obeyed(tmp_path: Path, turn: int) -> None:
    path = make_pdf(tmp_path / "a")
    upright = decoded(sources.page_image(path, 1))
    changed(path, lambda pdf: pdf.pages[0].rotate(turn, relative=False))

    turned = decoded(sources.page_image(path, 1))

    assert np.array_equal(np.rot90(turned, turn // 90), upright)


def test_page_with_more_than_a_scan_is_drawn(tmp_path: Path) -> None:
    def stamp(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].contents_add(b"0 g 100 100 200 200 re f")

    path = changed(make_pdf(tmp_path / "a"), stamp)

    page = decoded(sources.page_image(path, 1))

    assert page.shape[:2] == pytest.approx((3508, 2481), abs=2)
    assert page[3508 - 800 : 3508 - 500, 500:1200].max() < 30


def test_drawing_is_stopped_at_its_limits(tmp_path: Path) -> None:
    path = make_pdf(tmp_path / "a")

    with pytest.raises(sources.RefusedFile, match="page_unreadable"):
        pdf_pages._drawn(path, 1, dpi=300, limits=Limits(memory_mb=8))


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_damage_never_raises_anything_but_a_refusal(tmp_path: Path, data: st.DataObject) -> None:
    kind = data.draw(st.sampled_from(["pdf", "jpeg", "png", "tiff"]))
    whole = bytearray(_specimens()[kind])
    for _hit in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "hit"
    path.write_bytes(bytes(whole))

    with suppress(sources.RefusedFile):
        sources.inspect(path)
        sources.page_image(path, 1, dpi=72)


def _specimens() -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    picture = make_page(("chữ",), size=(400, 500))
    for kind in ("jpeg", "png", "tiff"):
        held = io.BytesIO()
        picture.save(held, kind, dpi=(72, 72))
        found[kind] = held.getvalue()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(200, 300))
        held = io.BytesIO()
        pdf.save(held, static_id=True)
    found["pdf"] = held.getvalue()
    return found
