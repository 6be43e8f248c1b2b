"""A place to restore to: a database and directories of its own, reached by child processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings as django_settings
from django.db import connection

from config.keeping import database
from config.keeping.place import Place
from tests.config.keeping import environment, place

__all__ = ["Target", "place", "target"]


@dataclass
class Target:
    """An empty database and an empty directory; the installation's keys and copies of seals."""

    name: str
    room: Path
    place: Place

    @property
    def data(self) -> Path:
        return self.room / "data"

    @property
    def checkpoints(self) -> Path:
        return self.room / "checkpoints"

    def environment(self, **other: str) -> dict[str, str]:
        owner = database.owners()
        address = f"postgres://{owner.user}:{owner.password}@{owner.host}:{owner.port}/{self.name}"
        return {
            **environment(),
            "DATABASE_URL": address,
            "DATABASE_OWNER_URL": address,
            "DATA_DIR": str(self.data),
            "AUDIT_CHECKPOINTS_DIR": str(self.checkpoints),
            "LOG_LEVEL": "ERROR",
            **other,
        }

    def run(self, *command: str, **other: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "manage", *command],
            cwd=django_settings.BASE_DIR, env=self.environment(**other), capture_output=True,
            text=True, check=False,
        )  # fmt: skip

    def restore(self, *options: str, code: int = 0, **other: str) -> dict[str, Any]:
        copies = ("--checkpoints", str(django_settings.AUDIT_CHECKPOINTS_DIR))
        done = self.run("restore", str(self.place.root), *copies, "--json", *options, **other)
        assert done.returncode == code, done.stderr + done.stdout
        said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return said

    def refused(self, *options: str, **other: str) -> str:
        """What a restore says that must not begin; nothing was touched then."""
        done = self.run("restore", str(self.place.root), *options, **other)
        assert done.returncode == 1, done.stdout
        assert self.rows(
            "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        ) == [(0,)]
        assert not (self.data / "closed.json").exists()
        assert not list(self.data.glob("blobs/**/*")) if self.data.exists() else True
        return done.stderr

    def rows(self, question: str) -> list[Any]:
        owner = database.owners().named(self.name)
        link = owner.connect()
        link.autocommit = True
        try:
            with link.cursor() as cursor:
                cursor.execute(question)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            link.close()


@pytest.fixture
def target(place: Place, tmp_path: Path) -> Iterator[Target]:
    name = f"{connection.settings_dict['NAME']}_target{os.getpid()}"
    _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', f'CREATE DATABASE "{name}"')
    yield Target(name, tmp_path / "target", place)
    _server(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _server(*statements: str) -> None:
    owner = database.owners()
    link = psycopg2.connect(
        dbname="postgres",
        user=owner.user,
        password=owner.password,
        host=owner.host,
        port=owner.port,
    )
    link.autocommit = True
    with link.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    link.close()
