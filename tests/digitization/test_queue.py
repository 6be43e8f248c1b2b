"""The queue: one worker per page, leases, pauses, fairness, results once."""

import threading
from datetime import timedelta

import pytest
import redis
from celery import current_app
from django.db import connection
from django.db.models import F
from django.utils import timezone

from digitization import queue, reading, services, tasks
from digitization.models import OcrJob, Page
from digitization.ocr import PageReading
from digitization.rules import ATTEMPTS
from tests.digitization.make import NOW, make_dossier, make_pages, make_room
from tests.security.make import make_unit


def read(text: str = "Hòa bình") -> PageReading:
    return PageReading(
        text=text, words=[], width=10, height=20, rotation=0, skew=0.0, blank=False,
        mean_confidence=90.0, derivative=b"picture", thumbnail=b"small", engine="test",
        engine_version="1", seconds=0.1,
    )  # fmt: skip


def silence(taken: queue.Claim) -> None:
    """The lease of this attempt ended a moment ago."""
    OcrJob.objects.filter(pk=taken.job_id).update(lease_until=F("lease_until") - timedelta(hours=1))


@pytest.mark.django_db
def test_a_claim_is_a_lease() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    taken = queue.claim(worker="w1")
    assert taken is not None
    assert (taken.page_id, taken.attempt, taken.attempts_left) == (page.pk, 1, ATTEMPTS - 1)
    job = OcrJob.objects.get()
    assert (job.state, job.worker) == ("running", "w1")
    assert timedelta(seconds=50) < job.lease_until - timezone.now() < timedelta(seconds=70)
    assert queue.claim(worker="w2") is None


@pytest.mark.django_db
def test_a_result_is_written_once_and_only_by_the_attempt_that_holds_the_page() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    lost = queue.claim(worker="slow")
    assert lost is not None
    silence(lost)
    assert queue.requeue_expired() == 1
    mine = queue.claim(worker="quick")
    assert mine is not None
    assert mine.attempt == 2
    assert not queue.beat(lost)
    assert not reading.write_result(lost, page, read("từ máy chậm"))
    assert reading.write_result(mine, page, read("Hòa bình"))
    assert not reading.write_result(mine, page, read("hai lần"))
    page.refresh_from_db()
    assert (page.text, page.text_folded, page.version) == ("Hòa bình", "hoa binh", 2)
    job = OcrJob.objects.get()
    assert (job.state, job.engine, job.seconds, job.attempts) == ("done", "test", 0.1, 2)
    assert queue.claim(worker="x") is None


@pytest.mark.django_db
def test_a_second_reading_keeps_the_correction() -> None:
    room = make_room()
    page = make_pages(make_dossier(room))[0]
    services.correct_text(actor=room.operator, page=page, text="Đúng", version=1, now=NOW)
    taken = queue.claim(worker="w")
    assert taken is not None
    assert reading.write_result(taken, page, read("Sai"))
    page.refresh_from_db()
    assert (page.text, page.current_text, page.text_folded) == ("Sai", "Đúng", "dung")


@pytest.mark.django_db
def test_a_page_rests_after_a_failure_and_fails_for_good_after_three() -> None:
    room = make_room()
    make_pages(make_dossier(room))
    pauses = []
    for _ in range(ATTEMPTS):
        OcrJob.objects.update(not_before=timezone.now() - timedelta(seconds=1))
        taken = queue.claim(worker="w")
        assert taken is not None
        assert queue.fail(taken, error="engine")
        job = OcrJob.objects.get()
        pauses.append(round((job.not_before - timezone.now()).total_seconds()))
        assert queue.claim(worker="w") is None
    assert pauses == [15, 60, 0]
    assert (job.state, job.error_code) == ("failed", "engine")
    assert services.retry_failed(actor=room.operator, on=job.page, now=timezone.now()) == 1
    again = queue.claim(worker="w")
    assert again is not None
    assert (again.attempt, again.attempts_left) == (4, 2)


@pytest.mark.django_db
def test_a_page_that_kills_its_workers_fails_in_the_end() -> None:
    room = make_room()
    make_pages(make_dossier(room))
    for _ in range(ATTEMPTS):
        taken = queue.claim(worker="w")
        assert taken is not None
        silence(taken)
        assert queue.requeue_expired() == 1
    job = OcrJob.objects.get()
    assert (job.state, job.error_code, job.attempts) == ("failed", "worker_lost", 3)


@pytest.mark.django_db
def test_a_lease_that_is_kept_alive_does_not_expire() -> None:
    room = make_room()
    make_pages(make_dossier(room))
    taken = queue.claim(worker="w")
    assert taken is not None
    silence(taken)
    assert queue.beat(taken)
    assert queue.requeue_expired() == 0


@pytest.mark.django_db
def test_units_and_lots_take_turns() -> None:
    """A unit with many lots and pages does not starve a unit with one page."""
    big = make_room()
    second = services.create_lot(
        actor=big.keeper, programme=big.programme, code="second", now=NOW,
        assigned_to=big.operator,
    )  # fmt: skip
    make_pages(make_dossier(big), 10)
    make_pages(make_dossier(big, lot=second), 10)
    small = make_room(unit=make_unit())
    make_pages(make_dossier(small), 2)
    order = []
    for _ in range(4):
        taken = queue.claim(worker="w")
        assert taken is not None
        order.append(OcrJob.objects.get(pk=taken.job_id).lot_id)
    assert order.count(small.lot.pk) == 2
    assert {big.lot.pk, second.pk} < set(order)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_claim_every_page_once() -> None:
    room = make_room()
    dossier = make_dossier(room)
    for _ in range(6):
        make_pages(dossier, 10)
    taken: list[int] = []

    def worker(name: str) -> None:
        try:
            while (got := queue.claim(worker=name)) is not None:
                taken.append(got.page_id)
                queue.close(got, state="done")
        finally:
            connection.close()

    threads = [threading.Thread(target=worker, args=(f"w{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(taken) == sorted(Page.objects.values_list("pk", flat=True))
    counter = room.lot.counter
    counter.refresh_from_db()
    assert (counter.queued, counter.running, counter.recognised) == (0, 0, 60)
    assert set(OcrJob.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db
def test_a_page_whose_bytes_are_gone_fails_with_its_reason_and_stops_nobody() -> None:
    room = make_room()
    make_pages(make_dossier(room))
    OcrJob.objects.update(attempts_left=1)
    assert reading.recognise_one(worker="w")
    job = OcrJob.objects.get()
    assert (job.state, job.error_code) == ("failed", "file_missing")
    assert not reading.recognise_one(worker="w")


def waiting(url: str) -> int:
    with redis.Redis.from_url(url) as server:
        return int(server.llen("ocr"))


@pytest.mark.django_db
def test_lost_wake_ups_are_sent_again_but_never_pile_up(broker_url: str) -> None:
    room = make_room()
    make_pages(make_dossier(room), 5)
    with redis.Redis.from_url(broker_url) as server:
        server.delete("ocr")
    tasks.requeue_expired()
    assert waiting(broker_url) == 5
    tasks.requeue_expired()
    assert waiting(broker_url) == 5
    with redis.Redis.from_url(broker_url) as server:
        server.delete("ocr")
    assert current_app.conf.task_acks_late


@pytest.mark.django_db
def test_nothing_waiting_sends_nothing(broker_url: str) -> None:
    with redis.Redis.from_url(broker_url) as server:
        server.delete("ocr")
    tasks.requeue_expired()
    assert waiting(broker_url) == 0
