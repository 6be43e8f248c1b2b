"""A denial stays on the trail although everything else of its request was rolled back.

These tests commit: nothing around them would hide a line that went with a rollback.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import transaction
from django.test import Client
from django.urls import reverse

from config.refusals import forged
from digitization.models import Lot, Page
from digitization.services import accept_lot
from security.models import AuditEvent, RoleGrant, User
from security.services import RefusedError
from tests.digitization.make import make_dossier, make_pages, make_room, scan
from tests.security.make import make_officer, make_user
from tests.security.test_trail_complete import APPS, ROOT

commits = pytest.mark.django_db(transaction=True)
HTMX = {"HX-Request": "true"}


def enter(user: User, **options: bool) -> Client:
    client = Client(**options)  # type: ignore[arg-type]
    client.force_login(user)
    return client


def denials(user: User) -> list[str]:
    rows = AuditEvent.objects.filter(actor_id=user.pk, decision="denied").order_by("id")
    return list(rows.values_list("action", flat=True))


@commits
def test_a_service_that_refuses_changes_nothing_and_the_denial_stays() -> None:
    administrator = make_officer("administrator")
    grants = RoleGrant.objects.count()
    answer = enter(administrator).post(
        reverse("security:person", args=[administrator.pk]),
        {
            "role": "operator",
            "unit": administrator.unit.code,
            "max_level": "1",
            "max_sensitivity": "1",
            "reason": "Tự giao",
        },
    )
    assert answer.status_code in (302, 404, 422)
    assert RoleGrant.objects.count() == grants
    assert denials(administrator)
    assert not AuditEvent.objects.filter(action="role.granted", object_id="").exists()


@commits
def test_the_denial_of_a_refused_service_is_written_after_its_rollback() -> None:
    """Inside, the service wrote nothing that could stay; the view writes when it is over."""
    room = make_room()
    before = AuditEvent.objects.count()
    with pytest.raises(RefusedError), transaction.atomic():
        accept_lot(actor=room.operator, lot=room.lot, now=room.lot.created_at)
    assert AuditEvent.objects.count() == before
    answer = enter(room.inspector).post(reverse("digitization:lot_assign", args=[room.lot.pk]))
    assert answer.status_code == 404
    assert denials(room.inspector) == ["digitization.manage"]
    assert Lot.objects.get().assigned_to == room.operator


@commits
def test_a_denial_of_an_htmx_request_stays() -> None:
    room = make_room()
    (page,) = make_pages(make_dossier(room), text="chữ")
    stranger = make_officer("operator")
    address = reverse("digitization:page_text", args=[page.pk])
    answer = enter(stranger).post(address, {"value": "x", "version": "1"}, headers=HTMX)
    assert answer.status_code == 404
    assert denials(stranger) == ["read"]
    assert Page.objects.get().corrected is None


@commits
def test_a_denial_of_the_api_stays() -> None:
    nobody = make_user()
    assert enter(nobody).get("/api/v1/members/1/").status_code == 404
    assert enter(nobody).get("/api/v1/members/").status_code == 404
    assert denials(nobody) == ["read", "records.view"]


@commits
def test_a_denial_of_a_command_run_for_somebody_stays(tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    reader = make_officer("keeper", unit=room.unit)
    file = tmp_path / "a.png"
    file.write_bytes(scan())
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command(
            "ingest", str(file), "--dossier", dossier.code, "--as", reader.username, stdout=out
        )
    assert '"not_allowed"' in out.getvalue()
    assert denials(reader) == ["digitization.upload"]
    assert dossier.files.count() == 0


@commits
def test_a_form_that_another_site_sent_in_somebodys_name_is_a_denial() -> None:
    administrator = make_officer("administrator")
    address = reverse("security:person_new")
    answer = enter(administrator, enforce_csrf_checks=True).post(address, {"username": "x"})
    assert answer.status_code == 403
    assert denials(administrator) == ["request.forged"]
    before = AuditEvent.objects.count()
    stranger = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "x"})
    assert stranger.status_code == 403
    assert AuditEvent.objects.count() == before
    assert f"{forged.__module__}.{forged.__name__}" == settings.CSRF_FAILURE_VIEW


# --- house rule -------------------------------------------------------------------------


def test_no_request_is_one_transaction() -> None:
    """Else every denial would go with the request that it denied."""
    assert settings.DATABASES["default"]["ATOMIC_REQUESTS"] is False


def test_no_denial_is_written_where_it_would_be_rolled_back() -> None:
    found = [f"{name}:{line}" for name, line in denied_inside()]
    assert found == []


def denied_inside() -> Iterator[tuple[str, int]]:
    """``audit.record(… decision="denied")`` in an atomic function or an atomic block."""
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if _is_atomic(node):
                    yield from ((str(path), line) for line in _denials(node))


def _is_atomic(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef):
        return any("atomic" in ast.dump(mark) for mark in node.decorator_list)
    return isinstance(node, ast.With) and any("atomic" in ast.dump(one) for one in node.items)


def _denials(node: ast.AST) -> Iterator[int]:
    for call in ast.walk(node):
        if isinstance(call, ast.Call):
            for keyword in call.keywords:
                denied = isinstance(keyword.value, ast.Constant) and keyword.value.value == "denied"
                if keyword.arg == "decision" and denied:
                    yield call.lineno


def test_the_rule_itself_finds_one() -> None:
    source = 'with transaction.atomic():\n    audit.record("x", actor=None, decision="denied")\n'
    (block,) = ast.parse(source).body
    assert _is_atomic(block)
    assert list(_denials(block)) == [2]
