"""Exports on the screen: asking, deciding, watching, downloading, and being turned away."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digitization import services
from digitization.models import Page, PageExport
from security.models import AuditEvent, User
from security.selectors import unusual
from security.selectors.trail import events_for, within
from tests.digitization.exports import ask, draw, fresh, make_drawn, work
from tests.digitization.make import Room, make_dossier, make_pages, make_room
from tests.security.attacks import Unchanged, client_of, denials
from tests.security.make import grant_role, make_classified, make_officer, make_user

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}


def url(name: str, export: PageExport) -> str:
    return reverse(f"digitization:{name}", args=[export.number])


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def head(room: Room) -> User:
    return make_officer("unit_head", unit=room.unit)


@pytest.fixture
def ready(room: Room) -> PageExport:
    export = ask(room.keeper, make_drawn(room, 2)[0].dossier)
    assert work()
    return fresh(export)


def downloaded(client: Client, export: PageExport) -> Any:
    """Press the button and follow it to the file."""
    pressed = client.post(url("export_download", export))
    assert pressed.status_code == 302
    return client.get(pressed["Location"])


def test_a_dossier_offers_it_to_those_who_may(room: Room, head: User) -> None:
    dossier = make_drawn(room)[0].dossier
    page, form = (
        reverse(f"digitization:{name}", args=[dossier.pk]) for name in ("dossier", "export_dossier")
    )
    for user, offered in ((room.keeper, True), (head, True), (room.operator, False)):
        client = client_of(user)
        assert (form in client.get(page).content.decode()) is offered
        assert client.get(form).status_code == (200 if offered else 404)


def test_the_form_says_what_it_will_hold(room: Room, settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 2
    dossier = make_drawn(room, 3)[0].dossier
    make_pages(dossier, 1, state="queued")
    answer = client_of(room.keeper).get(reverse("digitization:export_dossier", args=[dossier.pk]))
    assert (answer.context["size"].pages, answer.context["chosen"].left_out) == (3, 1)
    assert answer.context["alone"] is False


def test_a_form_without_reason_comes_back_and_makes_nothing(room: Room) -> None:
    dossier = make_drawn(room)[0].dossier
    client = client_of(room.keeper)
    with Unchanged():
        answer = client.post(
            reverse("digitization:export_dossier", args=[dossier.pk]),
            {"purpose": "personnel", "reason": ""},
        )
    assert answer.status_code == 422
    assert answer.context["form"].errors["reason"]


def test_asking_leads_to_the_page_of_the_export(room: Room) -> None:
    dossier = make_drawn(room)[0].dossier
    answer = client_of(room.keeper).post(
        reverse("digitization:export_dossier", args=[dossier.pk]),
        {"purpose": "inspection", "reason": "Kiểm tra quý 4"},
    )
    export = PageExport.objects.get()
    assert answer["Location"] == url("export", export)
    assert (export.purpose, export.reason, export.title) == (
        "inspection",
        "Kiểm tra quý 4",
        dossier.code,
    )


def test_dossiers_of_a_lot_are_ticked(room: Room) -> None:
    one, other = (make_drawn(room, 1)[0].dossier for _ in range(2))
    foreign = make_drawn(make_room())[0].dossier
    where = reverse("digitization:export_lot", args=[room.lot.pk])
    client = client_of(room.keeper)
    assert client.get(where).context["size"].pages == 2
    client.post(
        where, {"purpose": "other", "reason": "x", "dossier": [other.pk, foreign.pk, "9" * 30]}
    )
    assert PageExport.objects.get().title == other.code
    nothing = client.post(where, {"purpose": "other", "reason": "x"})
    assert nothing.status_code == 422
    assert one.code != other.code


def test_what_a_search_found_can_be_taken(room: Room) -> None:
    dossier = make_dossier(room)
    draw(make_pages(dossier, 1, state="done", text="khen thưởng"))
    make_drawn(room)
    client = client_of(room.keeper)
    assert "export" in client.get(reverse("digitization:search"), {"q": "khen"}).content.decode()
    client.post(
        reverse("digitization:export_search"), {"q": "khen", "purpose": "other", "reason": "x"}
    )
    assert PageExport.objects.get().page_count == 1
    assert not AuditEvent.objects.filter(reason__contains="khen").exists()


def test_the_second_person_decides_on_the_screen(room: Room, head: User, settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 0
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    client = client_of(head)
    assert client.get(reverse("digitization:home")).context["exports_waiting"] == 1
    assert export.number in client.get(reverse("digitization:exports")).content.decode()
    answer = client.get(url("export", export))
    assert answer.context["decides"]
    client.post(url("export_approve", export))
    assert fresh(export).state == "approved"
    assert client.get(reverse("digitization:home")).context["exports_waiting"] == 0


def test_nobody_approves_his_own_on_the_screen(room: Room, settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 0
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    client = client_of(room.keeper)
    assert url("export_approve", export) not in client.get(url("export", export)).content.decode()
    before = denials(room.keeper)
    with Unchanged():
        assert client.post(url("export_approve", export)).status_code == 404
    assert denials(room.keeper) == before + 1


def test_a_stranger_finds_neither_page_nor_file(ready: PageExport) -> None:
    stranger = make_officer("keeper")
    client = client_of(stranger)
    for name, method in (
        ("export", "get"), ("export_file", "get"), ("export_download", "post"),
        ("export_cancel", "post"), ("export_retry", "post"), ("export_approve", "post"),
    ):  # fmt: skip
        before = denials(stranger)
        with Unchanged():
            assert getattr(client, method)(url(name, ready)).status_code == 404, name
        assert denials(stranger) == before + 1


def test_the_polled_part_is_silent_while_nothing_changes(room: Room) -> None:
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    client = client_of(room.keeper)
    page = client.get(url("export", export))
    assert "data-refresh" in page.content.decode()
    lines = AuditEvent.objects.count()
    seen = {"seen": export.signature}
    assert client.get(url("export", export), seen, **HTMX).status_code == 204  # type: ignore[arg-type]
    assert work()
    changed = client.get(url("export", export), seen, **HTMX)  # type: ignore[arg-type]
    assert changed.status_code == 200
    assert "data-refresh" not in changed.content.decode()
    made = AuditEvent.objects.filter(action="export.made").count()
    assert AuditEvent.objects.count() == lines + made  # watching is no reading


def test_the_download_is_a_file_to_keep_and_nothing_else_keeps_it(
    room: Room, ready: PageExport
) -> None:
    answer = downloaded(client_of(room.keeper), ready)
    assert answer.status_code == 200
    assert b"".join(answer).startswith(b"%PDF-")
    assert answer["Content-Disposition"] == f'attachment; filename="{ready.number}.pdf"'
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    events = AuditEvent.objects.filter(action="export.downloaded", object_id=ready.number)
    assert [event.actor_id for event in events] == [room.keeper.pk]


def test_the_link_is_good_for_one_session_and_two_minutes(room: Room, ready: PageExport) -> None:
    client, elsewhere = client_of(room.keeper), client_of(room.keeper)
    link = client.post(url("export_download", ready))["Location"]
    assert elsewhere.get(link).status_code == 404
    assert client.get(url("export_file", ready)).status_code == 404
    assert client.get(link.replace("link=", "link=x")).status_code == 404
    assert fresh(ready).downloads == 0
    other = ask(room.keeper, make_drawn(room)[0].dossier)
    assert work()
    query = link.partition("?")[2]
    assert client.get(f"{url('export_file', other)}?{query}").status_code == 404
    assert client.get(link).status_code == 200


def test_the_second_person_downloads_nothing(room: Room, head: User, settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 0
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    services.approve_export(actor=head, export=export, now=timezone.now())
    assert work()
    client = client_of(head)
    assert client.get(url("export", export)).status_code == 200
    assert client.post(url("export_download", export)).status_code == 404


def test_level_2_is_written_down_before_its_first_byte(room: Room, settings: Any) -> None:
    """Where such levels are allowed, a request that loads such rows answers only after its line."""
    settings.MAX_SECRECY_LEVEL = 2
    pages = make_drawn(room, 2)
    for row in (pages[0].dossier, *pages):
        make_classified(row, 2)
    keeper, head = (make_user(unit=room.unit, clearance=2) for _ in range(2))
    grant_role(keeper, "keeper", max_level=2)
    grant_role(head, "unit_head", max_level=2)
    client = client_of(keeper)
    asked = client.post(
        reverse("digitization:export_dossier", args=[pages[0].dossier_id]),
        {"purpose": "inspection", "reason": "Kiểm tra"},
    )
    export = PageExport.objects.get()
    assert asked.status_code == 302
    assert client_of(head).post(url("export_approve", export)).status_code == 302
    assert work()
    assert client.get(url("export", export)).status_code == 200
    answer = downloaded(client, export)
    assert answer.status_code == 200
    event = AuditEvent.objects.get(action="export.downloaded", object_id=export.number)
    assert event.object_level == 2


def test_a_decision_is_listed_only_while_all_of_it_is_seen(
    room: Room, head: User, settings: Any
) -> None:
    settings.EXPORT_ALONE_AT_MOST = 0
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    services.approve_export(actor=head, export=export, now=timezone.now())
    client = client_of(head)
    there = reverse("digitization:exports")
    assert export.number in client.get(there).content.decode()
    Page.objects.filter(pk=export.page_ids[0]).update(sensitivity=2)
    head.role_grants.update(max_sensitivity=0)
    assert export.number not in client.get(there).content.decode()


def test_the_trail_finds_the_export_by_the_number_on_the_page(
    room: Room, ready: PageExport
) -> None:
    officer = make_officer("security_officer", unit=room.unit)
    downloaded(client_of(room.keeper), ready)
    answer = client_of(officer).get(reverse("security:trail"), {"number": ready.number})
    events = answer.context["page"].events
    actions = {event.action for event in events}
    assert actions == {"export.asked", "export.made", "export.downloaded"}
    asked = next(event for event in events if event.action == "export.asked")
    assert (asked.actor_name, asked.reason) == (
        room.keeper.full_name,
        "personnel: Xét khen thưởng",
    )
    assert asked.object_ids == ready.page_ids
    assert ", ".join(map(str, ready.page_ids)) in answer.content.decode()


def test_pages_taken_out_count_in_what_a_person_judges_as_unusual(
    room: Room, ready: PageExport
) -> None:
    officer = make_officer("security_officer", unit=room.unit)
    downloaded(client_of(room.keeper), ready)
    today = timezone.localdate()
    rows = unusual._by_place(events_for(officer).filter(within(today, today)))
    taken = [row["rows"] for row in rows if row["actor_id"] == room.keeper.pk]
    assert sum(taken) >= ready.page_count
