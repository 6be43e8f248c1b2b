"""In a real browser: a keeper opens a record for a time; a head breaks the glass and is reviewed."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from records.models import MemberUserGrant
from security.models import AuditEvent, EmergencyAccess, User
from tests.records.make import make_cell, make_member
from tests.security.make import make_officer, make_unit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
Opened = Callable[..., Page]
WHY = "Cháy kho hồ sơ giấy, cần tra người trực ngay"


def test_a_keeper_opens_a_record_and_the_receiver_reads_it_until_it_is_closed(
    signed_in: Opened,
) -> None:
    root = make_unit(name="Ban Tổ chức")
    cell = make_cell(parent=root, name="Chi bộ Một")
    keeper = make_officer("keeper", unit=cell, full_name="Hoàng Giữ Sổ")
    make_officer("cell_secretary", unit=make_cell(parent=root), full_name="Bùi Thư Ký")
    member = make_member("Lê Thị Thẩm Tra", unit=cell)
    page = signed_in(keeper, f"/records/members/{member.pk}/")
    page.get_by_role("link", name="Ai xem được").click()
    expect(page.get_by_role("heading", name="1 người xem được")).to_be_visible()
    # Typing a part of the name without accents brings the person up to choose.
    page.get_by_label("Mở cho người").press_sequentially("bui thu")
    page.get_by_label(re.compile("Bùi Thư Ký")).check()
    page.get_by_label("Đến hết ngày").fill((timezone.localdate() + timedelta(days=3)).isoformat())
    page.get_by_label("Lý do").fill("Thẩm tra lý lịch")
    page.get_by_role("button", name="Mở hồ sơ").click()
    expect(page.get_by_role("heading", name="2 người xem được")).to_be_visible()
    expect(page.get_by_text("Mở cho người này").first).to_be_visible()

    receiver = User.objects.get(full_name="Bùi Thư Ký")
    other = signed_in(receiver, "/access/opened/", width=390, height=844)
    other.get_by_role("link", name="Lê Thị Thẩm Tra").click()
    expect(other.get_by_role("heading", name="Lê Thị Thẩm Tra")).to_be_visible()
    expect(other.get_by_role("link", name="Ai xem được")).to_have_count(0)

    page = signed_in(keeper, f"/access/who/records.member/{member.pk}/")
    page.get_by_text("Đóng lại").click()
    page.get_by_label("Vì sao đóng").fill("Đã thẩm tra xong")
    page.get_by_role("button", name="Đóng ngay").click()
    expect(page.get_by_text("Hiện không mở cho ai.")).to_be_visible()
    assert MemberUserGrant.objects.get().valid_to <= timezone.now()  # type: ignore[operator]
    other = signed_in(receiver, "/access/opened/", width=390, height=844)
    expect(other.get_by_text("Hiện chưa có hồ sơ nào mở cho đồng chí")).to_be_visible()


def test_a_head_breaks_the_glass_and_the_officer_judges_it(signed_in: Opened) -> None:
    root = make_unit(name="Ban Tổ chức")
    cell = make_cell(parent=root, name="Chi bộ Hai", code="CB2")
    head = make_officer("unit_head", unit=make_unit(parent=root), full_name="Trần Thủ Trưởng")
    officer = make_officer("security_officer", unit=root)
    member = make_member("Phạm Văn Trực", unit=cell)

    page = signed_in(head, "/access/emergency/mine/")
    page.get_by_label("Đơn vị, gồm cả cấp dưới").press_sequentially("chi bo hai")
    page.get_by_label(re.compile("Chi bộ Hai")).check()
    page.get_by_label("Cần đọc gì").select_option("records.view")
    page.get_by_label("Diễn biến").fill("gấp quá")
    page.get_by_role("button", name="Mở khẩn cấp").click()
    # The browser itself refuses a reason of a few letters; nothing was sent.
    assert not EmergencyAccess.objects.exists()
    page.get_by_label("Diễn biến").fill(WHY)
    page.get_by_role("button", name="Mở khẩn cấp").click()
    bar = page.locator(".glass")
    expect(bar).to_contain_text("Truy cập khẩn cấp vào Chi bộ Hai")
    page.goto(page.url.split("/access/")[0] + f"/records/members/{member.pk}/")
    expect(page.get_by_role("heading", name="Phạm Văn Trực")).to_be_visible()
    expect(page.get_by_role("link", name="Sửa")).to_have_count(0)
    expect(bar).to_be_visible()
    bar.get_by_role("button", name="Kết thúc ngay").click()
    expect(page.locator(".glass")).to_have_count(0)
    expect(page.get_by_text("chờ xem xét")).to_be_visible()

    page = signed_in(officer, "/access/emergency/")
    expect(page.get_by_role("link", name="Truy cập khẩn cấp (1)")).to_be_visible()
    page.get_by_role("link", name="Trần Thủ Trưởng").click()
    expect(page.get_by_text(WHY)).to_be_visible()
    expect(page.get_by_text(f"Hồ sơ đảng viên {member.pk}")).to_be_visible()
    page.get_by_label("không chính đáng").check()
    page.get_by_role("button", name="Ghi kết luận").click()
    expect(page.get_by_text("Cần nói vì sao không chính đáng.")).to_be_visible()
    page.get_by_label("Ghi chú").fill("Có thể chờ đến giờ làm việc")
    page.get_by_role("button", name="Ghi kết luận").click()
    expect(page.get_by_text("Không có gì cần xem xét")).to_be_visible()
    expect(page.get_by_text("Không chính đáng (1)")).to_be_visible()
    assert EmergencyAccess.objects.get().verdict == "unjustified"
    assert AuditEvent.objects.filter(action="emergency.reviewed", actor_id=officer.pk).exists()
