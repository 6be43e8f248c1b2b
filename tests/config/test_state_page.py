"""The screen of the state: who may look, what it tells and what it keeps to itself."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, FileFinding, UpkeepRun, User
from security.selectors.upkeep import alarm_count
from security.services.findings import note_finding
from security.tasks import tell_alarms
from tests.config.test_state import HOUR, make_run
from tests.digitization.make import make_room
from tests.digitization.test_upkeep import make_read_page
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db


def make_reader(role: str) -> User:
    user = make_user()
    grant_role(user, role, make_unit())
    return user


def page(user: User, name: str = "installation_state") -> Any:
    client = Client()
    client.force_login(user)
    return client.get(reverse(name), headers={"Accept-Language": "en"})


@pytest.mark.parametrize("role", ["administrator", "security_officer"])
def test_whoever_keeps_the_machine_sees_every_line_and_no_secret(role: str, settings: Any) -> None:
    answer = page(make_reader(role))
    assert answer.status_code == 200
    body = answer.content.decode()
    for code in ("seals", "copies", "partitions", "role", "backup", "drill", "findings", "coverage",
                 "unnamed", "keys", "disk", "volume", "workers", "clock", "queue", "migrations"):  # fmt: skip
        assert f'id="{code}"' in body
    assert str(settings.DATA_DIR) not in body
    assert not any(key.split(":")[2] in body for key in settings.FILE_KEYS.split())
    assert AuditEvent.objects.filter(action="state.read").count() == 1


@pytest.mark.parametrize("role", ["keeper", "head", "operator"])
def test_others_do_not_see_it(role: str) -> None:
    user = make_reader(role)
    assert page(user).status_code == 404
    assert AuditEvent.objects.filter(decision="denied", actor_id=user.pk).exists()


def test_the_keeper_of_a_damaged_file_sees_its_dossier_and_the_administrator_its_number() -> None:
    room, elsewhere = make_room(), make_room()
    mine, foreign = make_read_page(room), make_read_page(elsewhere)
    for one in (mine, foreign):
        note_finding(kind="file", number=one.source.stored_id, state="damaged", now=timezone.now())
        note_finding(kind="thumbnail", number=one.pk, state="missing", now=timezone.now())
    keeper = make_user()
    grant_role(keeper, "keeper", room.unit)
    body = page(keeper, "damaged_files").content.decode()
    assert reverse("digitization:dossier", args=[mine.dossier_id]) in body
    assert foreign.dossier.code not in body
    assert body.count("<tr>") == 1 + 2

    body = page(make_reader("administrator"), "damaged_files").content.decode()
    assert body.count("<tr>") == 1 + 4
    assert str(foreign.source.stored_id) in body
    assert mine.dossier.code not in body
    assert page(make_reader("operator"), "damaged_files").status_code == 404

    home = page(keeper, "digitization:home").content.decode()
    assert reverse("damaged_files") in home
    assert reverse("damaged_files") not in page(room.operator, "digitization:home").content.decode()


def test_an_empty_list_of_damaged_files_says_so() -> None:
    answer = page(make_reader("security_officer"), "damaged_files")
    assert answer.status_code == 200
    assert not FileFinding.objects.exists()
    assert "<table" not in answer.content.decode()


def test_the_tab_and_the_health_answer_say_that_something_rings() -> None:
    make_run("backup", HOUR)
    assert alarm_count() == 0
    told = Client().get("/healthz").json()
    assert (told["files"], told["backup"]) == ("ok", "ok")
    note_finding(kind="file", number=77, state="damaged", now=timezone.now())
    UpkeepRun.objects.all().delete()
    assert alarm_count() == 2
    told = Client().get("/healthz").json()
    assert (told["files"], told["backup"]) == ("failing", "late")
    assert "77" not in str(told)


def test_the_log_says_every_hour_what_rings(caplog: pytest.LogCaptureFixture) -> None:
    make_run("backup", HOUR)
    caplog.set_level(logging.ERROR)
    tell_alarms()
    assert caplog.text == ""
    UpkeepRun.objects.all().delete()
    note_finding(kind="file", number=77, state="damaged", now=timezone.now())
    tell_alarms()
    assert "backup is late" in caplog.text
    assert "stored files: 1 are not whole" in caplog.text
