"""A first visit must stay under 250 kB on the wire: offices share thin lines."""

import gzip
import re

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from campaign.models import Campaign
from security.models import User

LIMIT = 250_000
REFERENCE = re.compile(r"(?:href|src)=\"/static/([^\"?]+)\"")
STYLE_URL = re.compile(r"url\(\"?\.\./([^\")]+)\"?\)")


def transferred(html: bytes) -> dict[str, int]:
    """Bytes on the wire by file: the page and everything it refers to, each once.

    Static files are gzipped, pages are not (a compressed page with a secret in it can be guessed
    from its length). Fonts count in full although a browser fetches only the subsets it needs.
    """
    names = set(REFERENCE.findall(html.decode()))
    for sheet in [name for name in names if name.startswith("css/")]:
        names |= set(STYLE_URL.findall(static_file(sheet).decode()))
    sizes = {name: on_the_wire(name, static_file(name)) for name in names}
    return {"page": len(html), **sizes}


def static_file(name: str) -> bytes:
    path = finders.find(name)
    assert path, name
    with open(path, "rb") as file:  # noqa: PTH123
        return file.read()


def on_the_wire(name: str, data: bytes) -> int:
    return len(data) if name.endswith(".woff2") else len(gzip.compress(data, 6))


@pytest.mark.django_db
def test_first_visit_to_the_sign_in_page_is_light(client: Client) -> None:
    sizes = transferred(client.get(reverse("account_login")).content)
    assert any(name.endswith("tabler.min.css") for name in sizes)
    assert any(name.endswith("vietnamese-600-normal.woff2") for name in sizes)
    assert sum(sizes.values()) < LIMIT, sizes


def test_first_visit_to_the_board_of_a_running_campaign_is_light(
    campaign: Campaign, client: Client
) -> None:
    client.force_login(User.objects.get(username="truongban"))
    page = client.get(reverse("board"))
    assert page.content.count(b'class="ledger-title"') >= 5
    sizes = transferred(page.content)
    assert sum(sizes.values()) < LIMIT, sizes


def test_a_refresh_that_changes_nothing_is_under_a_kilobyte(
    campaign: Campaign, client: Client
) -> None:
    for username, path in (("truongban", "/board/"), ("truongban", "/board/wall/"), ("donvi", "/")):
        client.force_login(User.objects.get(username=username))
        etag = client.get(path).headers["ETag"]
        headers = {"hx-request": "true", "if-none-match": etag, "x-refresh": "1"}
        again = client.get(path, headers=headers)
        assert again.status_code == 204
        sent = len(again.content) + sum(len(f"{k}: {v}\r\n") for k, v in again.headers.items())
        assert sent < 1000, (path, sent)


def test_first_visits_to_the_wall_and_a_units_board_are_light(
    campaign: Campaign, client: Client
) -> None:
    for username, path in (("truongban", "/board/wall/"), ("donvi", "/")):
        client.force_login(User.objects.get(username=username))
        sizes = transferred(client.get(path).content)
        assert sum(sizes.values()) < LIMIT, (path, sizes)
