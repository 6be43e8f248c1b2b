"""The whole life of a high role in a browser: asked for, approved, used, expired."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import BrowserContext, Page, expect

from security.models import AuditEvent, RoleGrant, User
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.browser]
SignedIn = Callable[..., Page]


@pytest.fixture
def people() -> dict[str, User]:
    unit = make_unit(code="GOC", name="Ban Tổ chức")
    return {
        "admin": make_officer("administrator", unit=unit),
        "officer": make_officer("security_officer", unit=unit),
        "person": make_user(unit=unit, full_name="Nguyễn Văn Được"),
    }


def test_a_high_role_from_request_to_expiry(
    people: dict[str, User], signed_in: SignedIn, context: BrowserContext
) -> None:
    person = people["person"]
    # The administrator asks.
    page = signed_in(people["admin"], f"/access/people/{person.pk}/")
    page.get_by_label("Vai trò", exact=True).select_option("head")
    page.get_by_label("Lý do", exact=True).fill("Quyết định 112")
    page.get_by_role("button", name="Giao vai trò này").click()
    expect(page.get_by_text("chờ phê duyệt", exact=True)).to_be_visible()
    assert not RoleGrant.objects.filter(user=person).exists()
    page.goto(page.url.split("/access/")[0] + "/access/requests/")
    expect(page.get_by_role("button", name="Phê duyệt")).to_have_count(0)
    # The person sees nothing yet.
    page = signed_in(person, "/board/")
    expect(page.get_by_role("link", name="Bảng điều hành")).to_have_count(0)
    # The officer finds it from the navigation and approves.
    page = signed_in(people["officer"], "/")
    page.get_by_role("navigation", name="Điều hướng chính").get_by_role(
        "link", name="Phân quyền"
    ).click()
    page.get_by_role("button", name="Phê duyệt").click()
    expect(page.get_by_text("Không có gì chờ quyết định")).to_be_visible()
    # The person opens the board.
    page = signed_in(person, "/board/")
    assert page.locator("h1").count() == 1
    expect(page.locator(".topnav [aria-current]")).to_be_visible()
    page.goto(page.url.replace("/board/", "/access/my-roles/"))
    expect(page.get_by_text("còn hiệu lực").or_(page.get_by_text("đang hiệu lực"))).to_be_visible()
    # It runs out while the page is open: the next click is refused.
    RoleGrant.objects.filter(user=person).update(valid_to=timezone.now())
    answer = page.goto(page.url.replace("/access/my-roles/", "/board/"))
    assert answer is not None
    assert answer.status == 404 or "/accounts/login" in page.url
    assert list(
        AuditEvent.objects.filter(action__startswith="role.", actor_id__isnull=False)
        .order_by("id")
        .values_list("action", flat=True)
    ) == ["role.requested", "role.granted", "role.approved"]


def test_a_leader_on_leave_passes_on_his_role_with_a_few_letters(
    people: dict[str, User], signed_in: SignedIn
) -> None:
    boss = make_user(unit=people["admin"].unit, full_name="Vụ trưởng")
    grant_role(boss, "unit_head")
    page = signed_in(boss, "/access/my-roles/", width=390, height=844)
    page.get_by_label("Ủy quyền cho").press_sequentially("duoc", delay=20)
    page.get_by_role("radio", name="Nguyễn Văn Được").check()
    last = timezone.localdate() + timedelta(days=3)
    page.get_by_label("Đến hết ngày").fill(last.isoformat())
    page.get_by_label("Lý do", exact=True).fill("Nghỉ phép")
    page.get_by_role("button", name="Ủy quyền", exact=True).click()
    row = page.get_by_role("row", name="Nguyễn Văn Được")
    expect(row).to_contain_text(f"{last:%d/%m/%Y}")
    assert people["person"].role_grants.in_force(timezone.now()).exists()
    row.get_by_text("Thu hồi", exact=True).click()
    row.get_by_role("button", name="Thu hồi ngay").click()
    expect(page.get_by_text("Đã kết thúc ủy quyền")).to_be_visible()
    assert not people["person"].role_grants.in_force(timezone.now()).exists()
