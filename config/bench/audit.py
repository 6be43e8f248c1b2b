"""``bench audit``: what the trail costs a detail page, and how fast a million rows are sealed.

The page is a member's, asked for through the whole application (middleware, view, template) by
threads of one process, each with a database connection of its own: 16 at once as 16 clients would
be, without the web server in between. The floor is the same page with the writing of the trail
left out; both are asked for in turns. Then rows are made by the database itself, sealed by the
product's own job, and verified by its own command's code, with a key and a directory made for it.
"""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from config.bench import Result
from config.bench.database import own_database
from config.bench.population import populate, unit_ids
from records.models import Member
from records.services import load_code_lists
from security import audit
from security.database_roles import as_owner
from security.levels import Sensitivity
from security.models import AuditCheckpoint, Role, Unit, User
from security.seals.keys import key_id, load_key, make_key
from security.seals.sealing import seal
from security.seals.verifying import Asked, verify
from security.services import grant_role, load_roles

SCALE = 1_000_000
MEMBERS = 20_000
CLIENTS = 16
WARM_UPS, ROUNDS, PAGES = 2, 12, 6
SHARE, SECONDS, LEAST = 1.15, 60.0, 5.0
_ROWS = """
INSERT INTO security_auditevent
    (xid, actor_id, actor_name, session, address, request, action, object_type, object_id,
     object_level, object_path, object_ids, fields, decision, allowed_by, reason)
SELECT 1 + g::bigint * %s / %s, g %% 997, 'Nguyễn Văn ' || g %% 997, md5((g %% 997)::text), '10.0.0.' || g %% 250,
       md5(g::text), 'read', 'records.member', g, 1, '/1/2/' || g %% 3000 || '/', '{}',
       '{religion,ethnicity}', 'allowed', 'role keeper on U' || g %% 3000, ''
FROM generate_series(1, %s) AS g
"""


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """In a database of its own. ``scale``: rows of the trail to be sealed and verified.

    ``ok``: the page with the trail takes at most 1.15 times the page without; sealing and
    verifying together at most 60 seconds for a million rows (in proportion for another scale, five at least); no
    writer beside the sealing waited for a lock.
    """
    rows = scale or SCALE
    with own_database("bench_audit"), tempfile.TemporaryDirectory() as room:
        with_trail, without = _pages()
        with _installation(Path(room)) as directory:
            figures = _seals(rows, directory)
    seconds = figures["seal_s"] + figures["verify_s"]
    ratio = round(with_trail / without, 3)
    limit = max(SECONDS * rows / SCALE, LEAST)
    return Result(
        name="audit",
        scale=rows,
        figures={
            "page_ms": round(with_trail, 2), **figures, "seal_and_verify_s": round(seconds, 2)
        },
        floors={"page_without_trail_ms": round(without, 2)},
        ratios={"page": ratio},
        targets={"page": SHARE, "seal_and_verify_s": limit, "writes_held_up": 0},
        ok=ratio <= SHARE
        and seconds <= limit
        and figures["writes_held_up"] == 0
        and figures["verified"] >= rows,
    )  # fmt: skip


# --- the page ---------------------------------------------------------------------------


def _pages() -> tuple[float, float]:
    """Median milliseconds of one page with and without the trail, CLIENTS at once."""
    load_roles()
    load_code_lists()
    populate(MEMBERS)
    Role.objects.update(mfa_required=False)
    reader = _reader()
    keys = Member.objects.filter(level__lte=1).order_by("pk").values_list("pk", flat=True)
    addresses = [reverse("records:member_detail", args=[key]) for key in keys[: CLIENTS * PAGES]]
    clients = [_signed_in(reader) for _number in range(CLIENTS)]
    taken: dict[bool, list[float]] = {True: [], False: []}
    with ThreadPoolExecutor(CLIENTS) as pool:
        for number in range(WARM_UPS + ROUNDS):
            for kept in (True, False):
                milliseconds = _round(pool, clients, addresses, kept=kept)
                if number >= WARM_UPS:
                    taken[kept].append(milliseconds)
        list(pool.map(lambda _one: _leave(), range(CLIENTS * 4)))
    return statistics.median(taken[True]), statistics.median(taken[False])


