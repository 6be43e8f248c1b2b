"""Links to stored files: whose they are, for what, how long; everything else is the same 404."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from digitization.models import Page
from security import files, links
from security.models import AuditEvent
from tests.digitization.make import Room, make_dossier, make_pages, make_room
from tests.security.attacks import client_of, denials
from tests.security.links import linked, picture
from tests.security.make import make_officer
from tests.walk.asking import answer_of

pytestmark = pytest.mark.django_db
PICTURE = b"\xff\xd8\xff canaryxyz"


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def sheet(room: Room) -> Page:
    return with_picture(make_pages(make_dossier(room), state="done")[0])


def with_picture(page: Page) -> Page:
    blob = files.receive([PICTURE], unit=page.unit, level=page.level, max_bytes=100).blob
    Page.objects.filter(pk=page.pk).update(derivative=blob, thumbnail=blob, width=9, height=9)
    page.refresh_from_db()
    return page


def test_ones_own_link_opens_and_says_nothing_but_when(room: Room, sheet: Page) -> None:
    client = client_of(room.operator)
    address = picture(client, sheet.pk)
    answer = client.get(address)
    assert b"".join(answer) == PICTURE
    assert answer.headers["Cache-Control"] == "no-store, private"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    said = address.partition("link=")[2]
    made, _, signature = said.partition(":")
    assert (len(made), len(signature)) == (6, 43)
    ranged = client.get(address, headers={"Range": "bytes=0-2"})
    assert (ranged.status_code, b"".join(ranged)) == (206, PICTURE[:3])


def test_every_other_link_is_the_same_404_and_a_denial(room: Room, sheet: Page) -> None:
    other = with_picture(make_pages(make_dossier(room), state="done")[0])
    mine, colleague = client_of(room.operator), client_of(room.inspector)
    second_desk = client_of(room.operator)
    good = picture(mine, sheet.pk)
    bare, _, token = good.partition("?link=")
    made, _, signature = token.partition(":")
    turned = signature[:-5] + ("A" if signature[-5] != "A" else "B") + signature[-4:]
    wrong = {
        "none": bare,
        "empty": f"{bare}?link=",
        "nonsense": f"{bare}?link=canary",
        "odd letters": f"{bare}?link=%F0%9F%92%A5:%00".replace("%00", "%C2%A0"),
        "altered": f"{bare}?link={made}:{turned}",
        "younger": f"{bare}?link={made[:-1]}z:{signature}",
        "endless number": f"{bare}?link={'9' * 5000}:{signature}",
        "other person": picture(colleague, sheet.pk),
        "other session of his": picture(second_desk, sheet.pk),
        "other page": f"{bare}?link={picture(mine, other.pk).partition('link=')[2]}",
        "other purpose": linked(mine, "digitization:page_image", sheet.pk, purpose=links.DOWNLOAD),
        "other kind": linked(mine, "digitization:page_image", sheet.pk, kind="digitization.lot"),
        "missing page": picture(mine, 10**9),
    }
    assert mine.get(good).status_code == 200
    assert colleague.get(wrong["other person"]).status_code == 200, "it is good in its own hands"
    bodies = set()
    for name, address in wrong.items():
        before = denials(room.operator)
        answer = mine.get(address)
        assert answer.status_code == 404, name
        assert denials(room.operator) == before + 1, name
        bodies.add(answer_of(answer, address).plain)
    assert len(bodies) == 1
    reasons = AuditEvent.objects.filter(decision="denied").values_list("reason", flat=True)
    assert set(reasons) == {"no link", "link of another person, session, purpose or file", ""}


@pytest.mark.parametrize("what", ["image", "thumbnail"])
def test_a_link_runs_out(room: Room, sheet: Page, what: str) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        client = client_of(room.operator)
        address = picture(client, sheet.pk, what)
        clock.shift(timedelta(minutes=24))
        assert client.get(address).status_code == 200
        clock.shift(timedelta(minutes=7))
        # The session lives: the person was active elsewhere.
        client = client_again(client, room)
        assert client.get(address).status_code == 404
    line = AuditEvent.objects.filter(decision="denied").latest("id")
    assert (line.reason, line.object_id) == ("link expired", str(sheet.pk))


def client_again(client: Client, room: Room) -> Client:
    client.get("/digitization/")
    return client


def test_links_of_a_few_minutes_are_the_same_so_that_nothing_is_fetched_twice(
    room: Room, sheet: Page
) -> None:
    start = timezone.now().replace(minute=0, second=1)
    with time_machine.travel(start, tick=False) as clock:
        client = client_of(room.operator)
        first = picture(client, sheet.pk)
        clock.shift(timedelta(minutes=4))
        assert picture(client, sheet.pk) == first
        clock.shift(timedelta(minutes=2))
        assert picture(client, sheet.pk) != first


def test_a_good_link_opens_nothing_that_may_not_be_seen(room: Room, sheet: Page) -> None:
    stranger = make_officer("operator")
    client = client_of(stranger)
    answer = client.get(picture(client, sheet.pk))
    assert answer.status_code == 404
    line = AuditEvent.objects.get(decision="denied", actor_id=stranger.pk)
    assert (line.object_id, line.reason) == (str(sheet.pk), "")


def test_the_pages_bear_the_links_and_the_browser_tells_nobody(room: Room, sheet: Page) -> None:
    client = client_of(room.operator)
    for address in (
        f"/digitization/pages/{sheet.pk}/",
        f"/digitization/dossiers/{sheet.dossier_id}/",
    ):
        answer = client.get(address)
        content = answer.content.decode()
        assert f"/digitization/pages/{sheet.pk}/thumbnail/?link=" in content
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert f"/pages/{sheet.pk}/thumbnail/" not in content.replace("thumbnail/?link=", "")


def test_the_mark_names_reader_time_and_this_very_read_above_level_0(
    room: Room, sheet: Page
) -> None:
    client = client_of(room.operator)
    address = f"/digitization/pages/{sheet.pk}/"
    answer = client.get(address)
    line = AuditEvent.objects.get(
        action="read", object_id=str(sheet.pk), request=answer.headers["X-Request-Id"]
    )
    assert answer.context["mark"][0] == room.operator.full_name
    assert answer.context["mark"][2] == f"Nhật ký số {line.pk}"
    partial = client.get(f"{address}?line=0", HTTP_HX_REQUEST="true")
    assert f"Nhật ký số {line.pk}" not in partial.content.decode()
    assert 'class="watermark"' in partial.content.decode()
    for level, marked in ((1, True), (0, False)):
        Page.objects.filter(pk=sheet.pk).update(level=level)
        assert (b'class="watermark"' in client.get(address).content) is marked


def test_a_picture_that_is_no_picture_is_not_given_unmarked(room: Room, sheet: Page) -> None:
    """Opened by itself it must be marked; what cannot be marked answers with a sentence."""
    client = client_of(room.operator)
    answer = client.get(picture(client, sheet.pk), HTTP_SEC_FETCH_DEST="document")
    assert answer.status_code == 500
    assert PICTURE not in answer.content
    inside = client.get(picture(client, sheet.pk), HTTP_SEC_FETCH_DEST="image")
    assert b"".join(inside) == PICTURE
