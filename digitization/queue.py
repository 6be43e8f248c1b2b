"""The queue of pages lives in PostgreSQL; a broker message only wakes a worker.

A job is claimed by one conditional UPDATE whose row count is looked at. All times of leases come
from the database's clock, because workers run on several machines.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from celery import current_app
from django.db import DatabaseError, connection, transaction
from kombu.exceptions import OperationalError

from digitization import rules
from digitization.models import OcrJob

log = logging.getLogger(__name__)
TASK, QUEUE = "digitization.tasks.recognise_next", "ocr"
WAKE_AT_MOST = 32

# Fair: the unit with the fewest pages being read first, then the lot, then who waited longest.
# The first 8 lots in that order and 32 jobs of each are candidates, so a claim costs the same
# behind 100 000 waiting pages; the state is asked for again after the lock, so that a row that
# changed meanwhile is passed over.
_CLAIM = """
WITH busy AS (
    SELECT c.lot_id, c.queued, c.running, c.served_at,
        sum(c.running) OVER (PARTITION BY l.unit_id) AS unit_running,
        max(c.served_at) OVER (PARTITION BY l.unit_id) AS unit_served_at
    FROM digitization_lotcounter c JOIN digitization_lot l ON l.id = c.lot_id
    WHERE c.queued > 0 OR c.running > 0
), lots AS MATERIALIZED (
    SELECT * FROM busy
    WHERE queued > 0 AND EXISTS (
        SELECT 1 FROM digitization_ocrjob q
        WHERE q.lot_id = busy.lot_id AND q.state = 'queued'
            AND q.not_before <= statement_timestamp()
    )
    ORDER BY unit_running, unit_served_at NULLS FIRST, running, served_at NULLS FIRST
    LIMIT 8
), next AS (
    SELECT j.id
    FROM lots
    CROSS JOIN LATERAL (
        SELECT q.id FROM digitization_ocrjob q
        WHERE q.lot_id = lots.lot_id AND q.state = 'queued'
            AND q.not_before <= statement_timestamp()
        ORDER BY q.id LIMIT 32
    ) candidate
    JOIN digitization_ocrjob j ON j.id = candidate.id AND j.state = 'queued'
    ORDER BY lots.unit_running, lots.unit_served_at NULLS FIRST,
        lots.running, lots.served_at NULLS FIRST, j.id
    LIMIT 1
    FOR UPDATE OF j SKIP LOCKED
)
UPDATE digitization_ocrjob job SET
    state = 'running', attempts = attempts + 1, attempts_left = attempts_left - 1,
    worker = %(worker)s, heartbeat = statement_timestamp(),
    lease_until = statement_timestamp() + make_interval(secs => %(lease)s), error_code = ''
FROM next
WHERE job.id = next.id AND job.state = 'queued' AND job.attempts_left > 0
RETURNING job.id, job.page_id, job.attempts, job.attempts_left
"""

_BEAT = """
UPDATE digitization_ocrjob
SET heartbeat = statement_timestamp(), lease_until = statement_timestamp() + make_interval(secs => %(lease)s)
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
"""

# The row of the attempt is closed only by the worker that still holds it.
_CLOSE = """
UPDATE digitization_ocrjob
SET state = %(state)s, not_before = statement_timestamp() + make_interval(secs => %(delay)s),
    error_code = %(error)s, lease_until = NULL, heartbeat = NULL,
    finished_at = CASE WHEN %(state)s = 'queued' THEN NULL ELSE statement_timestamp() END
WHERE id = %(id)s AND state = 'running' AND attempts = %(attempt)s
"""

_EXPIRE = """
UPDATE digitization_ocrjob
SET state = CASE WHEN attempts_left > 0 THEN 'queued' ELSE 'failed' END,
    not_before = statement_timestamp(), lease_until = NULL, heartbeat = NULL,
    error_code = 'worker_lost',
    finished_at = CASE WHEN attempts_left > 0 THEN NULL ELSE statement_timestamp() END
