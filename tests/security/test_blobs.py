"""Encrypted blobs on a real disk: every step of receiving killed, keys lost, bytes rotten."""

from __future__ import annotations

import os
import resource
import signal
import stat
import tracemalloc
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command

from security import blobs, crypto, files, keyring, upkeep
from security.blobs import blob_path, open_blob, plain_copy
from security.crypto import DamagedError
from security.files import Receipt, receive
from security.keyring import KeyMissingError
from tests.forked import take_own_connection
from tests.security.make import make_unit

pytestmark = pytest.mark.django_db
MIB = 2**20
PLAIN = bytes(range(256)) * 10_000  # ten chunks


def stored(plain: bytes = PLAIN, *, level: int = 1) -> Receipt:
    return receive([plain], unit=make_unit(), level=level, max_bytes=10 * MIB)


def on_disk(settings: Any, under: str = "") -> list[Path]:
    return [path for path in (settings.DATA_DIR / under).rglob("*") if path.is_file()]


def read(blob: str) -> bytes:
    with open_blob(blob) as opened:
        return opened.read()


def rot(blob: str, at: int = -1) -> None:
    path = blob_path(blob)
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


def more_keys(settings: Any) -> str:
    settings.FILE_KEYS = keyring.with_new_version(settings.FILE_KEYS.replace(" ", "\n"))
    return str(settings.FILE_KEYS)


def test_nothing_plain_lies_on_the_disk(settings: Any) -> None:
    receipt = stored()
    assert receipt.sha256 == sha256(PLAIN).hexdigest()
    assert receipt.size == len(PLAIN)
    [path] = on_disk(settings)
    content = path.read_bytes()
    assert crypto.is_encrypted(content)
    assert PLAIN[:32] not in content
    assert read(receipt.blob) == PLAIN


def test_what_looks_into_a_file_sees_plain_bytes_and_no_file_of_them_stays(settings: Any) -> None:
    seen: list[tuple[bytes, list[bytes]]] = []

    def check(path: Path) -> None:
        seen.append((path.read_bytes(), [path.read_bytes() for path in on_disk(settings)]))

    receive([PLAIN], unit=make_unit(), level=1, max_bytes=10 * MIB, check=check)
    [(plain, lying)] = seen
    assert plain == PLAIN
    assert len(lying) == 1
    assert PLAIN[:32] not in lying[0]
    assert len(on_disk(settings)) == 1


def test_a_copy_for_another_program_is_gone_afterwards() -> None:
    with plain_copy(stored().blob) as path:
        assert path.read_bytes() == PLAIN
        assert path.stat().st_nlink == 0
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0
    assert not path.exists()


@pytest.mark.parametrize("keys", ["", "0:1:" + "a" * 64])
def test_without_a_key_nothing_is_received(keys: str, settings: Any, tmp_path: Path) -> None:
    settings.FILE_KEYS, settings.FILE_KEYS_FILE = keys, str(tmp_path / "none")
    with pytest.raises(ImproperlyConfigured):
        stored()
    assert on_disk(settings) == []
    sent = iter([PLAIN])
    with pytest.raises(ImproperlyConfigured):
        receive(sent, unit=make_unit(), level=1, max_bytes=10 * MIB)
    # Without any key the sender is told before he has sent a scan in vain.
    assert bool(list(sent)) is (keys == "")


@pytest.mark.parametrize(("word", "keys"), [("of", "1:1:" + "a" * 64), ("on", "not a key")])
def test_a_slip_of_the_pen_does_not_switch_encryption_off(
    word: str, keys: str, settings: Any
) -> None:
    settings.FILE_ENCRYPTION, settings.FILE_KEYS = word, keys
    with pytest.raises(ImproperlyConfigured) as refused:
        stored()
    assert "not a key" not in str(refused.value)
    assert on_disk(settings) == []


def test_off_stores_plain_and_on_reads_it(settings: Any) -> None:
    settings.FILE_ENCRYPTION = "off"
    blob = stored().blob
    assert blob_path(blob).read_bytes() == PLAIN
    settings.FILE_ENCRYPTION = "on"
    assert read(blob) == PLAIN
    settings.FILE_ENCRYPTION = "only"
    with pytest.raises(DamagedError):
        read(blob)
    assert crypto.is_encrypted(blob_path(stored(b"new").blob).read_bytes())


# --- damage and keys --------------------------------------------------------------------


def test_a_rotten_file_gives_nothing_of_itself() -> None:
    blob = stored().blob
    rot(blob)
    with pytest.raises(DamagedError):
        files.open_whole(blob)
    assert upkeep.state_of(blob) == "damaged"


