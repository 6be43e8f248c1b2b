"""Requests that no page of ours sends: a clean refusal, nothing changed, nothing revealed."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from digitization.models import SourceFile
from security.models import AuditEvent
from tests.digitization.make import make_dossier, make_room, scan
from tests.records.make import make_cell, make_member
from tests.security.attacks import Unchanged, client_of, denials, two_pages, two_tasks
from tests.security.links import picture
from tests.security.make import make_officer

pytestmark = pytest.mark.django_db
REFUSED = "Yêu cầu này không hiểu được"

# --- addresses --------------------------------------------------------------------------


NUMBERS = ["0", "-1", "1.5", "1e3", "٣", "²", "9" * 19, "9" * 400, "0x10", "1%00", "1%0d%0aX:1"]


@pytest.mark.parametrize(
    "address",
    [
        "/tasks/{}/",
        "/records/members/{}/",
        "/digitization/pages/{}/image/",
        "/access/people/{}/",
        "/access/units/{}/",
        "/api/v1/tasks/{}/",
        "/api/v1/members/{}/",
        "/access/who/campaign.task/{}/",
    ],
)
def test_an_odd_number_in_an_address_finds_nothing(address: str) -> None:
    client = client_of(make_officer("administrator"))
    for number in NUMBERS:
        answer = client.get(address.format(number))
        assert answer.status_code in (400, 404), number
        assert "Traceback" not in answer.content.decode()
        assert "X" not in answer.headers


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fetc/passwd", "/static/..%2f..%2fconfig/settings.py", "/static/../manage.py"],
)
def test_no_address_leads_out_of_the_house(path: str) -> None:
    answer = client_of(make_officer("head")).get(path)
    assert answer.status_code in (301, 404)
    assert b"SECRET_KEY" not in answer.content
    assert b"root:" not in answer.content


# --- parameters -------------------------------------------------------------------------

ODD = ["'", '"><script>', "%", "_", "\\", "A" * 5000, "٣", "-1", "1;drop", "../..", "\u202e", "💥"]


@pytest.mark.parametrize(
    ("role", "address", "names"),
    [
        ("head", "/board/", ["at", "seen"]),
        ("head", "/tasks/", ["light", "group", "unit", "kind", "owner", "state", "at", "page"]),
        ("head", "/tasks/products/", ["show", "page"]),
        ("operator", "/digitization/", ["seen"]),
        ("operator", "/digitization/search/", ["q"]),
        ("keeper", "/records/members/", ["q", "unit", "status", "at"]),
        ("keeper", "/records/cadres/", ["q", "unit", "central", "at"]),
        ("administrator", "/access/people/", ["q", "page"]),
        ("administrator", "/access/units/", ["q"]),
        ("security_officer", "/access/trail/", ["who", "action", "denied", "before"]),
    ],
)
def test_an_odd_parameter_is_no_fault(role: str, address: str, names: list[str]) -> None:
    client = client_of(make_officer(role))
    for name, odd in product(names, ODD):
        answer = client.get(address, {name: odd})
        assert answer.status_code in (200, 204, 400, 404), (name, odd, answer.status_code)
        assert b"<script>" not in answer.content


def test_a_parameter_given_twice_never_widens_the_answer() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    units = f"unit={two.unit.code}&unit={two.theirs.unit.code}"
    for query in (units, "&".join(reversed(units.split("&")))):
        page = client.get(f"/tasks/?{query}").content.decode()
        assert "canaryxyz" not in page
        assert "canaryxyz" not in client.get(f"/api/v1/tasks/?{query}").content.decode()


@pytest.mark.parametrize("cursor", ["a999999999", "b1", "a0", "zz", "a-1", "a1' or '1'='1", "a²"])
def test_a_forged_cursor_shows_no_more_than_the_first_page(cursor: str) -> None:
    cell = make_cell()
    mine = make_member("Lê Thị Mình", unit=cell)
    theirs = make_member("Trần Canaryxyz")
    client = client_of(make_officer("keeper", unit=cell))
    for at in (cursor, f"a{theirs.pk}", f"b{theirs.pk}"):
        page = client.get("/records/members/", {"at": at}).content.decode()
        assert "Canaryxyz" not in page
        assert mine.display_name in page


def test_a_cursor_at_a_foreign_row_reads_like_one_at_no_row() -> None:
    """Otherwise the place of a hidden row in the alphabet would show."""
    cell = make_cell()
    for name in ("Lê An", "Lê Yên"):
        make_member(name, unit=cell)
    theirs = make_member("Lê Minh")
    client = client_of(make_officer("keeper", unit=cell))
    pages = [
        client.get("/records/members/", {"at": at}, HTTP_HX_REQUEST="true").content
        for at in (f"a{theirs.pk}", "a999999999")
    ]
    assert pages[0] == pages[1]


def test_a_forged_cursor_of_the_api_is_refused() -> None:
    client = client_of(two_tasks().worker)
    for cursor in ("x", "cD0x", "bz0xMDAwMDAw", "A" * 3000):
        answer = client.get("/api/v1/tasks/", {"cursor": cursor})
        assert answer.status_code in (200, 400, 404)
        assert "canaryxyz" not in answer.content.decode()


# --- bodies -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", json.dumps({"percent": 90, "note": "x"})),
        ("application/xml", "<report><percent>90</percent></report>"),
        ("text/plain", "percent=90"),
        ("multipart/form-data; boundary=x", "--x\r\nbroken"),
        ("multipart/form-data", "percent=90"),
        ("application/x-www-form-urlencoded; charset=utf-7", "percent=%2B90"),
        ("application/octet-stream", b"\xff\xfe\x00\x01"),
    ],
)
def test_a_body_of_another_kind_changes_nothing(kind: str, body: Any) -> None:
    two = two_tasks()
    client = client_of(two.worker)
    with Unchanged():
        answer = client.generic("POST", f"/tasks/{two.mine.pk}/report/", body, content_type=kind)
    assert answer.status_code in (400, 415, 422)


@pytest.mark.parametrize(
    "trick",
    [
        {"HTTP_X_HTTP_METHOD_OVERRIDE": "DELETE"},
        {"HTTP_X_METHOD_OVERRIDE": "PUT"},
        {"HTTP_X_HTTP_METHOD": "POST"},
    ],
)
def test_a_method_in_a_header_is_not_believed(trick: dict[str, Any]) -> None:
    two = two_tasks()
    client = client_of(two.worker)
    with Unchanged():
        assert client.get(f"/tasks/{two.mine.pk}/report/", **trick).status_code == 405
        assert client.get(f"/api/v1/tasks/{two.mine.pk}/", **trick).status_code == 200
        client.get(f"/tasks/{two.mine.pk}/", {"_method": "DELETE", "percent": "9"}, **trick)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_the_api_only_reads(method: str) -> None:
    two = two_tasks()
    client = client_of(two.worker)
    with Unchanged():
        for address in ("/api/v1/tasks/", f"/api/v1/tasks/{two.mine.pk}/", "/api/v1/members/"):
            answer = getattr(client, method)(
                address, json.dumps({"level": 0}), content_type="application/json"
            )
            assert answer.status_code in (403, 404, 405)


def test_too_many_fields_are_refused_in_the_readers_language() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    fields = {f"a{n}": "1" for n in range(1200)}
    with Unchanged():
        answer = client.post(f"/tasks/{two.mine.pk}/report/", fields)
    assert answer.status_code == 400
    assert REFUSED in answer.content.decode()


def test_nul_is_refused_in_the_readers_language_and_written_down() -> None:
    two = two_tasks()
    client = client_of(two.worker)
    before = denials(two.worker)
    with Unchanged():
        answers = [
            client.get("/tasks/", {"unit": "a\0b"}),
            client.post(f"/tasks/{two.mine.pk}/report/", {"percent": "1", "note": "a\0"}),
            client.get("/tasks/%00/"),
        ]
    assert [answer.status_code for answer in answers] == [400] * 3
    assert all(REFUSED in answer.content.decode() for answer in answers)
    assert denials(two.worker) == before + 3
    assert AuditEvent.objects.filter(action="request.refused", actor_id=two.worker.pk).exists()


def test_an_overlong_text_is_refused_or_cut_never_a_fault() -> None:
    room = make_room()
    client = client_of(room.operator)
    answer = client.post(f"/digitization/lots/{room.lot.pk}/dossiers/", {"code": "A" * 100_000})
    assert answer.status_code in (302, 422)
    dossier = make_dossier(room)
    with Unchanged():
        answer = client.post(
            f"/digitization/dossiers/{dossier.pk}/index/", {"index-full_name": "B" * 100_000}
        )
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "fields",
    [
        {"form-TOTAL_FORMS": "1000000", "form-INITIAL_FORMS": "0", "form-0-id": "1"},
        {"form-TOTAL_FORMS": "-1", "form-INITIAL_FORMS": "x"},
        {"__all__": "1", "id": "1", "pk": "1", "_save": "1"},
    ],
)
def test_a_forged_formset_is_nothing_to_any_form(fields: dict[str, str]) -> None:
    two = two_tasks()
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    worker, editor = client_of(two.worker), client_of(keeper)
    with Unchanged():
        answer = worker.post(f"/tasks/{two.mine.pk}/report/", fields)
        assert answer.status_code == 422
        answer = editor.post(f"/records/members/{member.pk}/edit/", fields)
        assert answer.status_code == 422


# --- headers ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trick",
    [
        {"HTTP_HOST": "evil.example"},
        {"HTTP_HOST": "localhost:80@evil.example"},
        {"HTTP_HOST": "evil.example", "HTTP_X_FORWARDED_HOST": "localhost"},
    ],
)
def test_a_forged_host_is_refused(trick: dict[str, Any], settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["testserver"]
    client = client_of(make_officer("head"))
    answer = client.get("/board/", **trick)
    assert answer.status_code == 400
    assert REFUSED in answer.content.decode()
    assert "evil.example" not in answer.content.decode()


@pytest.mark.parametrize(
    "trick",
    [
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {"HTTP_X_FORWARDED_SERVER": "evil.example", "HTTP_FORWARDED": "host=evil.example"},
        {"HTTP_X_ORIGINAL_URL": "/access/people/", "HTTP_X_REWRITE_URL": "/access/people/"},
        {"HTTP_X_FORWARDED_PREFIX": "/evil", "HTTP_X_SCRIPT_NAME": "/evil"},
        {"HTTP_X_FORWARDED_USER": "admin", "HTTP_REMOTE_USER": "admin"},
    ],
)
def test_a_proxys_header_from_a_reader_is_not_believed(trick: dict[str, Any]) -> None:
    worker = make_officer("unit_staff")
    answer = client_of(worker).get("/access/people/", **trick)
    assert answer.status_code == 404
    sent = Client().get("/tasks/", **trick)
    assert sent.headers["Location"].startswith("/accounts/login/")
    assert "evil" not in sent.headers["Location"]


def test_a_forged_address_is_not_on_the_trail() -> None:
    worker = make_officer("unit_staff")
    client_of(worker).get(
        "/access/people/", HTTP_X_FORWARDED_FOR="6.6.6.6", HTTP_X_REAL_IP="6.6.6.6"
    )
    event = AuditEvent.objects.filter(actor_id=worker.pk, decision="denied").latest("id")
    assert event.address == "127.0.0.1"


@pytest.mark.parametrize(
    "htmx",
    [
        {"HTTP_HX_REQUEST": "true"},
        {"HTTP_HX_REQUEST": "true", "HTTP_HX_BOOSTED": "true"},
        {"HTTP_HX_REQUEST": "true", "HTTP_HX_HISTORY_RESTORE_REQUEST": "true"},
        {"HTTP_HX_REQUEST": "true", "HTTP_HX_CURRENT_URL": "javascript:alert(1)"},
        {"HTTP_HX_REQUEST": "true", "HTTP_HX_TARGET": "<b>", "HTTP_HX_PROMPT": "\r\nX: 1"},
    ],
)
def test_pretending_to_be_a_script_opens_nothing(htmx: dict[str, Any]) -> None:
    two = two_tasks()
    _room, _mine, page = two_pages()
    client = client_of(two.worker)
    for address in (
        f"/tasks/{two.theirs.pk}/",
        f"/digitization/pages/{page.pk}/",
        f"/digitization/lots/{page.dossier.lot_id}/",
        "/board/",
        "/access/people/",
    ):
        answer = client.get(address, **htmx)
        assert answer.status_code == 404
        assert "canaryxyz" not in answer.content.decode()
        assert "javascript:" not in str(answer.headers)


@pytest.mark.parametrize(
    "to",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "javascript:alert(1)",
        "/tasks/\r\nSet-Cookie: a=b",
        "http:evil.example",
        "\thttps://evil.example",
    ],
)
def test_no_next_leads_to_another_house(to: str) -> None:
    client = Client()
    make_officer("head", username="dua")
    answer = client.post(reverse("set_language"), {"language": "en", "next": to})
    assert "evil" not in answer.headers.get("Location", "")
    user = make_officer("head", username="vao")
    user.set_password("một câu đủ dài")
    user.save()
    fields = {"login": "vao", "password": "một câu đủ dài", "next": to}
    answer = client.post(f"{reverse('account_login')}", fields)
    there = answer.headers.get("Location", "")
    assert "evil" not in there
    assert "javascript" not in there
    assert not set(there) & set("\r\n\t")


# --- files ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../../../etc/cron.d/x.png",
        "..\\..\\windows\\x.png",
        "a\r\nSet-Cookie: x=1.png",
        "a\0b.png",
        "a" * 4000 + ".png",
        "\u202egnp.exe.png",
        "<img src=x onerror=alert(1)>.png",
        ".png",
        "CON.png",
    ],
)
def test_a_hostile_file_name_stays_a_name(name: str, settings: Any) -> None:
    room = make_room()
    dossier = make_dossier(room)
    client = client_of(room.operator)
    upload = SimpleUploadedFile("x.png", scan(), content_type="image/png")
    vars(upload)["_name"] = name
    answer = client.post(
        f"/digitization/dossiers/{dossier.pk}/upload/", {"files": upload}, follow=True
    )
    assert answer.status_code in (200, 400)
    assert "<img src=x" not in answer.content.decode()
    for source in SourceFile.objects.filter(dossier=dossier):
        assert not set(source.name + source.stem) & set("/\\\r\n\0<>")
        assert len(source.name) <= 255
    outside = [
        path
        for path in settings.DATA_DIR.rglob("*")
        if path.is_file() and path.parts[len(settings.DATA_DIR.parts)] not in ("blobs", "incoming")
    ]
    assert not outside


def test_no_header_of_a_file_carries_its_name() -> None:
    room, mine, _theirs = two_pages()
    SourceFile.objects.filter(pk=mine.source_id).update(name='a";\r\nX-Evil: 1', stem="a")
    client = client_of(room.operator)
    answer = client.get(picture(client, mine.pk))
    assert "X-Evil" not in str(answer.headers)
