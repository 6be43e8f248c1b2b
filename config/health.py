"""``/healthz``: 200 only when database, broker and at least one worker answer.

Asked by the launcher, by the containers' health checks and by monitoring; so it needs no sign-in
and tells nothing but the names of three parts and whether each answers, whether the trail is
sealed in time, and whether the database's role could rewrite it. The last two want somebody to
look, not a restart: the status stays 200.
"""

import logging
import time
from collections.abc import Callable
from typing import ClassVar

import redis
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET
from kombu.exceptions import OperationalError

from config.celery import app
from config.keeping.closed import is_closed
from security.database_roles import powers
from security.seals.state import seal_state
from security.selectors.upkeep import backup_in_time, files_whole

log = logging.getLogger(__name__)

BROKER_PATIENCE = 2.0  # seconds
WORKER_PATIENCE = 2.0  # seconds; an idle worker answers within a few milliseconds
# A good answer of the workers holds for a moment: many watchers, one question.
WORKER_ANSWER_HOLDS = 5.0  # seconds

OK, FAILING, LATE, CLOSED, OWNER = "ok", "failing", "late", "closed", "owner"


class _LastSeen:
    """When a worker last answered, on the monotonic clock of this process."""

    worker: ClassVar[float] = -WORKER_ANSWER_HOLDS


def database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchone() == (1,))
    except DatabaseError:
        return False


def broker() -> bool:
    try:
        with redis.Redis.from_url(
            settings.REDIS_URL,
            socket_timeout=BROKER_PATIENCE,
            socket_connect_timeout=BROKER_PATIENCE,
        ) as server:
            return bool(server.ping())
    except redis.exceptions.RedisError:
        return False


def worker() -> bool:
    """Whether any worker answers a ping; a yes is remembered for a few seconds, a no never is."""
    if time.monotonic() - _LastSeen.worker < WORKER_ANSWER_HOLDS:
        return True
    try:
        answered = bool(app.control.ping(timeout=WORKER_PATIENCE, limit=1))
    except (OSError, OperationalError, redis.exceptions.RedisError):
        return False
    if answered:
        _LastSeen.worker = time.monotonic()
    return answered


def parts() -> dict[str, bool]:
    """Each part and whether it answers. Without a broker no worker can: it is not asked."""
    checks: dict[str, Callable[[], bool]] = {"database": database, "broker": broker}
    found = {name: check() for name, check in checks.items()}
    return {**found, "worker": found["broker"] and worker()}


def seals() -> str:
    """Whether the trail is sealed in time; failing where nobody can say."""
    try:
        return LATE if seal_state(now=timezone.now()).late else OK
    except DatabaseError:
        return FAILING


def database_role() -> str:
    """Whether the product runs as a role to which its trail is closed (docs/adr/0015)."""
    found = powers()
    if found is None:
        return FAILING
    return OK if found.limited else OWNER


def files() -> str:
    """Whether all stored files are whole, as far as the nightly reading knows."""
    return _told(files_whole)


def backup() -> str:
    return _told(lambda: backup_in_time(timezone.now()), otherwise=LATE)


def _told(question: Callable[[], bool], *, otherwise: str = FAILING) -> str:
    try:
        return OK if question() else otherwise
    except DatabaseError:
        return FAILING


@never_cache
@login_not_required
@require_GET
def healthz(request: HttpRequest) -> JsonResponse:
    found = parts()
    healthy = all(found.values())
    if not healthy:
        log.warning("unhealthy: %s", ", ".join(name for name, good in found.items() if not good))
    told = {name: OK if good else FAILING for name, good in found.items()}
    told |= {"seals": seals(), "files": files(), "backup": backup()}
    told["database_role"] = database_role()
    if is_closed():  # restored and not opened yet: everything answers, and nobody may come in
        told["doors"] = CLOSED
    return JsonResponse(
        {"status": OK if healthy else FAILING, **told}, status=200 if healthy else 503
    )