def _leave() -> None:
    connection.close()
    time.sleep(0.01)  # so that every thread gets its turn


def _reader() -> User:
    root = Unit.objects.get(pk=unit_ids(MEMBERS)["root"])
    user = User.objects.create(username="reader", full_name="Reader", unit=root)
    grant_role(
        actor=None, user=user, role="keeper", unit=root,
        now=datetime(2020, 1, 1, tzinfo=UTC), max_sensitivity=Sensitivity.SENSITIVE,
    )  # fmt: skip
    return user


def _signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _round(
    pool: ThreadPoolExecutor, clients: list[Client], addresses: list[str], *, kept: bool
) -> float:
    """Milliseconds per page while every client asks for its share of the addresses."""

    def ask(number: int) -> None:
        for address in addresses[number::CLIENTS]:
            answer = clients[number].get(address)
            if answer.status_code != 200:
                raise RuntimeError(f"{address} answers {answer.status_code}")

    with _trail(kept=kept):
        started = time.perf_counter()
        list(pool.map(ask, range(CLIENTS)))
        return (time.perf_counter() - started) * 1000 / len(addresses)


@contextmanager
def _trail(*, kept: bool) -> Iterator[None]:
    """The trail as it is, or with its one statement left out (nothing else changes)."""
    writing = audit.record
    if not kept:
        audit.record = _nothing
    try:
        yield
    finally:
        audit.record = writing


def _nothing(*_arguments: Any, **_options: Any) -> int:
    return 0


# --- the seals --------------------------------------------------------------------------


@contextmanager
def _installation(room: Path) -> Iterator[Path]:
    """A key and a directory of checkpoints that are thrown away."""
    directory = room / "checkpoints"
    with override_settings(AUDIT_SEAL_KEY_FILE=room / "seal.pem", AUDIT_CHECKPOINTS_DIR=directory):
        make_key(room / "seal.pem")
        yield directory


def _seals(rows: int, directory: Path) -> dict[str, Any]:
    """Make the rows, seal them while somebody writes, verify all of it."""
    _make_rows(rows)
    with _writer() as writes:
        sealing = _timed(lambda: seal(now=timezone.now()))
    verified: list[int] = []
    verifying = _timed(lambda: verified.append(_verified(directory)))
    return {
        "seal_s": round(sealing, 2),
        "verify_s": round(verifying, 2),
        "verified": verified[0],
        "checkpoints": AuditCheckpoint.objects.count(),
        "writes_beside_sealing": len(writes.seconds),
        "writes_held_up": writes.held_up,
        "slowest_write_ms": round(max(writes.seconds, default=0.0) * 1000, 1),
    }


def _make_rows(rows: int) -> None:
    """In one statement, but under many numbers of transactions that are over, as they come."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
        over = cursor.fetchone()[0] - 2
        cursor.execute(_ROWS, [over, rows, rows])
        cursor.execute("ANALYZE security_auditevent")


@dataclass
class _Writes:
    """What happened to somebody who went on writing the trail."""

    seconds: list[float] = field(default_factory=list)
    held_up: int = 0


@contextmanager
def _writer() -> Iterator[_Writes]:
    """Writes a line every few milliseconds on a connection of its own.

    Held up is who waits for a lock, which the server itself counts by refusing after a tenth of a
    second. Plain slowness is only reported: the writer shares processor and interpreter here.
    """
    stop, writes = threading.Event(), _Writes()

    def write() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '100ms'")
        while not stop.wait(0.005):
            started = time.perf_counter()
            try:
                audit.record("bench", actor=None)
            except OperationalError:
                writes.held_up += 1
            writes.seconds.append(time.perf_counter() - started)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield writes
    finally:
        stop.set()
        thread.join()


def _timed(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _verified(directory: Path) -> int:
    """Rows recomputed; RuntimeError where anything differs."""
    public = load_key(settings.AUDIT_SEAL_KEY_FILE).public
    asked = Asked(keys={key_id(public): public}, directory=directory)
    report = verify(asked, now=timezone.now())
    if report.finding:
        raise RuntimeError(report.finding.text)
    return report.rows
