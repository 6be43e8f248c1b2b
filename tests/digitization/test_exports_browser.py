"""In the browser: one person asks, a second one agrees, the file comes, its number leads back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from playwright.sync_api import Page, expect

from digitization.models import PageExport
from tests.digitization.exports import make_drawn, work
from tests.digitization.make import make_room
from tests.security.make import make_officer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
Open = Callable[..., Page]


def test_from_the_dossier_to_the_file_by_two_people(
    signed_in: Open, settings: Any, tmp_path: Path
) -> None:
    settings.EXPORT_ALONE_AT_MOST = 2
    room = make_room()
    head = make_officer("unit_head", unit=room.unit, full_name="Vũ Thị Duyệt")
    officer = make_officer("security_officer", unit=room.unit)
    dossier = make_drawn(room, 3)[0].dossier

    page = signed_in(room.keeper, f"/digitization/dossiers/{dossier.pk}/")
    page.get_by_role("link", name="Xuất trang ra PDF").click()
    expect(page.get_by_text("Cần một người thứ hai")).to_be_visible()
    expect(page.get_by_text("Vũ Thị Duyệt")).to_be_visible()
    page.get_by_label("Mục đích sử dụng").select_option("inspection")
    page.get_by_label("Lý do, căn cứ").fill("Đoàn kiểm tra số 3, Công văn 88-CV/ĐKT")
    page.get_by_role("button", name="Gửi người thứ hai duyệt").click()
    expect(page.get_by_text("Người thứ hai quyết định.")).to_be_visible()
    export = PageExport.objects.get()
    expect(page.get_by_role("button", name="Phê duyệt")).to_have_count(0)

    page = signed_in(head, "/digitization/")
    page.get_by_role("link", name="Xuất trang (1)").click()
    page.get_by_role("link", name=export.title).click()
    expect(page.get_by_text("Đoàn kiểm tra số 3, Công văn 88-CV/ĐKT").first).to_be_visible()
    page.get_by_role("button", name="Phê duyệt").click()
    expect(page.get_by_text("Đã duyệt. Tệp đang được lập.")).to_be_visible()

    page = signed_in(room.keeper, f"/digitization/exports/{export.number}/")
    expect(page.get_by_text("0/3 trang").first).to_be_visible()
    assert work()
    button = page.get_by_role("button", name="Tải PDF")
    expect(button).to_be_visible(timeout=10_000)  # the page has changed by itself
    with page.expect_download() as coming:
        button.click()
    path = tmp_path / "export.pdf"
    coming.value.save_as(path)
    assert coming.value.suggested_filename == f"{export.number}.pdf"
    with pikepdf.open(path) as pdf:
        assert len(pdf.pages) == 3

    page = signed_in(officer, f"/access/trail/?number={export.number}")
    for word in ("đề nghị xuất trang", "duyệt xuất trang", "tải bản xuất trang"):
        expect(page.get_by_text(word, exact=False).first).to_be_visible()
    expect(page.get_by_text("Đoàn kiểm tra số 3", exact=False).first).to_be_visible()
