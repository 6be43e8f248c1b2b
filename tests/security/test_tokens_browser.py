"""A token from the password to its end, and the code lists in the admin, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from records.models import CodeItem
from records.services import load_code_lists
from security.services.tokens import create_token, revoke_token
from tests.security.make import make_officer, make_unit

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = Path(__file__).parent.parent / "vendor" / "axe.min.js"
PICTURES = os.environ.get("PICTURES", "")  # for a person's eye, where somebody asks for them
PASSWORD = "thuyền ra khơi 9"
OpenPage = Callable[..., Page]


def look(page: Page, name: str) -> None:
    """No side scrolling, nothing axe complains about."""
    if PICTURES:
        page.screenshot(path=f"{PICTURES}/{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), name
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert [one["id"] for one in found["violations"]] == [], name


def listen(page: Page) -> list[str]:
    """What the browser complains about from here on: a refused script or style among it."""
    heard: list[str] = []
    page.on("console", lambda m: heard.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


@pytest.mark.parametrize("width", [390, 1440])
def test_a_token_from_the_password_to_its_end(signed_in: OpenPage, width: int) -> None:
    cache.clear()
    owner = make_officer("keeper", unit=make_unit(name="Vụ Bưởi"), full_name="Đỗ Thị Mùa Thu")
    owner.set_password(PASSWORD)
    owner.save()
    now = timezone.now()
    for name, days in (("Đối soát hằng đêm", 10), ("Máy cũ", 90)):
        terms = {"actions": ["records.view"], "days": days, "now": now - timedelta(days=3)}
        token, _plain = create_token(actor=owner, name=name, **terms)  # type: ignore[arg-type]
    revoke_token(actor=owner, token=token, now=now)

    page = signed_in(owner, reverse("account_tokens"), width=width)
    heard = listen(page)
    look(page, f"tokens-{width}")
    page.get_by_role("link", name="Tạo mã truy cập").click()
    page.get_by_label("Mật khẩu").fill(PASSWORD)
    page.locator("form.form button[type=submit]").click()
    expect(page.get_by_role("heading", name="Tạo mã truy cập")).to_be_visible()
    look(page, f"token-new-{width}")
    page.get_by_label("Tên gọi").fill("Báo cáo tuần, máy VP-03")
    page.get_by_role("button", name="Tạo mã này").click()
    # Nothing was ticked: the browser may stop it or the server; either way the page stays.
    page.get_by_label("Xem hồ sơ đảng viên, cán bộ").check()
    page.get_by_role("button", name="Tạo mã này").click()

    field = page.get_by_label("Mã truy cập", exact=True)
    plain = field.input_value()
    look(page, f"token-made-{width}")
    expect(page.get_by_role("button", name="Sao chép mã")).to_be_visible()
    answer = Client().get("/api/v1/members/", headers={"authorization": f"Bearer {plain}"})
    assert answer.status_code == 200

    page.get_by_role("link", name="Xong, tôi đã cất mã").click()
    assert plain not in page.content()
    row = page.get_by_role("row").filter(has_text="máy VP-03")
    row.get_by_text("Thu hồi", exact=True).click()
    look(page, f"token-revoke-{width}")
    row.get_by_role("button").click()
    expect(page.get_by_text("Đã thu hồi mã truy cập")).to_be_visible()
    answer = Client().get("/api/v1/members/", headers={"authorization": f"Bearer {plain}"})
    assert answer.status_code == 401
    assert [one for one in heard if "422" not in one] == []


@pytest.mark.parametrize("width", [390, 1440])
def test_a_code_is_ended_in_the_admin(signed_in: OpenPage, width: int) -> None:
    load_code_lists()
    keeper = make_officer("administrator", full_name="Trần Quản Trị")
    page = signed_in(keeper, "/access/people/", width=width)
    heard = listen(page)
    page.get_by_role("link", name="Dữ liệu danh mục").click()
    expect(page.get_by_role("heading", name="Dữ liệu danh mục")).to_be_visible()
    look(page, f"admin-lists-{width}")
    page.get_by_role("link", name="Tôn giáo", exact=True).click()
    look(page, f"admin-codes-{width}")

    page.get_by_role("link", name="Thêm mã").click()
    expect(page.get_by_label("Danh mục", exact=True)).to_have_value("religions")
    page.get_by_label("Mã", exact=True).fill("00")
    page.get_by_label("Tên gọi").fill("Mã trùng")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("hãy kết thúc mã cũ trước")).to_be_visible()
    look(page, f"admin-refused-{width}")
    page.get_by_label("Mã", exact=True).fill("98")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã thêm.")).to_be_visible()

    item = CodeItem.objects.get(code_list="religions", code="98")
    page.goto(
        page.url.split("/admin/")[0] + reverse("admin:records_codeitem_change", args=[item.pk])
    )
    look(page, f"admin-code-{width}")
    page.get_by_label("Ngày kết thúc").fill("2026-01-31")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("Đã sửa.")).to_be_visible()
    item.refresh_from_db()
    assert str(item.valid_to) == "2026-01-31"
    assert [one for one in heard if "422" not in one] == []
