"""PDFs written page by page: whole, in order, and nothing that is no picture."""

from __future__ import annotations

import io

import pikepdf
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from digitization.jpeg_pdf import NotAPictureError, pdf_of
from tests.digitization.exports import picture

sizes = st.tuples(*[st.integers(min_value=8, max_value=300)] * 2)


def read(pictures: list[bytes], title: str = "XT-1") -> pikepdf.Pdf:
    content = b"".join(pdf_of(pictures, title=title))
    return pikepdf.open(io.BytesIO(content), attempt_recovery=False)


@settings(max_examples=25, deadline=None)
@given(some=st.lists(st.tuples(sizes, st.sampled_from(["L", "RGB"])), min_size=1, max_size=5))
def test_any_pictures_make_a_sound_pdf_with_the_very_bytes_in_order(
    some: list[tuple[tuple[int, int], str]],
) -> None:
    pictures = [picture(str(n), size=size, mode=mode) for n, (size, mode) in enumerate(some)]
    with read(pictures) as pdf:
        assert not pdf.check_pdf_syntax()
        found = [page.Resources.XObject.P.read_raw_bytes() for page in pdf.pages]
        assert found == pictures
        for page in pdf.pages:
            assert max(map(float, page.mediabox)) <= 842
            assert min(map(float, page.mediabox[2:])) > 0


def test_an_a4_scan_is_a_sheet_of_a4_lying_or_standing() -> None:
    with read([picture(size=(1600, 2263)), picture(size=(2263, 1600))]) as pdf:
        boxes = [[round(float(side)) for side in page.mediabox[2:]] for page in pdf.pages]
    assert boxes == [[595, 842], [842, 595]]


def test_the_title_is_the_number_and_nothing_can_break_out_of_it() -> None:
    with read([picture()], title="XT-1) >> /JS (x Đ") as pdf:
        assert str(pdf.docinfo["/Title"]) == "XT-1) >> /JS (x Đ"


@pytest.mark.parametrize("mode", ["CMYK", None])
def test_what_is_no_grey_or_coloured_jpeg_is_refused(mode: str | None) -> None:
    out = io.BytesIO()
    if mode:
        Image.new(mode, (9, 9)).save(out, "JPEG")
    with pytest.raises(NotAPictureError):
        read([out.getvalue() or b"%PDF-1.4 no picture"])
