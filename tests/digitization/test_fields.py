from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from digitization import catalogue
from digitization.fields import known_levels, levels_of, readable_keys
from digitization.models import DocumentType, IndexValue, Page, Programme
from digitization.ocr.fields import LABELS
from digitization.selectors.search import search_scans
from digitization.services import classify_file, create_lot, set_index_value
from security.levels import Sensitivity
from security.models import AuditEvent, StoredFile, User
from security.services import RefusedError
from tests.digitization.make import (
    NOW,
    Room,
    give_index,
    make_dossier,
    make_pages,
    make_programme,
    make_room,
)
from tests.security.make import grant_role, make_classified, make_unit, make_user

pytestmark = pytest.mark.django_db
NUMBER = "099084000123"


def reader(room: Room, sensitivity: int, role: str = "operator") -> User:
    user = make_user(unit=room.unit)
    grant_role(user, role, max_sensitivity=sensitivity)
    return user


def test_every_index_field_and_proposal_has_its_level() -> None:
    keys = {entry["key"] for entry in catalogue.index_fields()} | LABELS.keys()
    assert keys <= known_levels().keys()
    assert known_levels()["personal_id"].sensitivity == Sensitivity.SENSITIVE
    assert known_levels()["so_cccd"].sensitivity == Sensitivity.SENSITIVE
    assert known_levels()["full_name"].sensitivity == Sensitivity.PERSONAL
    assert levels_of(["new key"])[0].sensitivity == Sensitivity.SENSITIVE


def test_a_masked_index_field_is_neither_shown_nor_offered(client: Client) -> None:
    room = make_room()
    dossier = make_dossier(room)
    page = make_pages(dossier)[0]
    give_index(room, dossier)
    for user, shown in ((room.operator, True), (reader(room, 1), False)):
        client.force_login(user)
        for row in (dossier, page):
            html = client.get(reverse(row.detail_url, args=[row.pk])).content.decode()
            assert (NUMBER in html) is shown
            assert ('name="index-personal_id"' in html) is shown
            assert 'name="index-full_name"' in html
            assert ("••••" in html) is not shown


def test_nobody_confirms_a_field_that_he_may_not_read(client: Client) -> None:
    room = make_room()
    dossier = make_dossier(room)
    low = reader(room, 1)
    with pytest.raises(RefusedError) as refused:
        set_index_value(actor=low, dossier=dossier, key="personal_id", value=NUMBER, now=NOW)
    assert refused.value.problems[0].code == "hidden_field"
    client.force_login(low)
    address = reverse("digitization:dossier_index", args=[dossier.pk])
    answer = client.post(address, {"index-personal_id": NUMBER, "index-full_name": "Lê An"})
    assert answer.status_code == 422
    assert NUMBER not in answer.content.decode()
    assert list(IndexValue.objects.values_list("key", flat=True)) == ["full_name"]
    assert AuditEvent.objects.filter(actor_id=low.pk, decision="denied").exists()


def test_a_dossier_is_found_by_what_one_may_read_of_it() -> None:
    room = make_room()
    dossier = make_dossier(room)
    give_index(room, dossier)
    low = reader(room, 1)
    assert search_scans(room.operator, NUMBER).dossiers == [dossier]
    assert search_scans(low, NUMBER).dossiers == []
    assert search_scans(low, "nguyen van thu").dossiers == [dossier]
    # A higher cap elsewhere lends nothing here.
    grant_role(low, "operator", make_unit(), max_sensitivity=2)
    assert search_scans(low, NUMBER).dossiers == []


def test_a_sensitive_paper_is_hidden_with_its_text_from_lower_caps() -> None:
    room = make_room()
    dossier = make_dossier(room)
    page = make_pages(dossier, text="Giấy khám sức khỏe", state="done")[0]
    kind = DocumentType.objects.filter(programme=room.programme).first()
    assert kind is not None
    DocumentType.objects.filter(pk=kind.pk).update(sensitivity=Sensitivity.SENSITIVE)
    kind.refresh_from_db()
    low = reader(room, 1)
    assert search_scans(low, "suc khoe").count == 1
    classify_file(actor=room.operator, source=page.source, type_=kind, now=NOW)
    assert search_scans(low, "suc khoe").count == 0
    assert search_scans(room.operator, "suc khoe").count == 1
    assert StoredFile.objects.get().sensitivity == Sensitivity.SENSITIVE
    plain = room.programme.types.exclude(pk=kind.pk)[0]
    classify_file(actor=room.operator, source=page.source, type_=plain, now=NOW)
    assert Page.objects.get().sensitivity == Sensitivity.SENSITIVE