def test_the_same_bytes_again_heal_a_rotten_file() -> None:
    unit = make_unit()
    blob = receive([PLAIN], unit=unit, level=1, max_bytes=10 * MIB).blob
    rot(blob)
    assert receive([PLAIN], unit=unit, level=1, max_bytes=10 * MIB).blob == blob
    assert read(blob) == PLAIN


def test_a_blob_of_another_name_is_found_out() -> None:
    one, other = stored().blob, stored(b"other").blob
    blob_path(one).write_bytes(blob_path(other).read_bytes())
    with pytest.raises(DamagedError):
        open_blob(one)


@pytest.mark.parametrize(
    "keys",
    ["0:1:" + "a" * 64, "1:2:" + "a" * 64, "1:1:" + "a" * 64],
    ids=["none", "newer", "wrong"],
)
def test_a_missing_key_is_said_and_nothing_is_given(keys: str, settings: Any) -> None:
    blob = stored().blob
    settings.FILE_KEYS = keys
    with pytest.raises(KeyMissingError, match="file key 1 of level 1"):
        open_blob(blob)
    assert upkeep.state_of(blob) == "no_key"


def test_a_key_file_is_made_private_and_read_anew_when_it_grows(
    settings: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.FILE_KEYS, settings.FILE_KEYS_FILE = "", str(tmp_path / "keys" / "files")
    call_command("make_file_keys")
    first = blobs.ring()
    assert stat.S_IMODE(Path(settings.FILE_KEYS_FILE).stat().st_mode) == 0o600
    blob = stored().blob
    call_command("make_file_keys")
    assert (first.newest(1).version, blobs.ring().newest(1).version) == (1, 2)
    assert read(blob) == PLAIN
    assert Path(settings.FILE_KEYS_FILE).read_text("ascii").split()[0].split(":")[2] not in (
        capsys.readouterr().out
    )


def test_a_spoilt_key_file_is_never_overwritten(settings: Any, tmp_path: Path) -> None:
    path = tmp_path / "files"
    path.write_text("spoilt", "ascii")
    settings.FILE_KEYS, settings.FILE_KEYS_FILE = "", str(path)
    with pytest.raises(CommandError):
        call_command("make_file_keys")
    assert path.read_text("ascii") == "spoilt"


# --- plain to encrypted, key to key -----------------------------------------------------


def test_a_plain_file_becomes_encrypted_once(settings: Any) -> None:
    settings.FILE_ENCRYPTION = "off"
    receipt = stored()
    settings.FILE_ENCRYPTION = "on"
    assert upkeep.encrypt(receipt.blob, level=1, sha256=receipt.sha256)
    assert not upkeep.encrypt(receipt.blob, level=1, sha256=receipt.sha256)
    assert read(receipt.blob) == PLAIN
    assert PLAIN[:32] not in blob_path(receipt.blob).read_bytes()


def test_a_damaged_plain_file_is_not_sealed_as_if_it_were_whole(settings: Any) -> None:
    settings.FILE_ENCRYPTION = "off"
    receipt = stored()
    rot(receipt.blob)
    before = blob_path(receipt.blob).read_bytes()
    with pytest.raises(DamagedError):
        upkeep.encrypt(receipt.blob, level=1, sha256=receipt.sha256)
    assert blob_path(receipt.blob).read_bytes() == before
    assert on_disk(settings, "incoming") == []


def test_rotation_changes_the_header_alone_and_the_old_key_can_go(settings: Any) -> None:
    blob = stored().blob
    body = blob_path(blob).read_bytes()[crypto.HEADER_SIZE :]
    keys = more_keys(settings)
    assert upkeep.rewrap(blob)
    assert not upkeep.rewrap(blob)
    assert blob_path(blob).read_bytes()[crypto.HEADER_SIZE :] == body
    settings.FILE_KEYS = "\n".join(key for key in keys.split() if ":2:" in key)
    assert read(blob) == PLAIN


def test_a_file_classified_higher_gets_a_key_of_that_level(settings: Any) -> None:
    blob = stored().blob
    assert upkeep.rewrap(blob, level=2)
    header = upkeep.header_of(blob)
    assert header is not None
    assert header.level == 2
    assert not upkeep.rewrap(blob, level=1)
    assert read(blob) == PLAIN


# --- killed at any step -----------------------------------------------------------------


def killed_at(step: Callable[[Any], None], work: Callable[[], object]) -> bool:
    """Run the work in a child process that dies by SIGKILL where ``step`` put it. True: it died."""
    child = os.fork()
    if child == 0:
        try:
            take_own_connection()
            step(pytest.MonkeyPatch())
            work()
        except BaseException:  # noqa: BLE001 - a child of a test must never come back
            os._exit(2)
        os._exit(0)
    _pid, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0
    return os.WIFSIGNALED(status)


def die(*_args: object, **_named: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def before(module: Any, name: str) -> Callable[[Any], None]:
    return lambda patch: patch.setattr(module, name, die)


def after(module: Any, name: str) -> Callable[[Any], None]:
    def step(patch: Any) -> None:
        real = getattr(module, name)

        def done_and_dead(*args: Any, **named: Any) -> None:
            real(*args, **named)
            die()

        patch.setattr(module, name, done_and_dead)

    return step


STEPS = {
    "first chunk written": after(crypto.Writer, "_put"),
    "before the header": before(crypto.Writer, "finish"),
    "header written": after(crypto.Writer, "finish"),
    "synced": after(os, "fsync"),
    "before reading back": before(files, "_verify"),
    "read back": after(files, "_verify"),
    "before the rename": before(Path, "replace"),
    "renamed": after(Path, "replace"),
    "directory synced": after(blobs, "sync_directory"),
    "before the receipt": after(files, "_settle"),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_killed_while_receiving_no_half_file_ever_has_a_name(
    step: Callable[[Any], None], settings: Any
) -> None:
    unit = make_unit()

    def work() -> object:
        return receive([PLAIN], unit=unit, level=1, max_bytes=10 * MIB)

    assert killed_at(step, work)
    for path in on_disk(settings, "blobs"):
        assert read(path.name) == PLAIN
    upkeep.sweep_incoming(older_than=-60)
    assert on_disk(settings, "incoming") == []
    receipt = receive([PLAIN], unit=unit, level=1, max_bytes=10 * MIB)
    assert read(receipt.blob) == PLAIN
    assert len(on_disk(settings)) == 1


UPKEEP_STEPS = {
    "copied": after(os, "fsync"),
    "before the rename": before(Path, "replace"),
    "renamed": after(Path, "replace"),
    "placed": after(blobs, "place"),
}


@pytest.mark.parametrize("step", UPKEEP_STEPS.values(), ids=UPKEEP_STEPS.keys())
@pytest.mark.parametrize("work", ["rewrap", "encrypt"])
def test_killed_in_upkeep_every_blob_is_as_before_or_as_after(
    work: str, step: Callable[[Any], None], settings: Any
) -> None:
    settings.FILE_ENCRYPTION = "on" if work == "rewrap" else "off"
    blob = stored().blob
    settings.FILE_ENCRYPTION = "on"
    more_keys(settings)

    def upkept() -> bool:
        return upkeep.rewrap(blob) if work == "rewrap" else upkeep.encrypt(blob, level=1)

    assert killed_at(step, upkept)
    assert read(blob) == PLAIN
    upkept()
    header = upkeep.header_of(blob)
    assert header is not None
    assert header.key_version == 2
    assert read(blob) == PLAIN


def test_what_is_still_coming_in_is_not_swept(settings: Any) -> None:
    with blobs.temporary() as coming:
        assert upkeep.sweep_incoming() == 0
        assert coming.exists()


@pytest.mark.parametrize("room", [0, 100, MIB, len(PLAIN)])
def test_a_full_disk_gives_an_error_and_keeps_nothing(room: int, settings: Any) -> None:
    """A limit of the file size stands for the full disk: the write fails at the same place."""

    def work() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        with pytest.raises(OSError, match="File too large"):
            stored_in(unit)

    unit = make_unit()
    assert not killed_at(lambda _patch: None, work)
    assert on_disk(settings) == []


def stored_in(unit: Any) -> Receipt:
    return receive([PLAIN], unit=unit, level=1, max_bytes=10 * MIB)


# --- memory -----------------------------------------------------------------------------


def test_a_large_file_needs_no_more_memory_than_a_small_one(settings: Any) -> None:
    def pieces(megabytes: int) -> Iterator[bytes]:
        for number in range(megabytes):
            yield bytes([number % 251]) * MIB

    peaks = []
    for megabytes in (8, 64):
        tracemalloc.start()
        blob = receive(pieces(megabytes), unit=make_unit(), level=1, max_bytes=100 * MIB).blob
        with open_blob(blob) as opened:
            opened.seek(5 * MIB + 3)
            assert opened.read(2) == bytes([5, 5])
            opened.seek(0)
            blobs.sha256_of(opened)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + MIB
    assert peaks[1] < 16 * MIB