WHERE id IN (
    SELECT id FROM digitization_ocrjob
    WHERE state = 'running' AND lease_until < statement_timestamp()
    FOR UPDATE SKIP LOCKED
) AND state = 'running' AND lease_until < statement_timestamp()
"""


@dataclass(frozen=True)
class Claim:
    """One attempt at one page; id and attempt together are its right to write the result."""

    job_id: int
    page_id: int
    attempt: int
    attempts_left: int


def claim(*, worker: str) -> Claim | None:
    """Take the next page, fairly between units and lots; None where nothing is to be done."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"worker": worker[:120], "lease": rules.LEASE.total_seconds()})
        row = cursor.fetchone() if cursor.rowcount == 1 else None
    return Claim(*row) if row else None


def beat(taken: Claim) -> bool:
    """Prolong the lease; False: the page was given to somebody else meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute(
            _BEAT,
            {"lease": rules.LEASE.total_seconds(), "id": taken.job_id, "attempt": taken.attempt},
        )
        return bool(cursor.rowcount == 1)


@contextmanager
def kept_alive(taken: Claim) -> Iterator[None]:
    """Prolong the lease from a thread of its own for as long as the page is being read."""
    stop = threading.Event()
    thread = threading.Thread(target=_keep_alive, args=(taken, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(timeout=5)


def _keep_alive(taken: Claim, stop: threading.Event) -> None:
    try:
        while not stop.wait(rules.HEARTBEAT.total_seconds()):
            try:
                if not beat(taken):
                    return
            except DatabaseError as error:  # a moment's fault must not cost the lease
                log.warning("heartbeat not written: %s", type(error).__name__)
                connection.close()
    finally:
        connection.close()  # this thread's own


def close(taken: Claim, *, state: str, error: str = "") -> bool:
    """End the attempt in ``state``; False: it is no longer ours, so nothing may be written."""
    pause = rules.retry_delay(taken.attempts_left) if state == OcrJob.State.QUEUED else None
    with connection.cursor() as cursor:
        cursor.execute(
            _CLOSE,
            {
                "state": state,
                "delay": pause.total_seconds() if pause else 0,
                "error": error,
                "id": taken.job_id,
                "attempt": taken.attempt,
            },
        )
        return bool(cursor.rowcount == 1)


def fail(taken: Claim, *, error: str, final: bool = False) -> bool:
    """End the attempt without a result: again after a pause, or failed with its reason."""
    again = not final and rules.retry_delay(taken.attempts_left) is not None
    return close(taken, state=OcrJob.State.QUEUED if again else OcrJob.State.FAILED, error=error)


@transaction.atomic
def requeue_expired() -> int:
    """Give pages whose worker fell silent to others; after the last attempt they have failed.

    One sweep at a time, so that two never wait for each other's counters. Returns the number.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(hashtext('digitization.requeue'))")
        if not cursor.fetchone()[0]:
            return 0
        cursor.execute(_EXPIRE)
        return int(cursor.rowcount)


def claimable(limit: int = WAKE_AT_MOST) -> int:
    """How many pages could be claimed now, counted up to ``limit``."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM (SELECT 1 FROM digitization_ocrjob WHERE state = 'queued' "
            "AND not_before <= statement_timestamp() LIMIT %s) first_ones",
            [limit],
        )
        return int(cursor.fetchone()[0])


def wake(pages: int) -> int:
    """Send wake-ups for this many pages; a broker that is down loses nothing but time.

    Each wake-up that finds a page sends itself on, so 32 keep 32 worker processes going.
    """
    sent = 0
    try:
        for _number in range(min(pages, WAKE_AT_MOST)):
            current_app.send_task(TASK, queue=QUEUE, retry=False)
            sent += 1
    except (OperationalError, OSError) as error:
        log.warning("wake-up not sent: %s", type(error).__name__)
    return sent


def top_up() -> int:
    """Make sure that waiting pages have wake-ups under way, whatever happened to the broker."""
    wanted = claimable()
    return wake(max(0, wanted - _wake_ups_waiting())) if wanted else 0


def _wake_ups_waiting() -> int:
    """Messages in the queue. An empty queue does not exist in Redis: that is a channel error."""
    broker = current_app.connection_for_write()
    try:
        with broker:
            channel: Any = broker.default_channel
            return int(channel.queue_declare(QUEUE, passive=True).message_count)
    except Exception as error:
        if isinstance(error, (OperationalError, OSError, *broker.channel_errors)):
            return 0
        raise
