"""As each role through every page in a real browser: no link and no button leads to a refusal.

Links are followed, two of each kind (same view, same names of parameters). Every form is filled
with something plausible and sent; a middleware undoes what it did and counts denials on the trail.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve
from django.utils import timezone
from playwright.sync_api import APIResponse, BrowserContext, Error, Page, Response
from pytest_django.live_server_helper import LiveServer

from config.demo.accounts import everybody
from config.demo.build import build
from records.services import load_code_lists
from security.models import Role, User
from security.services import load_roles

pytestmark = [pytest.mark.browser, pytest.mark.long, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
OF_A_KIND = 2
PAGES_AT_MOST = 150
# Leaving, and proving oneself (a wrong password is a denial), are tested elsewhere.
NOT_PRESSED = {"account_logout", "account_reauthenticate", "set_language"}
FORMS = """() => {
  const pick = (one) => {
    if (one.tagName === 'SELECT') {
      const real = [...one.options].find((o) => o.value && !o.disabled);
      if (!one.value && real) one.value = real.value;
    } else if (one.type === 'radio') {
      if (!document.querySelector(`[name="${one.name}"]:checked`)) one.checked = true;
    } else if (one.type === 'checkbox') {
      if (one.required) one.checked = true;
    } else if (!one.value && one.required && one.type !== 'file' && one.type !== 'hidden') {
      const soon = new Date(Date.now() + 20 * 864e5).toISOString();
      one.value = {date: soon.slice(0, 10), number: one.min || '1', month: soon.slice(0, 7),
        'datetime-local': soon.slice(0, 16)}[one.type] || 'Lý do đủ dài để được nhận';
    }
  };
  const forms = [...document.querySelectorAll('form')]
    .filter((form) => form.method === 'post' || form.hasAttribute('hx-post'))
    .filter((form) => form.querySelector('button:not([type=button])') || form.hasAttribute('hx-trigger'));
  return forms.map((form) => {
    [...form.elements].filter((one) => one.name).forEach(pick);
    const press = form.querySelector('button[name][value]');
    const data = Object.fromEntries([...new FormData(form)].filter(([, v]) => typeof v === 'string'));
    if (press) data[press.name] = press.value;
    return [form.getAttribute('hx-post') || form.getAttribute('action') || location.href, data];
  });
}"""


@pytest.fixture
def live_server(transactional_db: None, settings: Any) -> Iterator[LiveServer]:
    """A server of this test's own: the shared one has read its middleware already."""
    settings.MIDDLEWARE = ["tests.dashboard.dry_run.DryRunMiddleware", *settings.MIDDLEWARE]
    server = LiveServer("localhost")
    yield server
    server.stop()


@dataclass
class Walk:
    """What one person found on his way."""

    seen: dict[tuple[str, ...], int] = field(default_factory=dict)
    sent: set[tuple[str, ...]] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)
    pages: int = 0
    forms: int = 0

    def is_new(self, url: str) -> bool:
        kind = kind_of(url)
        self.seen[kind] = self.seen.get(kind, 0) + 1
        return self.seen[kind] <= OF_A_KIND


def kind_of(url: str) -> tuple[str, ...]:
    """('campaign:task_list', 'light'): view and names of parameters."""
    parts = urlsplit(url)
    return (view_of(url), *sorted(parse_qs(parts.query)))


def view_of(url: str) -> str:
    try:
        return resolve(urlsplit(url).path).view_name
    except Resolver404:
        return urlsplit(url).path


def walk_as(user: User, home: str, open_page: OpenPage) -> Walk:
    page, walk, todo = open_page(user, "/"), Walk(), ["/"]
    page.on(
        "console",
        lambda said: (
            walk.faults.append(f"{page.url}: {said.text}") if said.type == "error" else None
        ),
    )
    while todo and walk.pages < PAGES_AT_MOST:
        address = todo.pop(0)
        answer = opened(page, urljoin(home, address))
        walk.pages += 1
        denied = answer.headers.get("x-denied") if answer else "no answer"
        if answer is None or answer.status != 200 or denied != "0":
            walk.faults.append(f"{address}: {answer and answer.status}, denied {denied}")
            continue
        # Read as written: the link of a bar in a drawing has no address as a plain text.
        hrefs = page.eval_on_selector_all(
            "a[href]", "all => all.map(a => new URL(a.getAttribute('href'), a.baseURI).href)"
        )
        todo += [
            urlsplit(url)._replace(scheme="", netloc="", fragment="").geturl()
            for url in hrefs
            if url.startswith(home) and walk.is_new(url)
        ]
        press_all(page, home, walk)
    page.close()
    return walk


def opened(page: Page, url: str) -> Response | APIResponse | None:
    """What the address answers. A file, which a browser keeps rather than shows, is only asked for."""
    try:
        return page.goto(url)
    except Error as error:
        if "Download is starting" not in error.message:
            raise
        return page.context.request.get(url)


def press_all(page: Page, home: str, walk: Walk) -> None:
    """Send each form of the page once for each kind of address and set of fields."""
    found: list[tuple[str, dict[str, Any]]] = page.evaluate(FORMS)
    for action, data in found:
        url = urljoin(page.url, action)
        kind = (view_of(page.url), *kind_of(url), *sorted(data))
        if view_of(url) in NOT_PRESSED or kind in walk.sent:
            continue
        walk.sent.add(kind)
        walk.forms += 1
        answer = page.context.request.post(url, form=data, max_redirects=0)
        denied = answer.headers.get("x-denied")
        if answer.status not in {200, 204, 302, 303, 400, 422} or denied != "0":
            walk.faults.append(
                f"{page.url.removeprefix(home)} → {url.removeprefix(home)}: "
                f"{answer.status}, denied {denied}, {sorted(data)}"
            )


def test_no_link_and_no_button_leads_to_a_refusal(
    signed_in: OpenPage, context: BrowserContext, live_server: LiveServer
) -> None:
    load_roles()
    Role.objects.update(mfa_required=False)
    load_code_lists()
    build(now=timezone.now())
    faults, walked = [], {}
    for username in sorted({person["username"] for person in everybody()} & SIGN_INS):
        walk = walk_as(User.objects.get(username=username), live_server.url, signed_in)
        faults += [f"{username}: {fault}" for fault in walk.faults]
        walked[username] = (walk.pages, walk.forms)
        context.clear_cookies()
    assert not faults, "\n".join(faults)
    assert walked.keys() == SIGN_INS
    assert all(pages > 2 for pages, _forms in walked.values()), walked


SIGN_INS = {
    "truongban", "photruong", "vanphong", "donvi", "chuyenvien", "sohoa", "kiemtra", "hoso",
    "chibo", "dangvien", "anninh", "quantri",
}  # fmt: skip
