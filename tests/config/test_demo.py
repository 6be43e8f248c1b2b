"""The demonstration: everybody can sign in, the board says why it is red, nothing is done twice.

No test here asks for the ``db`` fixture: all look into one demonstration, built once.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import date, timedelta
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import authenticate
from django.core.management import call_command
from django.db import transaction
from django.test import RequestFactory
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from campaign.models import LightTransition, Task
from campaign.models.tasks import TaskQuerySet
from config.demo import accounts
from config.demo.build import build, plan_start
from config.launcher.words import DEMO_PEOPLE
from digitization.models import Lot, OcrJob
from digitization.selectors.lots import current_lot, index_gaps
from records.models import Cadre, Member
from security.models import AuditEvent, Role, RoleGrant, User
from security.services import load_roles


@pytest.fixture(scope="module")
def demo(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[dict[str, int]]:
    """The demonstration built once for this module, and rolled back after it."""
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        files = tmp_path_factory.mktemp("demo")
        patch.setattr("django.conf.settings.VAR_DIR", files)
        patch.setattr("django.conf.settings.DATA_DIR", files / "data")
        with transaction.atomic():
            load_roles()
            call_command("load_reference", stdout=StringIO())
            yield build(now=timezone.now())
            transaction.set_rollback(True)


@pytest.fixture
def in_demo(
    demo: dict[str, int], db: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[dict[str, int]]:
    """Reads and undone writes inside the built demonstration."""
    with django_db_blocker.unblock(), transaction.atomic():
        yield demo
        transaction.set_rollback(True)


# --- people -----------------------------------------------------------------------------


def test_every_sign_in_exists_with_its_role_and_the_one_password(in_demo: dict[str, int]) -> None:
    password = accounts.demo_password()
    names = {name for name, _who, _first in DEMO_PEOPLE}
    assert names <= set(User.objects.values_list("username", flat=True))
    for name in names:
        assert User.objects.get(username=name).check_password(password), name
    held = dict(RoleGrant.objects.values_list("user__username", "role_id"))
    assert {held[name] for name in names} == {
        *("head", "deputy", "office", "unit_head", "unit_staff", "operator", "inspector"),
        *("keeper", "cell_secretary", "member", "security_officer", "administrator"),
    }


def test_the_printed_password_is_enough(in_demo: dict[str, int]) -> None:
    assert not Role.objects.filter(mfa_required=True).exists()
    waived = AuditEvent.objects.filter(action="role.mfa_changed", reason="waived")
    assert {line.object_id for line in waived} >= {"head", "keeper", "administrator"}


def test_a_wrong_password_opens_nothing(in_demo: dict[str, int]) -> None:
    request = RequestFactory().post("/accounts/login/")
    assert authenticate(request, username="truongban", password="demo-demo-demo") is None


def test_password_file_is_for_its_owner_alone(in_demo: dict[str, int]) -> None:
    path = accounts.password_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_text().strip()) >= 12


# --- campaign ---------------------------------------------------------------------------


@pytest.mark.parametrize("day", [date(2026, 11, 20) + timedelta(days=n) for n in range(7)])
def test_every_day_lies_in_week_4_of_a_plan_that_begins_on_a_friday(day: date) -> None:
    start = plan_start(day)
    assert start.weekday() == 4
    assert 21 <= (day - start).days <= 27


def of_the_campaign() -> TaskQuerySet:
    """Tasks of the campaign of weeks; the roadmap beside it has its own."""
    rows: TaskQuerySet = Task.objects.filter(campaign__code="CD45")
    return rows


def test_the_roadmap_lies_beside_the_campaign(in_demo: dict[str, int]) -> None:
    assert in_demo["roadmap_tasks"] == 48
    roadmap = Task.objects.filter(campaign__code="HX2630")
    assert not roadmap.exclude(state__in=["active", "done"]).exists()
    seen = {
        name: set(
            Task.objects.visible_to(User.objects.get(username=name)).values_list(
                "campaign__code", flat=True
            )
        )
        for name in ("truongban", "hx.bithu", "chuyenvien")
    }
    assert seen["truongban"] == {"CD45", "HX2630"}
    assert seen["hx.bithu"] == {"HX2630"}
    assert seen["chuyenvien"] == {"CD45"}


def test_board_has_reds_and_yellows_with_reasons(in_demo: dict[str, int]) -> None:
    assert in_demo["tasks"] == in_demo["active"] == 74
    lights = list(of_the_campaign().on_board().values_list("light", flat=True))
    assert lights.count("red") == 3
    assert 5 <= lights.count("yellow") <= 10
    assert lights.count("done") >= 15
    for task in Task.objects.with_light("red", "yellow"):
        last = LightTransition.objects.filter(task=task).order_by("-number")[0]
        assert last.reasons, task.code
        assert task.owner is not None


def test_one_red_task_was_never_reported(in_demo: dict[str, int]) -> None:
    assert of_the_campaign().with_light("red").filter(reports=None).count() == 1


def test_the_past_can_be_asked_for(in_demo: dict[str, int]) -> None:
    now = timezone.now()
    for days in (3, 8, 15):
        assert of_the_campaign().lit(now - timedelta(days=days)).count() == 74
    assert not LightTransition.objects.filter(effective_at__gt=now).exists()


def test_staff_and_unit_head_have_work_of_their_own(in_demo: dict[str, int]) -> None:
    for name in ("chuyenvien", "donvi"):
        user = User.objects.get(username=name)
        assert Task.objects.visible_to(user).owned_by(user).active().exists(), name


# --- records ----------------------------------------------------------------------------


def test_about_300_members_and_20_cadres_seen_by_whom_they_concern(
    in_demo: dict[str, int],
) -> None:
    seen = {
        name: Member.objects.visible_to(User.objects.get(username=name)).count()
        for name in ("hoso", "chibo", "dangvien", "truongban")
    }
    assert seen == {"hoso": 300, "chibo": 56, "dangvien": 1, "truongban": 0}
    assert Cadre.objects.count() >= 20
    own = Member.objects.visible_to(User.objects.get(username="dangvien")).get()
    assert own.display_name == "Đặng Thu Phương"


def test_people_of_the_scanned_forms_are_in_the_register(in_demo: dict[str, int]) -> None:
    forms = sorted((settings.BASE_DIR / "digitization/demo_scans/fields").glob("*.json"))
    assert forms
    for path in forms:
        form = json.loads(path.read_text(encoding="utf-8"))
        member = Member.objects.get(person__personal_id=form["so_cccd"])
        assert member.card_number == form["so_the"]
        assert member.unit.name == form["don_vi"]


# --- scans ------------------------------------------------------------------------------


def test_scans_wait_to_be_read_and_the_operator_has_a_lot_to_upload_to(
    in_demo: dict[str, int],
) -> None:
    assert OcrJob.objects.count() == in_demo["scanned_pages"] == 33
    lot = current_lot(User.objects.get(username="sohoa"))
    assert lot is not None
    assert not lot.dossiers.exists()
    assert Lot.objects.count() == 3


def test_first_lot_has_its_index_data_and_the_second_has_not(in_demo: dict[str, int]) -> None:
    assert index_gaps(Lot.objects.get(code="LÔ-01")) == []
    assert len(index_gaps(Lot.objects.get(code="LÔ-02"))) == 5


def test_a_second_run_changes_nothing(in_demo: dict[str, int]) -> None:
    before = Task.objects.count(), User.objects.count(), Member.objects.count()
    out = StringIO()
    call_command("demo", "--json", stdout=out)
    assert json.loads(out.getvalue()) == {"created": False}
    assert (Task.objects.count(), User.objects.count(), Member.objects.count()) == before
