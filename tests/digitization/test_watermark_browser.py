"""The reader's mark in a browser: on the screen at every width and zoom, on paper, in a picture
opened by itself; and what a page says whose links ran out while it was open."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from digitization import queue, reading
from digitization.models import Page
from digitization.ocr import PageReading, Word
from digitization.ocr.screen import pictures
from security import links
from security.models import AuditEvent
from tests.digitization.make import Room, make_dossier, make_pages, make_room
from tests.digitization.pages import LINES, make_page, make_page_image
from tests.security.faults import full_disk

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignedIn = Callable[..., BrowserPage]
NAME = "Nguyễn Thị Phương Đặng Ngọc Ánh"


def scanned(room: Room) -> Page:
    """A real page as recognition leaves it, in the hands of an operator with a long name."""
    room.operator.full_name = NAME
    room.operator.save(update_fields=["full_name"])
    derivative, thumbnail = pictures(make_page_image(make_page(LINES * 4)))
    page = make_pages(make_dossier(room))[0]
    taken = queue.claim(worker="w")
    assert taken is not None
    words = [
        Word(text=text, x=160 + 80 * at, y=190, w=70, h=40, confidence=90, line=0)
        for at, text in enumerate(["ĐẢNG", "BỘ", "XÃ", "KHÊ"])
    ]
    result = PageReading(
        text="ĐẢNG BỘ XÃ KHÊ", words=words, width=1600, height=2262, rotation=0, skew=0.0,
        blank=False, mean_confidence=90.0, derivative=derivative, thumbnail=thumbnail,
        engine="test", engine_version="1", seconds=1.0,
    )  # fmt: skip
    assert reading.write_result(taken, page, result)
    page.refresh_from_db()
    return page


def keep(page: BrowserPage, name: str) -> None:
    """For looking at: SHOTS=DIR keeps pictures of the screens."""
    if os.environ.get("SHOTS"):
        page.screenshot(path=f"{os.environ['SHOTS']}/{name}.png")


def number_of_last_read(row: Page) -> int:
    lines = AuditEvent.objects.filter(action="read", object_id=str(row.pk))
    return int(lines.order_by("id").values_list("id", flat=True)[0])


@pytest.mark.parametrize("width", [1440, 390])
def test_the_mark_lies_over_the_whole_page_and_in_the_way_of_nothing(
    signed_in: SignedIn, width: int
) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, "/", width=width)
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.goto(urljoin(page.url, f"/digitization/pages/{row.pk}/"))
    mark = page.locator(".paper .watermark")
    expect(mark).to_have_attribute("aria-hidden", "true")
    texts = mark.locator("text")
    number = number_of_last_read(row)
    assert texts.all_text_contents()[0] == NAME
    assert texts.all_text_contents()[2] == f"Nhật ký số {number}"
    page.locator(".paper img").evaluate("one => one.decode()")
    paper, over = page.locator(".paper img").bounding_box(), mark.bounding_box()
    assert paper is not None
    assert over is not None
    assert abs(paper["width"] - over["width"]) <= 2
    assert abs(paper["height"] - over["height"]) <= 2
    keep(page, f"mark-{width}")
    assert drawn(page, ".paper-pane"), "the mark is nowhere to be seen"
    # What lies under it is reached as before.
    under = page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.watermark') === null",
        [paper["x"] + 40, max(paper["y"], 200) + 60],
    )
    assert under
    assert not wrong, "the policy of the page or a script complains"


def drawn(page: BrowserPage, pane: str) -> bool:
    """Whether the pixels change when the mark is taken away."""
    with_mark = page.locator(pane).screenshot()
    page.evaluate("document.querySelector('.watermark').setAttribute('visibility', 'hidden')")
    without = page.locator(pane).screenshot()
    page.evaluate("document.querySelector('.watermark').removeAttribute('visibility')")
    return with_mark != without


def test_the_mark_stays_legible_at_every_zoom_and_after_a_step(signed_in: SignedIn) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    for zoom in ("0.5", "1", "2"):
        page.evaluate("zoom => { document.documentElement.style.zoom = zoom; }", zoom)
        size = page.evaluate(
            "parseFloat(getComputedStyle(document.querySelector('.watermark text')).fontSize)"
        )
        assert size >= 12, zoom
        keep(page, f"mark-zoom-{zoom}")
    page.evaluate("document.documentElement.style.zoom = '1'")
    source = page.locator(".paper img").get_attribute("src")
    first = page.locator(".watermark text").nth(2).text_content()
    page.locator("#line-0").click()
    expect(page.locator(".line.is-here")).to_have_count(1)
    expect(page.locator(".watermark text").nth(2)).not_to_have_text(first or "")
    assert page.locator(".paper img").get_attribute("src") == source, (
        "the picture is not fetched again"
    )


def test_paper_bears_the_mark(signed_in: SignedIn, tmp_path: Path) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    page.locator(".paper img").evaluate("one => one.decode()")
    (tmp_path / "page.pdf").write_bytes(page.pdf(format="A4"))
    said = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, check=True
    ).stdout.decode()
    assert said.count(NAME) >= 1
    assert f"Nhật ký số {number_of_last_read(row)}" in said
    if os.environ.get("SHOTS"):
        target = f"{os.environ['SHOTS']}/mark-paper"
        subprocess.run(["pdftoppm", "-png", "-r", "60", tmp_path / "page.pdf", target], check=True)


def test_a_picture_opened_by_itself_bears_the_mark_in_its_pixels(signed_in: SignedIn) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    plain = page.locator(".paper img").evaluate("one => one.decode().then(() => one.naturalHeight)")
    page.goto(str(page.locator(".paper img").evaluate("one => one.src")))
    height = page.evaluate("document.images[0].naturalHeight")
    assert height > plain, "the strip with the mark stands below"
    keep(page, "mark-alone")


def test_a_page_whose_links_ran_out_says_so_and_opens_again(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    page.locator(".paper img").evaluate("one => one.decode()")
    notice = page.locator("[data-link-over]")
    expect(notice).to_be_hidden()
    with monkeypatch.context() as patch:
        patch.setitem(links.LIFE, links.VIEW, -1)
        # As a thumbnail that scrolls into view an hour later.
        page.evaluate("document.querySelector('.thumbs img').src += '&'")
        expect(notice).to_be_visible()
        keep(page, "link-over")
    notice.locator("a").click()
    expect(page.locator("[data-link-over]")).to_be_hidden()
    assert page.locator(".thumbs img").first.evaluate("one => one.decode().then(() => true)")


def test_after_the_first_lost_picture_the_page_asks_for_no_other(
    signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long dossier left open must not write a refusal for each of its thumbnails."""
    room = make_room()
    row = scanned(room)
    others = make_pages(row.dossier, 120, state="done")
    Page.objects.filter(pk__in=[one.pk for one in others]).update(
        thumbnail=row.thumbnail, derivative=row.derivative
    )
    page = signed_in(room.operator, f"/digitization/dossiers/{row.dossier_id}/")
    page.locator(".sheet img").first.evaluate("one => one.decode()")
    denied = AuditEvent.objects.filter(decision="denied")
    assert not denied.exists()
    with monkeypatch.context() as patch:
        patch.setitem(links.LIFE, links.VIEW, -1)
        page.locator(".sheet img").last.scroll_into_view_if_needed()
        expect(page.locator("[data-link-over]").first).to_be_visible()
        page.mouse.wheel(0, -3000)
        page.wait_for_timeout(500)
    assert 1 <= denied.count() < 60


def test_a_step_that_cannot_be_written_down_says_so(signed_in: SignedIn) -> None:
    room = make_room()
    row = scanned(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    with full_disk():
        page.locator("#line-0").click()
        expect(page.locator("[data-failed]")).to_be_visible()
        keep(page, "not-now-part")
        page.goto(page.url)
        expect(page.locator("h1")).to_have_text("Hiện chưa mở được trang này")
        keep(page, "not-now")
