"""An operator in a browser: drop scans, watch, correct by keyboard. With and without a script."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page as BrowserPage
from playwright.sync_api import expect

from digitization.models import Dossier, OcrJob, Page
from tests.digitization.make import make_room, scan
from tests.digitization.screens import read_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SignedIn = Callable[..., BrowserPage]


def test_scans_are_dropped_and_the_bad_one_says_why(signed_in: SignedIn, tmp_path: Path) -> None:
    room = make_room()
    good, bad = tmp_path / "a.png", tmp_path / "b.pdf"
    good.write_bytes(scan())
    bad.write_bytes(b"not a scan")
    page = signed_in(room.operator, "/digitization/")
    page.fill("#id_code", "HS-1")
    page.set_input_files("#id_files", [good, bad])
    page.click("form[data-upload] button[type=submit]")
    rows = page.locator("[data-upload-rows] li")
    expect(rows).to_have_count(2)
    expect(rows.nth(0).locator("a")).to_have_text("a.png")
    expect(rows.nth(1).locator(".file-error")).to_contain_text("PDF, TIFF, JPEG")
    expect(page.locator("#lots-live")).to_contain_text("0/1")
    rows.nth(0).locator("a").click()
    expect(page.locator("h1")).to_have_text("HS-1")
    expect(page.locator("#dossier-live")).to_contain_text("a.png")
    # The living part follows without a reload.
    OcrJob.objects.update(state="done")
    expect(page.locator("#dossier-live")).to_contain_text("1/1", timeout=8000)
    expect(page.locator("#dossier-live[data-refresh]")).to_have_count(0)


def test_doubtful_places_are_corrected_without_the_mouse(signed_in: SignedIn) -> None:
    room = make_room()
    row = read_page(room)
    page = signed_in(room.operator, f"/digitization/pages/{row.pk}/")
    page.keyboard.press("F8")
    field = page.locator("#id_value")
    expect(field).to_be_focused()
    expect(page.locator("#paper rect[data-here]")).to_have_count(1)
    field.fill("Lê Thị Hường")
    page.keyboard.press("Enter")
    expect(page.locator("#line-0")).to_have_text("Lê Thị Hường")
    expect(page.locator(".line.is-here")).to_have_attribute("id", "line-2")
    assert Page.objects.get().current_text.startswith("Lê Thị Hường")


def test_a_word_under_the_mouse_is_boxed_on_the_image(signed_in: SignedIn) -> None:
    row = read_page(make_room())
    operator = row.dossier.lot.assigned_to
    page = signed_in(operator, f"/digitization/pages/{row.pk}/")
    page.locator("#words mark").first.hover()
    expect(page.locator("#paper rect[data-word]")).to_have_attribute("x", "16")


def test_without_a_script_a_form_does_the_same(
    signed_in: SignedIn, browser: Any, tmp_path: Path
) -> None:
    room = make_room()
    page = signed_in(room.operator, "/digitization/")
    bare = browser.new_context(java_script_enabled=False)
    bare.add_cookies(page.context.cookies())
    plain = bare.new_page()
    plain.goto(page.url)
    good = tmp_path / "a.png"
    good.write_bytes(scan())
    plain.fill("#id_code", "HS-2")
    plain.set_input_files("#id_files", [good])
    plain.click("form[data-upload] button[type=submit]")
    expect(plain.locator("h1")).to_have_text("HS-2")
    assert Dossier.objects.get(code="HS-2").files.count() == 1
    bare.close()