# --- the exports ------------------------------------------------------------------------


def export(what: str, code: str, out: Path, *more: str) -> list[Path]:
    call_command(what, "--dossier", code, "--out", str(out), *more)
    return sorted(out.iterdir())


def _papers(room: Room) -> Any:
    dossier = make_dossier(room)
    pages = make_pages(dossier, 2, text="máy đọc", state="done")
    proposals = [["so_cccd", NUMBER, 90, 0, 0, 1, 1], ["ho_ten", "Lê An", 90, 0, 0, 1, 1]]
    Page.objects.filter(pk=pages[0].pk).update(proposals=proposals)
    return dossier, pages


@pytest.mark.parametrize(
    ("sensitivity", "keys"), [(2, {"so_cccd", "ho_ten"}), (1, {"ho_ten"}), (None, None)]
)
def test_an_export_for_a_person_obeys_his_field_levels(
    tmp_path: Path, sensitivity: int | None, keys: set[str] | None
) -> None:
    room = make_room()
    dossier, _pages = _papers(room)
    named = () if sensitivity is None else ("--as", reader(room, sensitivity).username)
    files = export("export_fields", dossier.code, tmp_path, *named)
    assert json.loads(files[0].read_text("utf-8")).keys() == (keys or {"so_cccd", "ho_ten"})
    line = AuditEvent.objects.get(action="dossier.exported")
    assert line.decision == "allowed"
    assert (line.actor_id is None) is (sensitivity is None)
    assert line.allowed_by.startswith("the machine" if sensitivity is None else "role operator")


def test_an_export_obeys_the_filter(tmp_path: Path) -> None:
    room, stranger = make_room(), make_room()
    dossier, pages = _papers(room)
    with pytest.raises(CommandError, match="no such dossier"):
        export("export_text", dossier.code, tmp_path, "--as", stranger.operator.username)
    with pytest.raises(CommandError, match="no such user"):
        export("export_text", dossier.code, tmp_path, "--as", "nobody")
    assert list(tmp_path.iterdir()) == []
    assert AuditEvent.objects.get(action="dossier.exported").decision == "denied"
    make_classified(pages[1], 2)
    named = ("--as", room.operator.username)
    assert len(export("export_text", dossier.code, tmp_path / "a", *named)) == 1
    assert len(export("export_text", dossier.code, tmp_path / "b")) == 1
    make_classified(dossier, 2)
    with pytest.raises(CommandError, match="no such dossier"):
        export("export_text", dossier.code, tmp_path / "c")


# --- out of one's own scope -------------------------------------------------------------


def test_a_lot_is_made_only_within_the_programme_and_ones_own_reach() -> None:
    room = make_room()
    elsewhere = make_unit()
    grant_role(room.keeper, "keeper", elsewhere)
    with pytest.raises(RefusedError) as refused:
        create_lot(actor=room.keeper, programme=room.programme, code="X", now=NOW, unit=elsewhere)
    assert refused.value.problems[0].code == "foreign_unit"
    below = make_unit(parent=room.unit)
    half = make_user(unit=below)
    grant_role(half, "keeper", below)
    with pytest.raises(RefusedError) as refused:
        create_lot(actor=half, programme=room.programme, code="X", now=NOW, unit=below)
    assert refused.value.problems[0].code == "not_allowed"
    assert not room.programme.lots.filter(code="X").exists()


def test_nobody_makes_what_he_could_not_reach_himself() -> None:
    room = make_room()
    low = make_user(unit=room.unit)
    grant_role(low, "keeper", max_level=0)
    with pytest.raises(RefusedError) as refused:
        make_programme(keeper=low)
    assert refused.value.problems[0].code == "not_allowed"
    assert Programme.objects.count() == 1
    blind = reader(room, 0)
    with pytest.raises(RefusedError) as refused:
        create_lot(
            actor=room.keeper, programme=room.programme, code="X", now=NOW, assigned_to=blind
        )
    assert refused.value.problems[0].code == "not_operator"
    assert not room.programme.lots.filter(code="X").exists()


def test_readable_keys_follow_the_row() -> None:
    room = make_room()
    dossier = make_dossier(room)
    keys = ["full_name", "personal_id", "org_code"]
    assert readable_keys(reader(room, 1), dossier, keys) == {"full_name", "org_code"}
    type(dossier).objects.update(sensitivity=2)
    dossier.refresh_from_db()
    assert readable_keys(room.operator, dossier, keys) == set(keys)
