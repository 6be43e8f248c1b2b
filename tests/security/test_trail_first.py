"""No answer without its line: the trail broken for real, and what each kind of reader then gets."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as django_settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from digitization.models import Page
from security import audit, files, trail_first
from security.audit import TrailError
from security.models import AuditEvent
from tests.campaign.make import make_task
from tests.digitization.make import Room, make_dossier, make_pages, make_room
from tests.records.make import make_member
from tests.security.attacks import Unchanged, client_of
from tests.security.faults import full_disk, locked_trail, without_privilege
from tests.security.links import picture
from tests.security.make import grant_role, make_classified, make_officer, make_user
from tests.security.seals import another_connection

SECRET = "lời canaryxyz"
PICTURE = b"\xff\xd8\xff canaryxyz"


@pytest.fixture(autouse=True)
def _raised_ceiling(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 3


FAULTS = {"53100": full_disk, "42501": without_privilege}


def secret_page(room: Room, level: int = 2) -> Page:
    """A page in a room of this level; the operator and the keeper are cleared for it."""
    dossier = make_dossier(room)
    page = make_pages(dossier, state="done", text=SECRET)[0]
    blob = files.receive([PICTURE], unit=page.unit, level=level, max_bytes=100).blob
    Page.objects.filter(pk=page.pk).update(derivative=blob, thumbnail=blob, width=9, height=9)
    if level > 1:
        with transaction.atomic():
            make_classified(page, level)
    for person in (room.operator, room.keeper):
        type(person).objects.filter(pk=person.pk).update(clearance=3)
        grant_role(person, "operator", max_level=3)
        person.refresh_from_db()
    page.refresh_from_db()
    return page


def everything_shown(client: Client, page: Page) -> list[str]:
    """Addresses that show something of this page or of the list it stands in."""
    return [
        reverse("digitization:page", args=[page.pk]),
        reverse("digitization:page", args=[page.pk]) + "?line=0",
        picture(client, page.pk),
        picture(client, page.pk, "thumbnail"),
        reverse("digitization:dossier", args=[page.dossier_id]),
        reverse("digitization:search") + "?q=canaryxyz",
    ]


def body_of(answer: Any) -> bytes:
    return b"".join(answer) if answer.streaming else answer.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("level", [1, 2])
@pytest.mark.parametrize("htmx", [{}, {"HTTP_HX_REQUEST": "true"}])
def test_a_trail_that_cannot_be_written_answers_503_and_nothing_of_the_content(
    caplog: pytest.LogCaptureFixture, fault: str, level: int, htmx: dict[str, Any]
) -> None:
    room = make_room()
    page = secret_page(room, level)
    client = client_of(room.operator)
    whole = {one: client.get(one, **htmx) for one in everything_shown(client, page)}
    assert {one: answer.status_code for one, answer in whole.items()} == dict.fromkeys(whole, 200)
    assert sum(b"canaryxyz" in body_of(answer) for answer in whole.values()) >= 5
    lines = AuditEvent.objects.count()
    with FAULTS[fault](), caplog.at_level(logging.ERROR, logger="security.middleware"):
        for address in whole:
            if "/thumbnail/" in address and level < 2:
                continue  # too small to read: its list is on the trail
            answer = client.get(address, **htmx)
            assert answer.status_code == 503, address
            assert b"canaryxyz" not in body_of(answer), address
            assert "canaryxyz" not in str(answer.headers)
            assert answer.headers["Retry-After"] == "30"
            assert "nhật ký" in answer.content.decode()
    assert AuditEvent.objects.count() == lines
    said = caplog.text
    assert fault in said
    assert "no answer for digitization:page," in said
    assert not [word for word in ("canaryxyz", room.operator.full_name) if word in said]


@pytest.mark.django_db(transaction=True)
def test_the_sentence_is_in_the_readers_language_and_needs_no_database() -> None:
    room = make_room()
    client = client_of(room.operator)
    client.cookies["django_language"] = "en"
    address = reverse("digitization:page", args=[secret_page(room, 1).pk])
    with full_disk(), CaptureQueriesContext(connection) as asked:
        answer = client.get(address)
    assert "access log" in answer.content.decode()
    assert answer.headers["Content-Language"] == "en"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "security_auditevent" in asked[-1]["sql"], "nothing is asked after the refused line"


@pytest.mark.django_db(transaction=True)
def test_nobody_comes_in_while_the_trail_takes_no_line() -> None:
    user = make_officer("keeper")
    user.set_password("một câu đủ dài cho thử")
    user.save(update_fields=["password"])
    client = Client(raise_request_exception=False)
    said = {"login": user.username, "password": "một câu đủ dài cho thử"}
    with full_disk():
        assert client.post(reverse("account_login"), said).status_code == 503
    assert client.get("/digitization/").status_code == 302, "he is not in"
    assert client.post(reverse("account_login"), said).status_code == 302
    assert client.get("/digitization/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_what_middleware_writes_ends_the_request_alike() -> None:
    """A session that is over is ended before any view; its line is owed, too."""
    room = make_room()
    client = client_of(room.operator)
    address = reverse("digitization:page", args=[secret_page(room, 1).pk])
    assert client.get(address).status_code == 200
    later = timezone.now() + timedelta(minutes=31)
    with full_disk(), time_machine.travel(later, tick=False):
        answer = client.get(address)
    assert answer.status_code == 503
    assert b"canaryxyz" not in answer.content
    assert "nhật ký" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_trail_that_somebody_holds_answers_503_instead_of_hanging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    room = make_room()
    page = secret_page(room)
    client = client_of(room.operator)
    with locked_trail():
        began = time.monotonic()
        answer = client.get(reverse("digitization:page", args=[page.pk]))
        took = time.monotonic() - began
    assert (answer.status_code, 4 < took < 20) == (503, True)
    assert "55P03" in caplog.text
    assert b"canaryxyz" not in answer.content
    assert client.get(reverse("digitization:page", args=[page.pk])).status_code == 200
    with connection.cursor() as cursor:
        cursor.execute("SHOW lock_timeout")
        assert cursor.fetchone() == ("0",), "the limit ends with the line"


@pytest.mark.django_db(transaction=True)
def test_records_and_tasks_are_not_shown_either() -> None:
    room = make_room()
    member = make_member("Trần Canaryxyz", unit=room.unit)
    task = make_task(unit=room.unit, title="Việc canaryxyz")
    with transaction.atomic():
        for row in (member, member.person, task):
            make_classified(row, 2)
    reader = make_user(unit=room.unit, clearance=3)
    for role in ("unit_head", "keeper"):
        grant_role(reader, role, max_level=3)
    client = client_of(reader)
    addresses = [
        "/records/members/",
        f"/records/members/{member.pk}/",
        "/tasks/",
        f"/tasks/{task.pk}/",
        "/api/v1/members/",
        f"/api/v1/members/{member.pk}/",
        f"/api/v1/tasks/{task.pk}/",
    ]
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200, address
    with full_disk():
        for address in addresses:
            answer = client.get(address)
            assert answer.status_code == 503, address
            assert b"canaryxyz" not in answer.content.lower()
            if address.startswith("/api/"):
                assert answer.json()["code"] == "trail_unwritable"


@pytest.mark.django_db(transaction=True)
def test_a_line_is_committed_before_the_first_byte() -> None:
    """Another connection sees the line while the answer is still closed."""
    room = make_room()
    page = secret_page(room)
    client = client_of(room.operator)
    answer = client.get(picture(client, page.pk, "thumbnail"))
    assert answer.streaming
    with another_connection() as other, other.cursor() as cursor:
        cursor.execute(
            "SELECT action, decision, object_level FROM security_auditevent WHERE request = %s",
            [answer.headers["X-Request-Id"]],
        )
        assert cursor.fetchall() == [("read", "allowed", 2)]
    assert body_of(answer) == PICTURE


@pytest.mark.django_db(transaction=True)
def test_denials_stay_when_their_request_is_taken_back() -> None:
    """The refused change is rolled back by its service; the line of it is not."""
    room, other = make_room(), make_room()
    page = make_pages(make_dossier(other), state="done", text=SECRET)[0]
    signed = client_of(room.operator)
    address = reverse("digitization:page_text", args=[page.pk])
    answer = signed.post(address, {"value": "sửa", "version": "1"})
    assert answer.status_code == 404
    line = AuditEvent.objects.get(request=answer.headers["X-Request-Id"])
    assert (line.decision, line.object_id) == ("denied", str(page.pk))
    page.refresh_from_db()
    assert page.corrected is None


@pytest.mark.django_db(transaction=True)
def test_a_refusal_by_a_service_rolls_back_its_work_and_not_its_denial() -> None:
    admin = make_officer("administrator")
    mine = admin.role_grants.get()
    client = client_of(admin)
    with Unchanged():
        answer = client.post(
            f"/access/people/{admin.pk}/grants/{mine.pk}/end/", {"reason": "Thôi việc"}
        )
    with another_connection() as other, other.cursor() as cursor:
        cursor.execute(
            "SELECT decision FROM security_auditevent WHERE request = %s AND decision = 'denied'",
            [answer.headers["X-Request-Id"]],
        )
        assert cursor.fetchall() == [("denied",)]
        cursor.execute("SELECT valid_to FROM security_rolegrant WHERE id = %s", [mine.pk])
        assert cursor.fetchall() == [(None,)]


@pytest.mark.django_db(transaction=True)
def test_a_change_that_cannot_be_written_down_is_not_made() -> None:
    room = make_room()
    page = secret_page(room, 1)
    client = client_of(room.operator)
    address = reverse("digitization:page_text", args=[page.pk])
    with full_disk(), Unchanged():
        answer = client.post(address, {"value": "sửa", "version": str(page.version)})
    assert answer.status_code == 503
    assert b"canaryxyz" not in answer.content
    assert client.post(address, {"value": "sửa", "version": str(page.version)}).status_code == 302
    page.refresh_from_db()
    assert page.corrected == "sửa"


@pytest.mark.django_db
def test_nothing_opens_a_transaction_around_a_request() -> None:
    assert django_settings.DATABASES["default"]["ATOMIC_REQUESTS"] is False


# --- the net ----------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_row_loaded_without_a_line_is_owed_one() -> None:
    page = secret_page(make_room())
    with trail_first.watched() as reading:
        Page.objects.filter(pk=page.pk).first()
        owed = reading.owes_a_line
        audit.record("read", actor=None)
        paid = not reading.owes_a_line
    assert owed
    assert paid
    with trail_first.watched() as reading:
        Page.objects.only("id").get(pk=page.pk)
        assert reading.owes_a_line, "without its level it counts as secret"


@pytest.mark.django_db
def test_a_line_that_may_still_be_taken_back_does_not_count() -> None:
    page = secret_page(make_room())
    with trail_first.watched() as reading:
        Page.objects.get(pk=page.pk)
        with transaction.atomic():
            audit.record("read", actor=None)
        assert reading.owes_a_line


@pytest.mark.django_db
def test_rows_up_to_level_one_owe_nothing_to_the_net() -> None:
    page = secret_page(make_room(), 1)
    with trail_first.watched() as reading:
        Page.objects.get(pk=page.pk)
        assert not reading.owes_a_line


@pytest.mark.django_db
def test_one_request_does_not_answer_for_another() -> None:
    page = secret_page(make_room())
    seen: list[bool] = []

    def elsewhere() -> None:
        with trail_first.watched() as reading:
            seen.append(reading.owes_a_line)

    with trail_first.watched() as reading:
        Page.objects.get(pk=page.pk)
        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
        assert reading.owes_a_line
    assert seen == [False]


@pytest.mark.django_db(transaction=True)
def test_the_error_says_the_code_and_not_the_line() -> None:
    with full_disk(), pytest.raises(TrailError) as raised:
        audit.record("read", actor=None, reason="canaryxyz")
    assert str(raised.value) == "53100"
    assert raised.value.__suppress_context__
