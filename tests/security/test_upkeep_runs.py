"""Runs of the jobs that keep the installation are recorded: numbers and codes only."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction

from security.models import AuditEvent, UpkeepRun
from security.services.upkeep_runs import (
    BROKEN_OFF_AFTER,
    EVENTS,
    alone,
    begin_run,
    finish_run,
    recorded,
)

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)


def test_a_run_is_there_while_it_runs_and_ends_with_figures_and_a_line_of_the_trail() -> None:
    with recorded("backup") as running:
        row = UpkeepRun.objects.running().get()
        running.figures["bytes"] = 12
        running.said = "full"
    run = UpkeepRun.objects.get()
    assert (run.pk, run.outcome, run.figures, run.said) == (row.pk, "ok", {"bytes": 12}, "full")
    assert run.finished_at is not None
    line = AuditEvent.objects.get(action="backup.made")
    assert (line.object_type, line.object_id) == ("security.upkeeprun", str(run.pk))
    assert line.reason == "ok; bytes 12; full"


def test_what_breaks_a_run_goes_on_its_way_and_is_named_by_its_class_alone() -> None:
    def drill() -> None:
        with recorded("drill") as running:
            running.figures["rows"] = 3
            raise OSError("Nguyễn Văn A")

    with pytest.raises(OSError, match="Nguyễn"):
        drill()
    run = UpkeepRun.objects.get()
    assert (run.outcome, run.said, run.figures) == ("failed", "OSError", {"rows": 3})
    assert AuditEvent.objects.get(action="backup.drilled").reason == "failed; rows 3; OSError"


def test_problems_are_an_outcome_of_their_own() -> None:
    with recorded("fixity") as running:
        running.problems = True
    assert UpkeepRun.objects.get().outcome == "problems"


def test_names_do_not_get_into_what_a_run_says() -> None:
    run = finish_run(
        run=begin_run(kind="backup", now=NOW), outcome="ok", said="dir=/srv/Nguyễn é", now=LATER
    )
    assert run.said == "dir= srv Nguy n"
    with pytest.raises(IntegrityError), transaction.atomic():
        UpkeepRun.objects.update(said="hồ sơ")


def test_a_run_ends_once_and_says_how() -> None:
    run = finish_run(run=begin_run(kind="sweep", now=NOW), outcome="ok", now=LATER)
    with pytest.raises(ValueError, match="has ended"):
        finish_run(run=run, outcome="failed", now=LATER)
    with pytest.raises(ValueError, match="soso"):
        finish_run(run=begin_run(kind="sweep", now=NOW), outcome="soso", now=LATER)
    with pytest.raises(IntegrityError), transaction.atomic():
        UpkeepRun.objects.filter(pk=run.pk).update(outcome="")


def test_a_killed_run_is_closed_by_the_next_one_of_its_kind() -> None:
    dead = begin_run(kind="fixity", now=NOW - BROKEN_OFF_AFTER - timedelta(minutes=1))
    other = begin_run(kind="backup", now=NOW - BROKEN_OFF_AFTER - timedelta(minutes=1))
    young = begin_run(kind="fixity", now=NOW - timedelta(hours=1))
    begin_run(kind="fixity", now=NOW)
    for run in (dead, other, young):
        run.refresh_from_db()
    assert (dead.outcome, dead.said) == ("failed", "broken_off")
    assert other.finished_at is None
    assert young.finished_at is None


def test_the_newest_good_run_is_found_behind_a_failed_one() -> None:
    good = finish_run(run=begin_run(kind="backup", now=NOW), outcome="ok", now=NOW)
    bad = finish_run(run=begin_run(kind="backup", now=LATER), outcome="failed", now=LATER)
    begin_run(kind="backup", now=LATER)
    assert UpkeepRun.objects.newest("backup") == bad
    assert UpkeepRun.objects.newest_good("backup") == good


def test_every_kind_has_its_word_in_the_trail() -> None:
    assert set(EVENTS) == set(UpkeepRun.Kind)


@pytest.mark.django_db(transaction=True)
def test_a_job_delivered_twice_is_done_once() -> None:
    found: list[bool] = []

    def deliver() -> None:
        with alone("fixity") as mine:
            found.append(mine)
        connection.close()

    with alone("fixity") as mine, alone("sweep") as another:
        again = threading.Thread(target=deliver)
        again.start()
        again.join(10)
    assert (mine, another, found) == (True, True, [False])
    with alone("fixity") as mine:
        assert mine
