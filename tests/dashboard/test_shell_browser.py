"""The frame in a real browser, under the real content policy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from dashboard import context
from security.models import User
from tests.security.make import make_officer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
NOWHERE = "/no/such/page/"  # answered in the frame, whatever pages exist
REGION = """
    const region = document.createElement("div");
    Object.assign(region, {id: "live", textContent: "kept"});
    for (const [name, value] of Object.entries({
        "data-refresh": "1", "hx-get": "/live/", "hx-trigger": "refresh", "hx-swap": "innerHTML",
    })) region.setAttribute(name, value);
    document.querySelector("main").append(region);
    htmx.process(region);
"""


@pytest.fixture(autouse=True)
def _ask_again() -> Iterator[None]:
    context.forget_demo()
    yield
    context.forget_demo()


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: refused by the policy, not found, broken script."""
    heard: list[str] = []
    page.on("console", lambda m: heard.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard


def officer_with_password(role: str, password: str) -> User:
    user = make_officer(role)
    user.set_password(password)
    user.save()
    return user


@pytest.mark.parametrize("width", [1440, 390])
def test_signing_in_needs_only_the_keyboard(
    page: Page, live_server: LiveServer, complaints: list[str], width: int
) -> None:
    user = officer_with_password("member", "a long enough phrase")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(f"{live_server.url}/accounts/login/")
    assert overflow(page) == 0
    page.keyboard.type(user.username)
    page.keyboard.press("Tab")
    page.keyboard.type("a long enough phrase")
    page.keyboard.press("Enter")
    expect(page.locator(".who-name")).to_have_text(user.full_name)
    assert [line for line in complaints if "404" not in line] == []


def test_the_menu_changes_the_language_and_closes_with_escape(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("head"), NOWHERE)
    page.locator(".who > summary").click()
    expect(page.locator(".who-menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".who-menu")).to_be_hidden()
    page.locator(".who > summary").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")


def test_on_a_phone_the_navigation_is_under_the_thumb(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("office"), NOWHERE, width=390, height=844)
    expect(page.locator(".topnav")).to_be_hidden()
    bar = page.locator(".thumbbar").bounding_box()
    assert bar is not None
    assert round(bar["y"] + bar["height"]) == 844
    assert min(box["height"] for box in boxes(page, ".thumbbar > a")) >= 44
    assert overflow(page) == 0


def test_the_first_tab_stop_leads_past_the_navigation(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("office"), NOWHERE)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'content'")


def test_when_the_line_breaks_the_data_stay_and_say_so(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("head"), NOWHERE)
    page.route("**/live/", lambda route: route.abort())
    page.evaluate(REGION)
    expect(page.locator("[data-stale]")).to_be_visible(timeout=8000)
    expect(page.locator("#live")).to_have_text("kept")
    page.unroute("**/live/")
    page.route("**/live/", answer("fresh"))
    expect(page.locator("#live")).to_have_text("fresh", timeout=8000)
    expect(page.locator("[data-stale]")).to_be_hidden()


HALF_WRITTEN = """
    <div id="live" data-refresh="1" hx-get="/live/" hx-trigger="refresh" hx-swap="morph:outerHTML">
      <b>{moment}</b>
      <details><summary>More</summary><input name="a" value="server"><input name="b" value="{moment}">
      <select name="c"><option>x</option><option>y</option></select></details>
    </div>
"""


def test_a_refresh_keeps_what_was_opened_and_begun(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("head"), NOWHERE)
    page.route("**/live/", answer(HALF_WRITTEN.format(moment="later")))
    page.evaluate(
        "html => { document.querySelector('main').innerHTML = html; htmx.process(document.body); }",
        HALF_WRITTEN.format(moment="now"),
    )
    page.locator("summary", has_text="More").click()
    page.locator("input[name=a]").fill("half a senten")
    page.locator("select[name=c]").select_option("y")
    page.locator("h1, b").first.click()
    page.evaluate("document.activeElement.blur()")
    expect(page.locator("#live b")).to_have_text("later", timeout=8000)
    expect(page.locator("input[name=a]")).to_be_visible()
    expect(page.locator("input[name=a]")).to_have_value("half a senten")
    expect(page.locator("input[name=b]")).to_have_value("later")
    expect(page.locator("select[name=c]")).to_have_value("y")


def test_nothing_is_asked_while_paused(signed_in: OpenPage) -> None:
    asked: list[str] = []

    def count(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=204)

    page = signed_in(make_officer("head"), NOWHERE)
    page.route("**/live/", count)
    page.evaluate("sessionStorage.setItem('sauro-paused', '1')")
    page.evaluate(REGION)
    page.wait_for_timeout(3000)
    assert asked == []
    page.evaluate("sessionStorage.setItem('sauro-paused', '0')")
    page.wait_for_timeout(3000)
    assert asked


def test_a_session_that_ended_leads_to_the_sign_in_page(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("head"), NOWHERE)
    page.evaluate(REGION.replace("/live/", "/accounts/logout/"))
    page.context.clear_cookies()
    page.wait_for_url("**/accounts/login/?next=*", timeout=8000)
    assert "no%2Fsuch%2Fpage" in page.url


UPLOAD = """() => {
    document.querySelector("main").innerHTML = `
        <form action="/taken/" method="post" data-upload>
          <input type="hidden" name="code" value="HS-1">
          <div class="drop"><input type="file" name="files" multiple></div>
          <button>Send</button>
          <ul class="drop-files" data-upload-rows></ul>
        </form>`;
}"""


def test_each_file_is_sent_and_answered_by_itself(signed_in: OpenPage) -> None:
    page = signed_in(make_officer("operator"), NOWHERE)
    bodies: list[str] = []

    def take(route: Route) -> None:
        body = (route.request.post_data_buffer or b"").decode("utf-8", "replace")
        bodies.append(body)
        bad = "bad.pdf" in body
        row = {"name": "x", "text": "" if bad else "4 pages", "error": "No PDF." if bad else ""}
        route.fulfill(status=200, json={"files": [row]})

    page.route("**/taken/", take)
    page.evaluate(UPLOAD)
    page.add_script_tag(url="/static/js/upload.js")
    files = [
        {"name": name, "mimeType": "application/pdf", "buffer": b"%PDF"}
        for name in ("a.pdf", "bad.pdf", "c.pdf")
    ]
    page.locator("input[type=file]").set_input_files(files)  # type: ignore[arg-type]
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".drop-files > li")).to_have_count(3)
    expect(page.locator(".file-error")).to_have_text("No PDF.")
    expect(page.get_by_text("4 pages")).to_have_count(2)
    assert len(bodies) == 3
    assert all("HS-1" in body and body.count("filename=") == 1 for body in bodies)


def answer(text: str) -> Callable[[Route], None]:
    def fulfil(route: Route) -> None:
        route.fulfill(status=200, content_type="text/html", body=text)

    return fulfil


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def boxes(page: Page, selector: str) -> list[Any]:
    return [one.bounding_box() for one in page.locator(selector).all()]
