"""The installation's ceiling at every door: form, register, plan file, scans."""

from __future__ import annotations

import json
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from campaign.models import Task
from campaign.services import load_plan
from digitization.services import open_dossier, receive_file
from records.models import Member
from records.services import MemberRow, create_member, register_members
from security.models import AuditEvent, StoredFile
from security.services import RefusedError
from tests.campaign.make import PLAN
from tests.digitization.make import NOW, chunks, make_dossier, make_room, scan
from tests.records.make import make_member
from tests.security.make import make_approval, make_unit
from tests.security.secrecy import cleared, codes, decide

pytestmark = pytest.mark.django_db


# --- the ceiling at every door ----------------------------------------------------------


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_classifying_stops_at_the_ceiling(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    keeper = cleared()
    member = make_member(unit=keeper.unit, level=0)
    for level in (2, 3):
        make_approval(level)
    settings.MAX_SECRECY_LEVEL = ceiling
    for level in (1, 2, 3, 4):
        if level <= ceiling:
            decide(keeper, member, level)
            continue
        with pytest.raises(RefusedError) as refused:
            decide(keeper, member, level)
        assert codes(refused) == {"above_ceiling"}
    member.refresh_from_db()
    assert member.level == ceiling


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_the_registers_take_nothing_above_the_ceiling(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = ceiling
    unit, values = make_unit(), {"full_name": "Lê An", "status": "du_bi"}
    make_member(level=0)  # the code lists
    for level in range(5):
        expected = "" if level <= min(ceiling, 1) else "needs_classification"
        expected = expected if level <= ceiling else "above_ceiling"
        seen = set()
        try:
            create_member(actor=None, now=NOW, unit=unit, values=values, level=level)
        except RefusedError as refused:
            seen |= {problem.code for problem in refused.problems}
        try:
            register_members(
                [MemberRow(unit, values, level=level)], actor=None, now=NOW, reason="x"
            )
        except RefusedError as refused:
            seen |= {problem.code for problem in refused.problems}
        assert seen == ({expected} if expected else set()), level
    assert max(Member.objects.values_list("level", flat=True)) == min(ceiling, 1)


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_a_plan_file_comes_in_only_where_internal_content_may(settings: Any, ceiling: int) -> None:
    settings.MAX_SECRECY_LEVEL = ceiling
    if ceiling == 0:
        with pytest.raises(RefusedError) as refused:
            load_plan(PLAN, actor=None, now=timezone.now())
        assert codes(refused) == {"above_ceiling"}
        with pytest.raises(CommandError, match="nothing loaded"):
            call_command("load_plan", str(PLAN))
        assert not Task.objects.exists()
    else:
        load_plan(PLAN, actor=None, now=timezone.now())
        assert set(Task.objects.values_list("level", flat=True)) == {1}


@pytest.mark.parametrize("ceiling", [0, 1, 2])
def test_command_and_browser_take_scans_up_to_the_ceiling_too(
    settings: Any, tmp_path: Path, client: Client, ceiling: int
) -> None:
    room = make_room()
    dossier = make_dossier(room)
    settings.MAX_SECRECY_LEVEL = ceiling
    one, other = tmp_path / "a.png", scan("Trang khác")
    one.write_bytes(scan())
    out = StringIO()
    named = ("--dossier", dossier.code, "--as", room.operator.username)
    with suppress(SystemExit):
        call_command("ingest", str(one), *named, stdout=out)
    line = json.loads(out.getvalue())
    client.force_login(room.operator)
    answer = client.post(
        reverse("digitization:dossier_upload", args=[dossier.pk]),
        {"files": SimpleUploadedFile("b.png", other)},
        headers={"Accept": "application/json"},
    ).json()["files"][0]
    if ceiling == 0:
        assert (line["state"], line["code"]) == ("refused", "above_ceiling")
        assert (answer["state"], answer["error"]) == ("refused", line["error"])
    else:
        assert (line["state"], answer["state"]) == ("queued", "received")
    assert StoredFile.objects.count() == (0 if ceiling == 0 else 2)


@pytest.mark.parametrize("ceiling", [0, 1, 2])
@pytest.mark.parametrize("level", [1, 2])
def test_scans_come_in_only_up_to_the_ceiling(settings: Any, ceiling: int, level: int) -> None:
    settings.MAX_SECRECY_LEVEL = 3
    room = make_room()
    operator = cleared("operator", unit=room.unit)
    if level == 2:
        make_approval(2)
        decide(cleared(unit=room.unit), room.lot, 2)
    room.lot.refresh_from_db()
    dossier = open_dossier(actor=operator, lot=room.lot, code="HS-T", now=NOW)
    settings.MAX_SECRECY_LEVEL = ceiling
    terms: dict[str, Any] = {"actor": operator, "now": NOW}
    if level <= ceiling:
        receive_file(dossier=dossier, name="a.png", chunks=chunks(scan()), **terms)
        return
    with pytest.raises(RefusedError) as refused:
        receive_file(dossier=dossier, name="a.png", chunks=chunks(scan()), **terms)
    assert codes(refused) == {"above_ceiling"}
    with pytest.raises(RefusedError) as refused:
        open_dossier(lot=room.lot, code="HS-U", **terms)
    assert codes(refused) == {"above_ceiling"}
    assert not StoredFile.objects.exists()
    assert AuditEvent.objects.filter(action="file.refused", decision="denied").count() == 1
