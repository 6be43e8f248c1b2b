"""What every page owes a reader who cannot see it or has no mouse, checked in its HTML."""

from __future__ import annotations

from collections import Counter
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.urls import reverse

from campaign.models import Campaign, Task
from security.models import User
from tests.dashboard.conftest import signed_in_as

FIELDS = {"input", "select", "textarea"}
NAMELESS = {"hidden", "submit", "button"}


class Page(HTMLParser):
    """Collects what the checks below ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.labels: set[str] = set()
        self.fields: list[dict[str, str]] = []
        self.referred: set[str] = set()
        self.pictures: list[dict[str, str]] = []
        self.words: dict[str, list[str]] = {
            "h1": [],
            "a": [],
            "button": [],
            "th": [],
            "summary": [],
        }
        self.open: list[tuple[str, list[str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = {name: value or "" for name, value in attrs}
        if "id" in said:
            self.ids[said["id"]] += 1
        for name in ("aria-describedby", "aria-labelledby"):
            self.referred |= set(said.get(name, "").split())
        if tag == "label":
            self.labels.add(said.get("for", ""))
        if tag in FIELDS and said.get("type") not in NAMELESS:
            self.fields.append(said)
        if tag == "img":
            self.pictures.append(said)
        if tag in self.words:
            self.open.append((tag, [said.get("aria-label", "")]))

    def handle_data(self, data: str) -> None:
        for _tag, words in self.open:
            words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1][0] == tag:
            self.words[tag].append("".join(self.open.pop()[1]).strip())


def faults(html: str) -> list[str]:
    """What is wrong with a page, in words; empty if nothing was found."""
    page = Page(html)
    found = [f"id {one} twice" for one, times in page.ids.items() if times > 1]
    found += [f"refers to {one}, which is absent" for one in page.referred - page.ids.keys()]
    found += [
        f"field without a label: {field.get('name')}"
        for field in page.fields
        if field.get("id") not in page.labels and not field.get("aria-label")
    ]
    found += ["picture without alt" for picture in page.pictures if "alt" not in picture]
    for tag in ("a", "button", "th", "summary"):
        found += [f"<{tag}> without words" for words in page.words[tag] if not words]
    if len(page.words["h1"]) != 1:
        found.append(f"{len(page.words['h1'])} headings of the first order")
    return found


def test_the_check_finds_what_it_should() -> None:
    bad = '<h1>a</h1><input name="x"><a href="#"></a><img src="/a"><p id="i"></p><p id="i"></p>'
    assert len(faults(bad)) == 4
    assert faults('<h1>a</h1><label for="x">b</label><input id="x">') == []


@pytest.mark.django_db
def test_the_sign_in_page_is_accessible(client: Client) -> None:
    assert faults(client.get(reverse("account_login")).content.decode()) == []


PAGES = [
    ("truongban", "board"),
    ("truongban", "campaign:task_list"),
    ("truongban", "campaign:product_list"),
    ("vanphong", "campaign:task_list"),
    ("vanphong", "campaign:views"),
    ("vanphong", "campaign:campaigns"),
    ("chuyenvien", "home"),
    ("sohoa", "digitization:home"),
    ("sohoa", "digitization:search"),
    ("hoso", "digitization:programme_new"),
    ("hoso", "digitization:exports"),
    ("kiemtra", "digitization:exports"),
    ("hoso", "records:member_list"),
    ("hoso", "records:cadre_list"),
    ("chuyenvien", "account_home"),
    ("chuyenvien", "account_sessions"),
    ("chuyenvien", "account_change_password"),
    ("quantri", "security:people"),
    ("quantri", "security:roles"),
    ("quantri", "installation_state"),
    ("quantri", "damaged_files"),
    ("anninh", "security:trail"),
    ("anninh", "security:trail_unusual"),
    ("anninh", "security:trail_export"),
    ("anninh", "security:classifications"),
    ("anninh", "security:approvals"),
    ("hoso", "security:classifications"),
]


@pytest.mark.parametrize(("name", "page"), PAGES)
def test_pages_are_accessible(campaign: Campaign, name: str, page: str) -> None:
    answer = signed_in_as(name).get(reverse(page))
    assert answer.status_code == 200
    assert faults(answer.content.decode()) == []


@pytest.mark.parametrize("name", ["truongban", "vanphong", "chuyenvien"])
def test_a_task_is_accessible_to_who_decides_and_who_reports(campaign: Campaign, name: str) -> None:
    rows = Task.objects.visible_to(User.objects.get(username=name))
    found = [rows.filter(light=light).first() for light in ("red", "yellow", "done")]
    tasks = [task for task in found if task is not None]
    assert len(tasks) >= 2
    for task in tasks:
        answer = signed_in_as(name).get(reverse("campaign:task_detail", args=[task.pk]))
        assert faults(answer.content.decode()) == [], task.code
