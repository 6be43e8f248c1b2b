"""Work that outlives the right to it: jobs, exports, writes past the history."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from digitization import queue, reading, services
from digitization.models import OcrJob, Page, SourceFile
from digitization.ocr import PageReading
from digitization.services import receive_file
from security.models import AuditEvent, User
from security.services import RefusedError
from tests.digitization.make import chunks, make_dossier, make_pages, make_room, scan
from tests.security.attacks import Unchanged, client_of
from tests.security.links import picture

SOURCES = ("campaign", "config", "dashboard", "digitization", "records", "security")


def leave(user: User) -> None:
    user.role_grants.update(valid_to=timezone.now())
    user._scopes = None


def reading_of(text: str) -> PageReading:
    return PageReading(
        text=text, words=[], width=10, height=20, rotation=0, skew=0.0, blank=False,
        mean_confidence=90.0, derivative=b"picture", thumbnail=b"small", engine="test",
        engine_version="1", seconds=0.1,
    )  # fmt: skip


# --- jobs -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_page_is_read_for_the_unit_after_its_sender_left_who_sees_nothing_of_it() -> None:
    """The scan is the unit's, not the sender's: the work goes on and says on whose behalf."""
    room = make_room()
    dossier = make_dossier(room)
    page = make_pages(dossier)[0]
    client = client_of(room.operator)
    leave(room.operator)
    taken = queue.claim(worker="w")
    assert taken is not None
    page = Page.objects.select_related("source__stored", "dossier__unit").get(pk=page.pk)
    assert reading.write_result(taken, page, reading_of("lời canaryxyz"))
    event = AuditEvent.objects.get(action="page.recognised", object_id=str(page.pk))
    assert event.reason == f"on behalf of user {room.operator.pk}"
    assert event.actor_id is None
    assert not Page.objects.visible_to(room.operator).exists()
    for address in (
        f"/digitization/pages/{page.pk}/",
        picture(client, page.pk),
        f"/digitization/dossiers/{dossier.pk}/",
        "/digitization/search/?q=canaryxyz",
    ):
        answer = client.get(address)
        assert answer.status_code in (302, 404)
        assert "lời" not in answer.content.decode()
    assert Page.objects.visible_to(room.inspector).get().text == "lời canaryxyz"


@pytest.mark.django_db
def test_an_upload_that_began_before_the_role_ended_is_refused_at_its_end(settings: Any) -> None:
    """The right is asked for when the file is there, not when the page with the form was."""
    room = make_room()
    dossier = make_dossier(room)
    leave(room.operator)
    with Unchanged(), pytest.raises(RefusedError):
        receive_file(
            actor=room.operator,
            dossier=dossier,
            name="a.png",
            chunks=chunks(scan()),
            now=timezone.now(),
        )
    assert not SourceFile.objects.exists()
    assert not [path for path in settings.DATA_DIR.rglob("*") if path.is_file()]


@pytest.mark.django_db
def test_a_retry_asked_for_by_somebody_who_left_does_not_queue_anything() -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, state="failed")
    leave(room.operator)
    with Unchanged(), pytest.raises(RefusedError):
        services.retry_failed(actor=room.operator, on=dossier, now=timezone.now())
    assert OcrJob.objects.get().state == "failed"


@pytest.mark.django_db
def test_a_result_that_comes_twice_is_written_once_and_told_once() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    taken = queue.claim(worker="w")
    assert taken is not None
    page = Page.objects.select_related("source__stored", "dossier__unit").get(pk=page.pk)
    assert reading.write_result(taken, page, reading_of("một"))
    with Unchanged():
        assert not reading.write_result(taken, page, reading_of("hai"))
    assert AuditEvent.objects.filter(action="page.recognised").count() == 1


# --- exports ----------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["export_text", "export_fields"])
def test_an_export_for_somebody_who_left_writes_nothing(command: str, tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    make_pages(dossier, state="done", text="lời canaryxyz")
    leave(room.operator)
    out = tmp_path / "out"
    arguments = ["--dossier", dossier.code, "--out", str(out), "--as", room.operator.username]
    with pytest.raises(CommandError):
        call_command(command, *arguments, stdout=StringIO())
    assert not out.exists()
    assert AuditEvent.objects.filter(
        action="dossier.exported", decision="denied", actor_id=room.operator.pk
    ).exists()


@pytest.mark.django_db
def test_an_export_on_somebodys_behalf_leaves_out_what_he_may_not_see(tmp_path: Path) -> None:
    room = make_room()
    dossier = make_dossier(room)
    open_page, hidden = make_pages(dossier, 2, state="done", text="lời")
    Page.objects.filter(pk=hidden.pk).update(sensitivity=2, text="canaryxyz")
    room.operator.role_grants.update(max_sensitivity=1)
    arguments = ["--dossier", dossier.code, "--out", str(tmp_path), "--as", room.operator.username]
    call_command("export_text", *arguments, stdout=StringIO())
    written = [path.read_text("utf-8") for path in tmp_path.iterdir()]
    assert written == [open_page.text]
    event = AuditEvent.objects.get(action="dossier.exported", decision="allowed")
    assert event.actor_id == room.operator.pk


# --- history ----------------------------------------------------------------------------

PAST_THE_HISTORY = {"update", "bulk_create", "bulk_update", "delete", "update_or_create_bulk"}
# What may write so: (file, model, call) with its reason beside it.
ALLOWED = {
    # The cache of the light, whose columns the history leaves out; transitions are its history.
    ("campaign/services/lights.py", "Task", "bulk_update"),
    ("campaign/services/lights.py", "Task", "update"),
    ("campaign/services/policies.py", "Task", "update"),
    # Pages as they came and as the machine read them; the history keeps what people change.
    ("digitization/services/receiving.py", "Page", "bulk_create"),
    ("digitization/reading.py", "Page", "update"),
}


def historied() -> dict[str, set[str]]:
    """Model with a history → names by which other models reach its rows."""
    found: dict[str, set[str]] = {}
    for model in apps.get_models():
        if not hasattr(model, "history") or model.__name__.startswith("Historical"):
            continue
        relations: Any = (field for field in model._meta.get_fields() if field.many_to_one)
        names = {str(field.remote_field.get_accessor_name()) for field in relations}
        found[model.__name__] = {name for name in names if name and not name.endswith("+")}
    return found


def chain(node: ast.expr) -> Iterator[str]:
    """Names of ``a.b(…).c[…].d(…)`` from the outside in."""
    while True:
        if isinstance(node, ast.Attribute):
            yield node.attr
            node = node.value
        elif isinstance(node, ast.Call):
            node = node.func
        elif isinstance(node, ast.Subscript):
            node = node.value
        else:
            if isinstance(node, ast.Name):
                yield node.id
            return


def writes_past_the_history(source: str, models: dict[str, set[str]]) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in PAST_THE_HISTORY:
            continue
        names = set(chain(node.func.value))
        for model, relations in models.items():
            if model in names or relations & names:
                yield model, node.func.attr


def test_no_code_writes_a_historied_row_past_its_history() -> None:
    models = historied()
    assert {"Task", "Product", "Member", "Cadre", "Person", "IndexValue"} <= models.keys()
    found = {
        (str(path.relative_to(settings.BASE_DIR)), model, call)
        for app in SOURCES
        for path in sorted(Path(settings.BASE_DIR, app).rglob("*.py"))
        if "migrations" not in path.parts and "bench" not in path.parts
        for model, call in writes_past_the_history(path.read_text("utf-8"), models)
    }
    assert sorted(found - ALLOWED) == []


def test_the_house_rule_sees_such_a_write() -> None:
    models = {"Task": {"tasks"}}
    for line in (
        "Task.objects.filter(pk=1).update(level=0)",
        "Task._default_manager.bulk_create([])",
        "campaign.tasks.all().delete()",
        "Task.objects.visible_to(user)[:3].update(a=1)",
    ):
        assert list(writes_past_the_history(line, models)), line
    assert not list(writes_past_the_history("task.save()", models))
