"""What every test stands on: real PostgreSQL and Redis, files in a temporary place, a browser.

Nothing here replaces a part of the product. The broker is a database of the same Redis server
that no running installation uses, so that a worker beside the tests never takes their tasks.

The tests, their workers and servers act as the application's role of the database (ADR 15): they
log in as its owner and assume the other role, so that ``as_owner()`` can do, within the same
transaction, what the owner alone may.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

import environ
import pytest
import redis
from django.conf import settings as django_settings
from django.core.cache import cache
from django.db import IntegrityError, ProgrammingError, connection, transaction
from django.test import Client, TransactionTestCase
from django.test.utils import override_settings
from playwright.sync_api import BrowserContext, Page
from pytest_django import DjangoDbBlocker
from pytest_django.live_server_helper import LiveServer

from config.celery import app as celery_app
from config.launcher import commands
from security.database_roles import as_owner, give_rights, has_two_roles, owner_role
from security.models import Role
from security.services import load_roles

CHROMIUM = "/usr/bin/chromium"
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
]
# Playwright's driver runs an event loop in the tests' thread; Django would refuse every query.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Files are encrypted in every test, in fixtures of a wider scope and in child processes too.
os.environ["FILE_KEYS"] = " ".join(f"{level}:1:{level + 1:064x}" for level in range(4))
django_settings.FILE_KEYS = os.environ["FILE_KEYS"]
django_settings.FILE_ENCRYPTION = "on"
# Assumed once the test database is there; a single role gets the other one beside it.
if not has_two_roles():
    django_settings.DATABASE_APPLICATION_ROLE = f"{owner_role()}_app"
_owner = environ.Env.db_url_config(django_settings.DATABASE_OWNER_URL)
connection.settings_dict.update(USER=_owner["USER"], PASSWORD=_owner["PASSWORD"])


@pytest.fixture(scope="session", autouse=True)
def _plain_static_files() -> Iterator[None]:
    """Static files need no build; for the whole session, because wide fixtures ask for pages too."""
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**django_settings.STORAGES, "staticfiles": plain}):
        yield


@pytest.fixture(autouse=True)
def _own_files(settings: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Uploaded files of a test lie in a temporary directory."""
    installation = tmp_path_factory.mktemp("installation")
    settings.DATA_DIR = installation / "data"
    settings.DATA_DIR.mkdir()
    settings.AUDIT_SEAL_KEY_FILE = installation / "keys" / "seal.pem"
    settings.AUDIT_CHECKPOINTS_DIR = installation / "checkpoints"
    settings.STATIC_ROOT = installation / "static"
    settings.STATIC_ROOT.mkdir()


# --- reference data ---------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Roles are there once for all tests that roll back; no line of an earlier run is.

    pytest-django makes the test database only if some collected test asks for ``db``. A fixture of
    a wider scope that unblocks the database by itself would otherwise write into the real one.
    """
    if not str(connection.settings_dict["NAME"]).startswith("test_"):
        raise pytest.UsageError("No test database was made: let the tests ask for db as well.")
    with django_db_blocker.unblock():
        give_rights()  # a database kept from an earlier run may lack them
        _assume_application_role()
        empty_trail()
        load_roles()
    yield
    connection.settings_dict["OPTIONS"].pop("assume_role")  # its owner drops the database


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Before the tests' database is made: a server for development may have one role alone."""
    with django_db_blocker.unblock(), connection._nodb_cursor() as cursor:
        name = django_settings.DATABASE_APPLICATION_ROLE
        cursor.execute("SELECT FROM pg_roles WHERE rolname = %s", [name])
        if cursor.fetchone() is None:
            with suppress(IntegrityError, ProgrammingError):  # others may be at it just now
                cursor.execute(f"CREATE ROLE {connection.ops.quote_name(name)} LOGIN")


def _assume_application_role() -> None:
    """From now on, in every thread; the workers get it by ``test_database_url``."""
    connection.close()
    connection.settings_dict["OPTIONS"]["assume_role"] = django_settings.DATABASE_APPLICATION_ROLE


def empty_trail() -> None:
    """A flush leaves the trail and its seals: they refuse TRUNCATE. Tests count lines, so the
    owner empties them."""
    with as_owner(), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT relid::regclass FROM pg_partition_tree('security_auditevent')")
        tables = ["security_auditcheckpoint", *(name for (name,) in cursor.fetchall())]
        for state in ("DISABLE", "ENABLE"):
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} {state} TRIGGER append_only")
            if state == "DISABLE":
                cursor.execute("TRUNCATE security_auditevent, security_auditcheckpoint")


