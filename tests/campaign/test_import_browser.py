"""The standing office takes a table in: sees what is wrong, mends it, sees what changes, takes it in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from openpyxl import Workbook
from playwright.sync_api import Page, expect

from campaign.models import Task
from tests.campaign.make import make_campaign, make_draft
from tests.campaign.sheets import workbook
from tests.dashboard.test_journeys import overflow, serious
from tests.security.make import grant_role, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]
KEYS = ("code", "title", "unit", "owner", "deadline", "note", "Ghi riêng")


def saved(book: Workbook, path: Path) -> str:
    book.save(path)
    return str(path)


def looked_at(page: Page, name: str, shots: Path) -> None:
    """No finding of axe, nothing wider than the window, at both widths; the page is kept as a picture."""
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        assert serious(page) == []
        assert overflow(page) == 0
        page.screenshot(path=shots / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


def test_the_office_takes_a_table_in(signed_in: OpenPage, tmp_path: Path) -> None:
    start = timezone.localdate() - timedelta(days=3)
    campaign = make_campaign(start=start)
    unit = make_unit(parent=campaign.unit, code="VPX", name="Văn phòng thử")
    make_user(unit=unit, username="hanh.tt", full_name="Trần Thị Hạnh")
    make_draft(campaign=campaign, unit=unit, code="V1.1", note="Ghi chú cũ", deadline=None)
    office = make_user(unit=campaign.unit, full_name="Phạm Thu Hà")
    grant_role(office, "office", campaign.unit)
    day = timezone.localdate() + timedelta(days=20)
    wrong = workbook(
        ("V1.1", "=A2", "XYZ", "khongco", "31/02/2027", "mới", "x"),
        (None, "ễ" * 201, None, None, None, None, None),
        ("V9.9", "Không có", None, None, None, None, None),
        keys=KEYS,
    )
    good = workbook(
        ("V1.1", "Lập danh mục và sơ đồ 07 quy trình ưu tiên", None, "hanh.tt", day, "-", "x"),
        (None, "Rà soát dữ liệu đảng viên còn thiếu", "VPX", "Trần Thị Hạnh", day, None, None),
        keys=KEYS,
    )
    page = signed_in(office, "/tasks/")
    page.get_by_role("link", name="Nhập bảng Excel").click()
    looked_at(page, "empty", tmp_path)
    page.set_input_files("input[type=file]", saved(wrong, tmp_path / "Bảng tuần 4.xlsx"))
    page.get_by_role("button", name="Tải lên và xem trước").click()
    table = page.locator(".import-problems")
    for cell in ("ô B2", "ô C2", "ô D2", "ô E2", "ô B3", "ô A4"):
        expect(table.get_by_text(cell, exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Nhập bảng")).to_have_count(0)
    looked_at(page, "problems", tmp_path)

    page.get_by_role("link", name="Tải lên bảng đã sửa").click()
    page.set_input_files("input[type=file]", saved(good, tmp_path / "Bảng tuần 4 (sửa).xlsx"))
    page.get_by_role("button", name="Tải lên và xem trước").click()
    changes = page.locator(".import-changes")
    expect(changes).to_contain_text("Ghi chú cũ")
    expect(changes).to_contain_text("hanh.tt")
    looked_at(page, "changes", tmp_path)
    assert Task.objects.count() == 1
    page.get_by_role("button", name="Nhập bảng").click()
    expect(page.locator(".import-changes tbody tr")).to_have_count(2)
    looked_at(page, "done", tmp_path)
    page.get_by_role("link", name="BS1 Rà soát dữ liệu").click()
    expect(page.locator("h1")).to_contain_text("Rà soát dữ liệu đảng viên còn thiếu")
    assert Task.objects.get(code="V1.1").note == ""
