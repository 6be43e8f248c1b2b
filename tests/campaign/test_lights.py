"""The stored light: the sweep, its transitions, and that two sweepers write nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, connections, transaction

from campaign.models import LightTransition, Task
from campaign.rules import start_of
from campaign.services import compare_lights, report_progress, sweep_lights
from tests.campaign.make import BEGIN, DEADLINE, START, make_campaign, make_task, owner_of


@pytest.mark.django_db
def test_a_late_sweep_writes_every_change_when_it_happened() -> None:
    task = make_task(now=BEGIN - timedelta(days=2))
    assert task.light == "grey"
    assert sweep_lights(now=DEADLINE + timedelta(days=2)) == 3
    rows = task.transitions.values_list("from_light", "to_light", "effective_at")
    start, span = start_of(START), DEADLINE - start_of(START)
    behind = start + span * 20 // 100 + timedelta(microseconds=1)
    assert list(rows) == [
        ("", "grey", BEGIN - timedelta(days=2)),
        ("grey", "green", start),
        ("green", "yellow", behind),
        ("yellow", "red", DEADLINE),
    ]
    task.refresh_from_db()
    assert (task.light, task.next_change_at) == ("red", None)
    last = task.transitions.last()
    assert last is not None
    assert last.detected_at == DEADLINE + timedelta(days=2)
    assert last.reasons[0]["code"] == "overdue"


@pytest.mark.django_db
def test_sweeping_twice_writes_once() -> None:
    make_task()
    assert sweep_lights(now=DEADLINE) == 2
    assert sweep_lights(now=DEADLINE) == 0
    assert compare_lights(now=DEADLINE)[0].differences == []


@pytest.mark.django_db
def test_the_sweep_leaves_what_is_not_due() -> None:
    task = make_task()
    report_progress(actor=owner_of(task), task=task, percent=100, now=BEGIN)
    assert sweep_lights(now=DEADLINE - timedelta(days=3, microseconds=1)) == 0
    assert sweep_lights(now=DEADLINE - timedelta(days=3)) == 1


@pytest.mark.django_db
def test_a_transition_cannot_be_written_twice() -> None:
    task = make_task()
    first = task.transitions.get()
    with pytest.raises(IntegrityError, match="transition_once"), transaction.atomic():
        LightTransition.objects.create(
            task=task,
            number=first.number,
            to_light="red",
            effective_at=BEGIN,
            detected_at=BEGIN,
        )


@pytest.mark.django_db(transaction=True)
def test_two_sweepers_at_once_write_each_change_once() -> None:
    campaign = make_campaign()
    for _ in range(20):
        make_task(campaign=campaign)

    def sweep() -> int:
        try:
            return sweep_lights(now=DEADLINE)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        written = sum(pool.map(lambda _: sweep(), range(4)))
    written += sweep_lights(now=DEADLINE)  # what a skipped lock may have left
    assert written == 40
    assert LightTransition.objects.count() == 60
    assert set(Task.objects.values_list("light", flat=True)) == {"red"}


@pytest.mark.django_db(transaction=True)
def test_the_sweep_skips_a_row_that_a_service_holds() -> None:
    held = make_task()
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        Task.objects.select_for_update().get(pk=held.pk)

        def sweep() -> int:
            try:
                return sweep_lights(now=DEADLINE)
            finally:
                connections.close_all()

        assert pool.submit(sweep).result(timeout=20) == 0
    assert sweep_lights(now=DEADLINE) == 2
    connection.close()
