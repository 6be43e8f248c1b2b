from __future__ import annotations

from collections.abc import Callable

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from records.models import Member
from tests.records.make import make_cell, make_member
from tests.security.make import make_officer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]


def test_a_keeper_finds_somebody_while_typing_and_corrects_him(
    signed_in: Callable[..., Page],
) -> None:
    keeper = make_officer("keeper", unit=make_cell())
    make_member("Trần Văn Bình", unit=keeper.unit)
    member = make_member("Lê Thị Hoà", unit=keeper.unit, birth_date="1985")
    page = signed_in(keeper, reverse("records:member_list"))
    expect(page.get_by_role("link", name="Trần Văn Bình")).to_be_visible()

    page.locator("#q").press_sequentially("hoa")
    expect(page.get_by_role("link", name="Trần Văn Bình")).to_have_count(0)
    page.get_by_role("link", name="Lê Thị Hoà").click()
    page.get_by_role("link", name="Sửa", exact=True).click()

    birth = page.get_by_label("Ngày sinh")
    birth.fill("31/02/1985")
    page.get_by_label("Lý do sửa").fill("Theo giấy khai sinh")
    page.get_by_label("Văn bản làm căn cứ").fill("12-QĐ/ĐU")
    page.get_by_role("button", name="Lưu").click()
    expect(birth).to_have_attribute("aria-invalid", "true")

    birth.fill("05/03/1985")
    page.get_by_role("button", name="Lưu").click()
    expect(page.get_by_text("từ “1985” thành “05/03/1985”")).to_be_visible()
    assert Member.objects.get(pk=member.pk).person.birth_date == "1985-03-05"


@pytest.mark.parametrize("place", ["member_list", "member_detail", "member_edit"])
def test_nothing_overflows_on_a_phone(signed_in: Callable[..., Page], place: str) -> None:
    keeper = make_officer("keeper", unit=make_cell(name="Chi bộ " + "Mẫu Sơn " * 7))
    member = make_member("Tôn Nữ Thị Ninh Hoà " * 3, unit=keeper.unit, religion="02")
    args = [] if place == "member_list" else [member.pk]
    page = signed_in(keeper, reverse(f"records:{place}", args=args), width=390)
    expect(page.locator("h1")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