@pytest.fixture(autouse=True)
def _trail_after_a_flush(
    request: pytest.FixtureRequest, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Tests that commit leave no line behind."""
    yield
    if {"transactional_db", "live_server"} & set(request.fixturenames):
        with django_db_blocker.unblock():
            empty_trail()
            cache.clear()  # counters of attempts are no model's table: a flush leaves them too


_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def _flush_as_owner(case: TransactionTestCase) -> None:
    """What follows a test that commits empties tables by TRUNCATE: the application may not."""
    with as_owner():
        _flush(case)


TransactionTestCase._fixture_teardown = _flush_as_owner  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _roles_and_broker(request: pytest.FixtureRequest) -> None:
    """Every test with a database has the roles (a test on a live server empties all tables
    afterwards) and the tests' broker; a test of pure rules waits for neither."""
    marker = request.node.get_closest_marker("django_db")
    flushing = {"transactional_db", "live_server"} & set(request.fixturenames)
    if flushing or (marker and marker.kwargs.get("transaction")):
        request.getfixturevalue("transactional_db")
    elif marker or "db" in request.fixturenames:
        request.getfixturevalue("db")
    else:
        return
    request.getfixturevalue("broker_url")
    load_roles()
    # Tests of the second factor switch it on again; the others sign in by a session alone.
    Role.objects.update(mfa_required=False)


# --- broker and worker ------------------------------------------------------------------


def broker_beside(url: str) -> str:
    """Another database of the same Redis: number + 16, or + 8 in the usual sixteen."""
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 0)
    with redis.Redis.from_url(url) as server:
        total = int(server.config_get("databases")["databases"])
    other = number + 16 if number + 16 < total else (number + 8) % total
    return urlunsplit(parts._replace(path=f"/{other}"))


@pytest.fixture(scope="session")
def broker_url() -> Iterator[str]:
    """Broker of the tests; Celery reads this variable before its settings."""
    url = broker_beside(django_settings.REDIS_URL)
    os.environ["CELERY_BROKER_URL"] = url
    with redis.Redis.from_url(url) as server:
        server.flushdb()
    yield url
    with redis.Redis.from_url(url) as server:
        server.flushdb()


def test_database_url() -> str:
    """The address of the database that the running test uses, in the same role."""
    one = connection.settings_dict
    password = f":{quote(one['PASSWORD'], safe='')}" if one["PASSWORD"] else ""
    login = f"{one['USER']}{password}@{one['HOST']}:{one['PORT']}"
    return f"postgres://{login}/{one['NAME']}?{urlencode(one['OPTIONS'])}"


class Worker:
    """A Celery worker in a process of its own, on the tests' database, broker and files."""

    def __init__(self, broker_url: str, log: Path, data_dir: Path) -> None:
        self.log = log
        self.environment = {
            **os.environ,
            "DATABASE_URL": test_database_url(),
            "REDIS_URL": broker_url,
            "DATA_DIR": str(data_dir),
            "SECRET_KEY": django_settings.SECRET_KEY,
            "FILE_NAME_KEY": django_settings.FILE_NAME_KEY,
            "OMP_THREAD_LIMIT": "1",
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, timeout: float = 60) -> None:
        """Start and wait until the worker answers a ping."""
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *commands.worker(concurrency=1)],
                cwd=django_settings.BASE_DIR,
                env=self.environment,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            if celery_app.control.ping(timeout=0.5, limit=1):
                return
            if self.process.poll() is not None:
                break
        raise AssertionError(f"no worker: {self.log.read_text('utf-8', 'replace')[-3000:]}")

    def kill(self) -> None:
        """SIGKILL to the worker and its children, as a power cut would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, 9)
            self.process.wait(10)

    def stop(self) -> None:
        """Warm stop; killed after ten seconds."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()


@pytest.fixture
def celery_worker_process(
    transactional_db: None, broker_url: str, settings: Any, tmp_path: Path
) -> Iterator[Worker]:
    """A real worker, started; ``kill()`` and ``start()`` play a crash and a restart."""
    worker = Worker(broker_url, tmp_path / "worker.log", settings.DATA_DIR)
    worker.start()
    yield worker
    worker.stop()


# --- browser ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The distribution's Chromium; without a sandbox because root has none."""
    return {
        **browser_type_launch_args,
        "executable_path": os.environ.get("CHROMIUM", CHROMIUM),
        "args": CHROMIUM_FLAGS,
    }


@pytest.fixture
def signed_in(live_server: LiveServer, context: BrowserContext) -> Callable[..., Page]:
    """``page = signed_in(user, "/tasks/")``: a page of a browser in which this person is in."""

    def open_page(user: Any, path: str = "/", *, width: int = 1440, height: int = 900) -> Page:
        client = Client()
        client.force_login(user)
        name = django_settings.SESSION_COOKIE_NAME
        context.add_cookies(
            [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]
        )
        page = context.new_page()
        page.set_viewport_size({"width": width, "height": height})
        page.goto(live_server.url + path)
        return page

    return open_page
