"""A day of several people in a browser, told by the trail: sentences, no codes; sealed, verified.

Then one byte of one row is changed by whoever owns the database, and the row is named.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from campaign.models import Task
from digitization.models import Page as ScanPage
from records.models import Member
from security.models import AuditEvent, Unit, User
from tests.campaign.make import make_campaign, make_task, owner_of
from tests.dashboard.test_journeys import serious
from tests.digitization.make import Room, make_room, scan
from tests.digitization.screens import read_page
from tests.records.make import make_member
from tests.security.make import grant_role, make_unit, make_user
from tests.security.seals import forge, seal_all, sealing, settled, verified

OpenPage = Callable[..., Page]
PASSWORD = "a long enough phrase"
# Event names, tables, roles, view names: nothing of it is for readers.
RAW = re.compile(
    r"\b(?:task|page|role|lot|dossier|file|member|index|trail|signin|session|mfa|user|unit)\."
    r"[a-z_]+\b"
    r"|\b(?:campaign|records|digitization|security|usersessions)\.[a-z]+\b"
    r"|\bterm [0-9a-f]{8}|\b[0-9a-f]{32,}\b|\bon behalf of\b|\w+ @ \w+"
)


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user


def sign_in(page: Page, server: LiveServer, user: User, password: str = PASSWORD) -> None:
    page.goto(server.url + "/")
    page.fill("#id_login", user.username)
    page.fill("#id_password", password)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def sign_out(page: Page) -> None:
    page.locator(".who > summary").click()
    with page.expect_navigation():
        page.locator(".who-menu form[action*=logout] button").click()


class House:
    """One organisation with its people, a running task, a lot with a page that was read."""

    def __init__(self) -> None:
        self.top = make_unit(name="Cơ quan Đảng ủy")
        unit = make_unit(name="Đảng bộ xã Bến Đá", parent=self.top)
        self.unit = unit
        self.room: Room = make_room(unit=unit)
        self.scanned: ScanPage = read_page(self.room)
        campaign = make_campaign(unit=self.top, start=timezone.localdate() - timedelta(days=3))
        self.head = self.person("Trần Quốc Bảo", "head", self.top)
        self.task: Task = make_task(campaign=campaign, title="Rà soát hồ sơ")
        self.owner: User = with_password(owner_of(self.task))
        self.keeper = self.person("Lê Thị Hồ Sơ", "keeper", unit)
        self.member: Member = make_member("Nguyễn Văn Ân", unit=unit)
        self.elsewhere: Member = make_member("Người Nơi Khác", unit=make_unit())
        self.operator = with_password(self.room.operator)
        self.officer = self.person("Phạm Bảo Mật", "security_officer", self.top)

    def person(self, name: str, role: str, unit: Unit) -> User:
        user = with_password(make_user(unit=unit, full_name=name))
        grant_role(user, role)
        return user


@pytest.fixture
def house(sealing: Path) -> House:
    return House()


def the_head(page: Page, server: LiveServer, house: House) -> None:
    sign_in(page, server, house.head, "a wrong phrase altogether")
    sign_in(page, server, house.head)
    expect(page.locator("h1")).to_be_visible()
    page.goto(f"{server.url}/tasks/")
    page.goto(f"{server.url}/tasks/{house.task.pk}/")
    expect(page.locator("h1")).to_contain_text(house.task.title)
    page.goto(f"{server.url}/access/trail/")  # not his
    sign_out(page)


def the_owner(page: Page, server: LiveServer, house: House) -> None:
    sign_in(page, server, house.owner)
    page.get_by_role("link", name="Báo cáo tiến độ").first.click()
    page.fill("#report [name=percent]", "65")
    page.fill("#report [name=note]", "Xong 5 trên 7 quy trình")
    page.locator("#report button").click()
    expect(page.locator("#task")).to_contain_text("65%")
    sign_out(page)


def the_operator(page: Page, server: LiveServer, house: House, folder: Path) -> None:
    sign_in(page, server, house.operator)
    file = folder / "a.png"
    file.write_bytes(scan())
    page.goto(f"{server.url}/digitization/")
    page.fill("#id_code", "HS-TRUYEN-1")
    page.set_input_files("#id_files", [file])
    page.click("form[data-upload] button[type=submit]")
    expect(page.locator("[data-upload-rows] li a")).to_have_count(1)
    page.goto(f"{server.url}/digitization/search/?q=chi+bo")
    page.goto(f"{server.url}/digitization/pages/{house.scanned.pk}/?line=0")
    page.fill("#id_value", "Lê Thị Hường")
    page.keyboard.press("Enter")
    expect(page.locator("#line-0")).to_have_text("Lê Thị Hường")
    sign_out(page)


def the_keeper(page: Page, server: LiveServer, house: House) -> None:
    sign_in(page, server, house.keeper)
    page.goto(f"{server.url}/records/members/{house.member.pk}/edit/")
    page.fill("[name=joined_cell]", "Chi bộ Một")
    for name, words in (("reason", "Đính chính"), ("basis", "01-QĐ/CB")):
        page.fill(f"[name={name}]", words)
    with page.expect_navigation():
        page.locator("form.form button.btn-primary").click()
    page.goto(f"{server.url}/records/members/{house.elsewhere.pk}/")  # of another unit
    sign_out(page)


def the_officer(page: Page, server: LiveServer, house: House) -> None:
    sign_in(page, server, house.officer)
    page.goto(f"{server.url}/access/trail/export/")
    page.fill("#reason", "Thanh tra quý IV")
    with page.expect_download() as download:
        page.locator("form.form button[type=submit]").click()
    assert Path(download.value.path()).stat().st_size > 100


def story_of(page: Page, server: LiveServer, user: User) -> str:
    page.goto(f"{server.url}/access/trail/by/{user.pk}/")
    expect(page.locator("h1")).to_contain_text(user.full_name)
    return "\n".join(page.locator(".history li").all_inner_texts())


def without_codes(text: str) -> None:
    assert RAW.findall(text) == []
    assert "Rà soát hồ sơ" not in text  # numbers, not titles
    assert "Nguyễn Văn Ân" not in text


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_day_reads_like_a_story_and_verifies(
    page: Page, live_server: LiveServer, house: House, tmp_path: Path
) -> None:
    page.set_default_timeout(15_000)
    the_head(page, live_server, house)
    the_owner(page, live_server, house)
    the_operator(page, live_server, house, tmp_path)
    the_keeper(page, live_server, house)
    the_officer(page, live_server, house)
    stories = {
        user: story_of(page, live_server, user)
        for user in (house.head, house.owner, house.operator, house.keeper)
    }
    for story in stories.values():
        without_codes(story)
        assert "đăng nhập" in story.lower()
        assert "đăng xuất" in story.lower()
    for user, words in {
        house.head: ("Từ chối", "xem bảng", f"Nhiệm vụ {house.task.pk}"),
        house.owner: ("báo cáo tiến độ",),
        house.operator: ("nhận tệp", "không lưu từ đã tìm", f"Trang {house.scanned.pk}"),
        house.keeper: ("Từ chối", "Đính chính", str(house.elsewhere.pk)),
    }.items():
        for one in words:
            assert one.lower() in stories[user].lower(), (one, stories[user])
    settled()
    seal_all()
    code, found = verified()
    assert code == 0, found
    corrected = AuditEvent.objects.get(action="page.corrected")
    forge(
        "UPDATE security_auditevent SET object_id = overlay(object_id PLACING '9' FROM 1)"
        " WHERE id = %s",
        corrected.pk,
    )
    code, found = verified()
    assert code == 10
    assert f"row {corrected.pk} (" in found
    assert "page.corrected) is not as checkpoint" in found


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("width", [1440, 390])
def test_the_trails_pages_have_no_serious_fault(
    signed_in: OpenPage, live_server: LiveServer, house: House, width: int
) -> None:
    page = signed_in(house.officer, "/access/trail/", width=width)
    paths = (
        "/access/trail/",
        "/access/trail/?denied=1&who=zzz",
        "/access/trail/unusual/",
        "/access/trail/export/",
        f"/access/trail/by/{house.officer.pk}/",
        f"/access/trail/of/records.member/{house.member.pk}/",
    )
    for path in paths:
        answer = page.goto(live_server.url + path)
        assert answer is not None
        assert answer.status == 200, path
        assert serious(page) == [], path
        wider: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wider <= 0, path


__all__ = ["sealing"]
