"""Exports against rights that end in the middle, with a real worker; and against large ones."""

from __future__ import annotations

import io
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digitization import export_queue, jpeg_pdf, services
from digitization.models import Page, PageExport
from security import files
from security.audit import TrailError
from security.models import AuditEvent, User
from tests.digitization.exports import ask, draw, fresh, make_drawn, picture, work
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.security.attacks import client_of
from tests.security.faults import full_disk
from tests.security.make import make_officer

WITHIN = 90  # seconds; several suites may share two cores
real = pytest.mark.django_db(transaction=True)


def wait_for(condition: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < until, what
        time.sleep(0.05)


def leave(user: User) -> None:
    user.role_grants.update(valid_to=timezone.now())


def stored(directory: Path) -> set[str]:
    return {str(path) for path in directory.rglob("*") if path.is_file()}


def long_request(number: int = 150) -> tuple[User, PageExport]:
    """A request of many pages, agreed to, with no worker told of it yet."""
    room = make_room()
    dossier = make_dossier(room)
    pages = make_pages(dossier, number, state="done")
    draw(pages[:1])
    Page.objects.filter(dossier=dossier).update(derivative=pages[0].derivative)
    head = make_officer("unit_head", unit=room.unit)
    export = ask(room.keeper, dossier)
    assert not export.alone
    services.approve_export(actor=head, export=export, now=timezone.now())
    return room.keeper, export


def nothing_to_download(user: User, export: PageExport) -> None:
    client: Client = client_of(user)
    for name, method in (("export_download", "post"), ("export_file", "get"), ("export", "get")):
        answer = getattr(client, method)(reverse(f"digitization:{name}", args=[export.number]))
        assert answer.status_code in (302, 404)
        assert b"%PDF" not in answer.content


@real
def test_a_role_that_ends_while_the_file_is_being_made_ends_the_export(
    celery_worker_process: Any, settings: Any
) -> None:
    asker, export = long_request()
    before = stored(settings.DATA_DIR)
    wait_for(lambda: fresh(export).done >= 3, "the worker has not begun")
    leave(asker)
    wait_for(lambda: fresh(export).state != "running", "the worker went on")
    row = fresh(export)
    assert (row.state, row.blob) == ("withdrawn", "")
    assert 3 <= row.done < row.page_count
    assert stored(settings.DATA_DIR) == before  # nothing of it stays on the disk
    event = AuditEvent.objects.get(action="export.withdrawn")
    assert (event.decision, event.object_id, event.reason) == (
        "denied",
        export.number,
        "access ended",
    )
    assert event.actor_id == asker.pk
    nothing_to_download(asker, export)
    assert not AuditEvent.objects.filter(action="export.made").exists()


@real
def test_one_page_classified_higher_in_the_middle_ends_it_too(celery_worker_process: Any) -> None:
    _asker, export = long_request()
    wait_for(lambda: fresh(export).done >= 2, "the worker has not begun")
    Page.objects.filter(pk=export.page_ids[-1]).update(sensitivity=2)
    wait_for(lambda: fresh(export).state != "running", "the worker went on")
    assert fresh(export).state == "withdrawn"


@real
def test_cancelling_stops_the_worker_and_leaves_nothing(
    celery_worker_process: Any, settings: Any
) -> None:
    asker, export = long_request()
    before = stored(settings.DATA_DIR)
    wait_for(lambda: fresh(export).done >= 2, "the worker has not begun")
    services.cancel_export(actor=asker, export=export, now=timezone.now())
    time.sleep(1.5)
    assert fresh(export).state == "cancelled"
    assert fresh(export).done < export.page_count
    assert stored(settings.DATA_DIR) == before


@real
@pytest.mark.long
def test_a_worker_killed_in_the_middle_is_followed_by_one_that_begins_anew(
    celery_worker_process: Any, settings: Any
) -> None:
    _asker, export = long_request(60)
    wait_for(lambda: fresh(export).done >= 2, "the worker has not begun")
    celery_worker_process.kill()
    assert fresh(export).state == "running"
    assert export_queue.requeue_expired() == 0  # its lease still runs
    celery_worker_process.start()
    PageExport.objects.update(lease_until=timezone.now())
    services.sweep_exports(now=timezone.now())
    wait_for(lambda: fresh(export).state == "ready", f"left: {fresh(export).state}")
    row = fresh(export)
    assert (row.attempts, row.done) == (2, 60)
    with files.open_whole(row.blob) as opened, pikepdf.open(io.BytesIO(opened.read())) as pdf:
        assert len(pdf.pages) == 60
    assert AuditEvent.objects.filter(action="export.made").count() == 1


@pytest.mark.django_db
def test_a_link_made_before_the_right_ended_opens_nothing_after() -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    assert work()
    client = client_of(room.keeper)
    link = client.post(reverse("digitization:export_download", args=[export.number]))["Location"]
    page = fresh(export).page_ids[0]
    Page.objects.filter(pk=page).update(sensitivity=2)
    room.keeper.role_grants.update(max_sensitivity=1)
    answer = client.get(link)
    assert answer.status_code == 302
    assert fresh(export).state == "withdrawn"
    leave(room.keeper)
    assert client.get(link).status_code == 302  # to the sign-in: his session is over, too
    assert fresh(export).downloads == 0


# --- a trail that cannot be written -----------------------------------------------------


@real
def test_without_its_line_nothing_is_downloaded() -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    assert work()
    client = client_of(room.keeper)
    link = client.post(reverse("digitization:export_download", args=[export.number]))["Location"]
    with full_disk():
        answer = client.get(link)
    assert answer.status_code == 503
    assert b"%PDF" not in answer.content
    assert fresh(export).downloads == 0
    assert client.get(link).status_code == 200


@real
def test_without_its_line_nothing_is_made_and_nothing_stays(settings: Any) -> None:
    room = make_room()
    export = ask(room.keeper, make_drawn(room)[0].dossier)
    before = stored(settings.DATA_DIR)
    with full_disk(), pytest.raises(TrailError):
        work()
    assert (fresh(export).state, fresh(export).blob) == ("running", "")
    assert stored(settings.DATA_DIR) == before
    PageExport.objects.update(lease_until=timezone.now())
    services.sweep_exports(now=timezone.now())
    assert work()
    assert fresh(export).state == "ready"


def test_a_thousand_pages_take_no_more_memory_than_one() -> None:
    content = picture("x", size=(800, 1130))

    def most_for(pages: int) -> int:
        tracemalloc.start()
        written = sum(map(len, jpeg_pdf.pdf_of((content for _ in range(pages)), title="XT")))
        _now, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert written > pages * len(content)
        return most

    most_for(1)  # imports
    assert most_for(1000) - most_for(1) < 1_500_000  # a few numbers for each page, no picture
