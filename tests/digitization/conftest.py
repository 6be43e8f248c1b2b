"""Fixtures that several test modules of this floor name."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from digitization.models import PageExport
from tests.digitization.exports import ask, make_drawn
from tests.digitization.make import Room, make_room, scan


@pytest.fixture
def room() -> Room:
    return make_room()


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of temporary files of this test."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


@pytest.fixture
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sent") / "a.png"
    path.write_bytes(scan())
    return path


@pytest.fixture
def asked(settings: Any) -> tuple[Room, PageExport]:
    settings.EXPORT_ALONE_AT_MOST = 1
    room = make_room()
    return room, ask(room.keeper, make_drawn(room, 2)[0].dossier)
