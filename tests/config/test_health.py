"""The health answer against real servers: present, absent, dead."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.utils import timezone

from config import health
from config.celery import app
from config.launcher.ports import free_port
from security import audit
from tests.conftest import Worker


@pytest.fixture(autouse=True)
def nothing_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health._LastSeen, "worker", -health.WORKER_ANSWER_HOLDS)
    monkeypatch.setattr(health, "WORKER_PATIENCE", 0.5)


@pytest.fixture
def nobody_listens() -> str:
    return f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture
def broken_database() -> Iterator[None]:
    """The same database at a port where nothing listens."""
    connection.close()
    port = connection.settings_dict["PORT"]
    connection.settings_dict["PORT"] = str(free_port())
    yield
    connection.close()
    connection.settings_dict["PORT"] = port


def test_healthy_with_a_worker_then_not_when_it_was_killed(
    client: Client, celery_worker_process: Worker
) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok", "database": "ok", "broker": "ok", "worker": "ok", "seals": "ok",
        "database_role": "owner",  # who logged in; test_database_roles.py logs in as the other
        "backup": "late", "files": "ok",
    }  # fmt: skip

    celery_worker_process.kill()
    health._LastSeen.worker = -health.WORKER_ANSWER_HOLDS
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["worker"] == "failing"


@pytest.mark.django_db
def test_no_worker_is_named_and_needs_no_sign_in(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "failing", "database": "ok", "broker": "ok", "worker": "failing",
        "seals": "ok", "database_role": "owner", "backup": "late", "files": "ok",
    }  # fmt: skip
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_no_broker_is_named_without_its_address(
    client: Client, settings: Any, nobody_listens: str
) -> None:
    settings.REDIS_URL = nobody_listens
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "failing"
    assert "127.0.0.1" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_no_database_is_named_and_is_no_error_page(client: Client, broken_database: None) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 503
    assert answer.json()["database"] == "failing"


@pytest.mark.django_db
def test_a_good_answer_of_the_worker_holds_a_moment(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []

    def ping(*, timeout: float, limit: int) -> list[str]:
        asked.append(timeout)
        return ["pong"]

    monkeypatch.setattr(app.control, "ping", ping)
    assert [client.get("/healthz").status_code for _ in range(3)] == [200, 200, 200]
    assert len(asked) == 1


@pytest.mark.django_db
def test_only_reading(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_late_seals_are_told_and_stop_nothing(client: Client) -> None:
    audit.record("read", actor=None)
    assert client.get("/healthz").json()["seals"] == "ok"
    with time_machine.travel(timezone.now() + timedelta(minutes=7), tick=True):
        answer = client.get("/healthz").json()
    assert (answer["seals"], answer["database"]) == ("late", "ok")
