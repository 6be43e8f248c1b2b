"""Request bodies on their way in: no plain file of them ever has a name."""

from __future__ import annotations

import os
import resource
import signal
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import RequestFactory

MIB = 2**20
CONTENT = bytes(range(256)) * 3 * 4096  # 3 MB


@pytest.fixture
def tmp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def sent(content: bytes = CONTENT) -> Any:
    request = RequestFactory().post("/", {"files": SimpleUploadedFile("a.png", content)})
    return request.FILES["files"]


def test_a_large_file_arrives_whole_and_has_no_name_meanwhile(tmp: Path) -> None:
    upload = sent()
    assert list(tmp.iterdir()) == []
    assert (upload.name, upload.size) == ("a.png", len(CONTENT))
    assert b"".join(upload.chunks()) == CONTENT
    assert os.fstat(upload.file.fileno()).st_nlink == 0


def test_a_small_file_stays_in_memory(tmp: Path) -> None:
    assert b"".join(sent(b"small").chunks()) == b"small"
    assert list(tmp.iterdir()) == []


def test_of_a_file_beyond_the_limit_only_the_proof_is_kept(tmp: Path, settings: Any) -> None:
    settings.UPLOAD_KEPT_BYTES = MIB
    upload = sent()
    assert upload.size == len(CONTENT)
    assert MIB < len(b"".join(upload.chunks())) <= MIB + 2**16


def test_a_full_disk_is_said_when_the_file_is_read(tmp: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, before[1]))
    try:
        upload = sent()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, old)
    with pytest.raises(OSError, match="File too large"):
        list(upload.chunks())
    assert list(tmp.iterdir()) == []
