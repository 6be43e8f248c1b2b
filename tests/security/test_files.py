from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from security.files import blob_name, blob_path, open_blob, receive
from security.services import RefusedError
from tests.security.make import make_unit

pytestmark = pytest.mark.django_db
MEGABYTE = 2**20


def on_disk(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


def code(refused: pytest.ExceptionInfo[RefusedError]) -> str:
    return refused.value.problems[0].code


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20
)
@given(chunks=st.lists(st.binary(max_size=2000), min_size=1).filter(lambda c: any(c)))
def test_what_was_sent_lies_on_disk(chunks: list[bytes], db: None) -> None:
    receipt = receive(iter(chunks), unit=make_unit(), level=1, max_bytes=MEGABYTE)
    sent = b"".join(chunks)
    with open_blob(receipt.blob) as stored:
        assert stored.read() == sent
    assert (receipt.size, receipt.sha256) == (len(sent), hashlib.sha256(sent).hexdigest())


@pytest.mark.parametrize("chunks", [[], [b""], [b"", b""]])
def test_an_empty_file_is_refused(chunks: list[bytes], settings: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        receive(chunks, unit=make_unit(), level=1, max_bytes=MEGABYTE)
    assert code(refused) == "empty"
    assert on_disk(settings.DATA_DIR) == []


@pytest.mark.parametrize(("size", "fits"), [(1000, True), (1001, False)])
def test_the_limit_is_exact_and_nothing_is_left_behind(
    size: int, fits: bool, settings: Any
) -> None:
    chunks = [b"x"] * size
    if fits:
        assert receive(chunks, unit=make_unit(), level=1, max_bytes=1000).size == 1000
        return
    with pytest.raises(RefusedError) as refused:
        receive(chunks, unit=make_unit(), level=1, max_bytes=1000)
    assert code(refused) == "too_large"
    assert on_disk(settings.DATA_DIR) == []


def test_reading_stops_at_the_limit_instead_of_at_the_end() -> None:
    def endless() -> Iterator[bytes]:
        while True:
            yield b"x" * 1000

    with pytest.raises(RefusedError):
        receive(endless(), unit=make_unit(), level=1, max_bytes=10_000)


def test_a_broken_upload_leaves_nothing(settings: Any) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        receive(broken(), unit=make_unit(), level=1, max_bytes=MEGABYTE)
    assert on_disk(settings.DATA_DIR) == []


def test_equal_bytes_share_a_blob_only_within_unit_and_level(settings: Any) -> None:
    one, other = make_unit(), make_unit()
    blobs = [
        receive([b"same"], unit=unit, level=level, max_bytes=MEGABYTE).blob
        for unit, level in ((one, 1), (one, 1), (other, 1), (one, 0))
    ]
    assert blobs[0] == blobs[1]
    assert len(set(blobs)) == 3
    assert len(on_disk(settings.DATA_DIR)) == 3


def test_a_name_tells_nothing_without_the_key(settings: Any) -> None:
    unit, sha256 = make_unit(), hashlib.sha256(b"x").hexdigest()
    name = blob_name(sha256, unit=unit, level=1)
    assert sha256 not in str(blob_path(name))
    settings.FILE_NAME_KEY = "another"
    assert blob_name(sha256, unit=unit, level=1) != name
    settings.FILE_NAME_KEY = ""
    with pytest.raises(ImproperlyConfigured):
        blob_name(sha256, unit=unit, level=1)


@pytest.mark.parametrize("level", [2, 3, 4])
def test_nothing_above_the_ceiling_enters(level: int, settings: Any) -> None:
    with pytest.raises(RefusedError) as refused:
        receive([b"x"], unit=make_unit(), level=level, max_bytes=MEGABYTE)
    assert code(refused) == "above_ceiling"
    assert on_disk(settings.DATA_DIR) == []
