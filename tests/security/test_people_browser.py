"""An administrator adds a person and hands over a link; a head reviews roles on his phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from security.models import RoleGrant, Unit, User
from security.services import open_review
from tests.dashboard.test_journeys import overflow, serious
from tests.security.make import make_officer, make_unit, make_user

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OpenPage = Callable[..., Page]


def test_an_administrator_adds_a_person_and_sees_the_link_once(signed_in: OpenPage) -> None:
    admin = make_officer("administrator", full_name="Đinh Quang Huy")
    make_unit(parent=admin.unit, code="TC1", name="Vụ Tổ chức Một")
    make_unit(parent=admin.unit, code="TC2", name="Vụ Tổ chức Hai")
    page = signed_in(admin, reverse("security:people"))
    page.locator(f'a[href="{reverse("security:person_new")}"]').click()
    page.fill("#id_full_name", "Lê Văn Bảy")
    page.fill("#id_username", "levanbay")
    page.locator("#id_unit").press_sequentially("vu to chuc")
    page.locator('input[name="unit_pick"][value="TC2"]').check()
    page.locator("form.form button[type=submit]").click()
    link = page.locator("#invitation-link")
    expect(link).to_have_value(re.compile(r"^http.+/[\w-]{20,}/?$"))
    made = link.input_value()
    person = User.objects.get(username="levanbay")
    assert person.unit == Unit.objects.get(code="TC2")
    assert overflow(page) == 0
    page.goto(page.url.split("/access/")[0] + reverse("security:person", args=[person.pk]))
    expect(page.locator("h1")).to_have_text("Lê Văn Bảy")
    assert made not in page.content()


def test_the_tree_opens_a_level_by_click_and_by_key(signed_in: OpenPage) -> None:
    admin = make_officer("administrator")
    one = make_unit(parent=admin.unit, name="Vụ Một")
    make_unit(parent=one, name="Phòng Dưới")
    page = signed_in(admin, reverse("security:units"))
    page.locator("summary", has_text="Vụ Một").focus()
    page.keyboard.press("Enter")
    expect(page.locator("b", has_text="Phòng Dưới")).to_be_visible()


def test_a_head_reviews_roles_on_a_phone_by_key(signed_in: OpenPage) -> None:
    root = make_unit()
    officer = make_officer("security_officer", unit=root)
    office = make_unit(parent=root)
    head = make_officer("unit_head", unit=office, full_name="Zũng")
    stays = make_officer("unit_staff", unit=office, full_name="An")
    leaves = make_officer("unit_staff", unit=office, full_name="Bình")
    now = timezone.now()
    review = open_review(
        actor=officer,
        title="Rà soát quý IV",
        unit=root,
        due_on=timezone.localdate(now) + timedelta(days=7),
        now=now,
    )
    page = signed_in(head, reverse("security:review", args=[review.pk]), width=390, height=844)
    assert overflow(page) == 0
    kept, ended = review.items.get(holder=stays), review.items.get(holder=leaves)
    row = page.locator(f"#item-{kept.pk}")
    row.locator('button[value="keep"]').focus()
    page.keyboard.press("Enter")
    expect(row.locator(".tag-green")).to_be_visible()
    # The row keeps the focus: Tab goes on to the next one, not back to the top of the page.
    there = "id => document.activeElement.closest('.review-item')?.id === id"
    page.wait_for_function(there, arg=f"item-{kept.pk}")
    page.keyboard.press("Tab")
    page.wait_for_function(there, arg=f"item-{ended.pk}")
    last = page.locator(f"#item-{ended.pk}")
    last.locator("input[name=note]").fill("Đã chuyển đi")
    last.locator('button[value="end"]').click()
    expect(last.locator(".tag-red")).to_be_visible()
    assert not RoleGrant.objects.in_force(timezone.now()).filter(user=leaves).exists()
    assert RoleGrant.objects.in_force(timezone.now()).filter(user=stays).exists()
    own = page.locator(f"#item-{review.items.get(holder=head).pk}")
    expect(own.locator("button")).to_have_count(0)
    assert overflow(page) == 0


@pytest.mark.parametrize("width", [1440, 390])
def test_the_pages_have_no_serious_findings_and_fit(signed_in: OpenPage, width: int) -> None:
    admin = make_officer("administrator")
    person = make_user(unit=make_unit(parent=admin.unit, code="MOT"))
    below = make_unit(parent=person.unit)
    make_unit(parent=admin.unit, code="HAI")
    officer = make_officer("security_officer", unit=admin.unit)
    now = timezone.now()
    review = open_review(
        actor=officer, title="Rà soát", unit=admin.unit, due_on=timezone.localdate(now), now=now
    )
    moved = reverse("security:unit_move", args=[below.pk]) + "?parent=HAI"
    addresses = {
        admin: [
            reverse("security:people"),
            reverse("security:person_new"),
            reverse("security:person", args=[person.pk]),
            reverse("security:person_edit", args=[person.pk]),
            reverse("security:units"),
            reverse("security:unit", args=[person.unit_id]),
            reverse("security:unit_dissolve", args=[below.pk]),
            moved,
        ],
        officer: [
            reverse("security:clearances"),
            reverse("security:person_clearance", args=[person.pk]),
            reverse("security:reviews"),
            reverse("security:review_new"),
            reverse("security:review", args=[review.pk]),
            reverse("security:review_report", args=[review.pk]),
        ],
    }
    for user, pages in addresses.items():
        page = signed_in(user, pages[0], width=width, height=844)
        base = page.url.split("/access/")[0]
        for address in pages:
            page.goto(base + address)
            assert serious(page) == [], address
            assert overflow(page) == 0, address
