"""Programmes and lots on screen: failed pages, acceptance, return, the first lot."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from digitization.models import IndexValue, Lot, OcrJob, Programme
from digitization.selectors.people import people_able_to
from security.models import RolePermission
from tests.digitization.make import Room, give_index, make_dossier, make_pages
from tests.digitization.screens import read_page, signed_in, url

pytestmark = pytest.mark.django_db


def test_the_lot_page_asks_a_bounded_number_of_questions(
    room: Room, django_assert_max_num_queries: Any
) -> None:
    for _ in range(5):
        make_pages(make_dossier(room), 4, state="failed")
    client = signed_in(room.operator)
    client.get(url("lot", room.lot.pk))
    with django_assert_max_num_queries(24):
        client.get(url("lot", room.lot.pk))


def test_failed_pages_are_listed_with_a_reason_and_retried(room: Room) -> None:
    page = make_pages(make_dossier(room), 2, state="failed")[0]
    client = signed_in(room.operator)
    content = client.get(url("lot", room.lot.pk)).content.decode()
    assert url("page_retry", page.pk) in content
    client.post(url("page_retry", page.pk), {"to": "lot"})
    assert OcrJob.objects.filter(state="queued").count() == 1
    client.post(url("lot_retry", room.lot.pk))
    assert OcrJob.objects.filter(state="queued").count() == 2


def test_a_page_is_excused_from_its_screen(room: Room) -> None:
    page = make_pages(make_dossier(room), state="failed")[0]
    client = signed_in(room.operator)
    client.post(url("page_excuse", page.pk), {"reason": ""})
    assert OcrJob.objects.get().state == "failed"
    client.post(url("page_excuse", page.pk), {"reason": "Mốc"})
    assert (OcrJob.objects.get().state, OcrJob.objects.get().reason) == ("excused", "Mốc")


def test_only_an_inspector_accepts_and_sees_what_is_missing(room: Room) -> None:
    dossier = make_dossier(room)
    make_pages(dossier, state="done")
    client = signed_in(room.inspector)
    gate = dict(client.get(url("lot", room.lot.pk)).context["gate"] or [])
    assert False in gate
    client.post(url("lot_accept", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "open"
    give_index(room, dossier)
    assert signed_in(room.operator).post(url("lot_accept", room.lot.pk)).status_code == 404
    client.post(url("lot_accept", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "accepted"
    assert client.get(url("lot", room.lot.pk)).status_code == 200
    assert client.get(url("dossier", dossier.pk)).status_code == 200


def test_a_lot_is_returned_and_taken_up_again(room: Room) -> None:
    signed_in(room.inspector).post(url("lot_reject", room.lot.pk), {"reason": "Mờ"})
    assert Lot.objects.get(pk=room.lot.pk).state == "rejected"
    assert "Mờ" in signed_in(room.operator).get(url("lot", room.lot.pk)).content.decode()
    signed_in(room.operator).post(url("lot_reopen", room.lot.pk))
    assert Lot.objects.get(pk=room.lot.pk).state == "open"


def test_a_role_that_lost_the_action_offers_nobody(room: Room) -> None:
    assert room.operator in people_able_to("digitization.upload", room.unit, timezone.now())
    RolePermission.objects.filter(action="digitization.upload").update(allowed=False)
    assert not people_able_to("digitization.upload", room.unit, timezone.now()).exists()


def test_a_programme_from_nothing_to_its_first_lot(room: Room) -> None:
    client = signed_in(room.keeper)
    assert client.get(url("programme_new")).status_code == 200
    assert client.post(url("programme_new"), {"code": ""}).status_code == 422
    made = client.post(
        url("programme_new"),
        {
            "code": "P2", "title": "Đợt 2", "kind": "cadre", "unit": room.unit.pk,
            "focal_person": room.keeper.pk,
        },
    )  # fmt: skip
    programme = Programme.objects.get(code="P2")
    page = url("programme", programme.pk)
    assert made["Location"] == page
    assert len(client.get(page).context["missing"]) == 1
    client.post(url("programme_close", programme.pk))
    assert programme.steps.get(number=1).state == "open"
    assert client.post(
        url("programme_expected", programme.pk), {"phieu_can_bo": "-1"}
    ).status_code == 422  # fmt: skip
    client.post(url("programme_expected", programme.pk), {"phieu_can_bo": "40"})
    assert client.post(url("lot_new", programme.pk), {"code": "L1"}).status_code == 422
    client.post(url("programme_close", programme.pk))
    assert programme.steps.get(number=1).state == "closed"
    lot = client.post(
        url("lot_new", programme.pk),
        {
            "code": "L1", "unit": room.unit.pk, "assigned_to": room.operator.pk,
            "expected_pages": 100,
        },
    )  # fmt: skip
    assert lot["Location"] == url("lot", Lot.objects.get(programme=programme).pk)
    assert client.get(page).status_code == 200
    assert signed_in(room.operator).get(url("programme_new")).status_code == 404


def test_who_keyed_index_data_does_not_accept_the_lot(room: Room) -> None:
    page = read_page(room)
    give_index(room, page.dossier)
    IndexValue.objects.filter(dossier=page.dossier).update(confirmed_by=room.inspector)
    signed_in(room.inspector).post(url("lot_accept", room.lot.pk))
    room.lot.refresh_from_db()
    assert room.lot.state == Lot.State.OPEN
