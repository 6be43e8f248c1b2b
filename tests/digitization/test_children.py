"""Limited child processes: what they may use, what they know, what is left of them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from digitization.ocr import ExhaustedError, children, jobs, sandbox, sources
from digitization.ocr.children import INSPECTING, READING
from digitization.ocr.refusal import RefusedFile
from tests.digitization import hostile, hostile_pictures
from tests.digitization.make import scan
from tests.digitization.pages import make_page
from tests.digitization.processes import descendants, left_in, nursery, wait_for, written

PROJECT = Path(__file__).resolve().parents[2]
SECRETS = (
    "SECRET_KEY",
    "FILE_NAME_KEY",
    "FILE_KEYS",
    "DATABASE_URL",
    "DATABASE_OWNER_URL",
    "REDIS_URL",
)


def test_a_child_finds_what_the_libraries_find(file: Path, tmp: Path) -> None:
    assert children.inspect(file) == sources.inspect(file)
    reading = children.read(file, 1)
    assert "Phiếu đảng viên" in reading.text
    assert reading.words[0].text == "Phiếu"
    assert reading.derivative.startswith(b"\xff\xd8")
    assert reading.engine_version.endswith("/vie")
    assert left_in(tmp) == []


def test_refusals_come_through_with_their_numbers(tmp: Path) -> None:
    with pytest.raises(RefusedFile) as refused:
        children.inspect(written(tmp / "x", hostile.pages_without_end()))
    assert (refused.value.code, refused.value.params["pages"]) == ("too_many_pages", 100_000)
    with pytest.raises(RefusedFile, match="no_such_page"):
        children.read(written(tmp / "y", scan()), 2)


# What opens pictures of our own making, and what runs on a developer's or demonstrator's files.
OURS = (
    *("digitization/ocr/", "config/bench/", "config/demo/"),
    *("security/watermark.py", "digitization/jpeg_pdf.py"),
)
PARSERS = r"^\s*(?:from|import) (?:PIL|cv2|pikepdf|pdf2image|pytesseract)\b"
DIRECT = r"sources\.(?:inspect|page_image)|\bread_page\b|TesseractEngine"


def test_nobody_else_parses_files() -> None:
    apps = ("campaign", "config", "dashboard", "digitization", "records", "security")
    found = {
        name
        for app in apps
        for path in (PROJECT / app).rglob("*.py")
        if re.search(f"{PARSERS}|{DIRECT}", path.read_text("utf-8"), re.MULTILINE)
        and not (name := str(path.relative_to(PROJECT))).startswith(OURS)
    }
    assert found == set()


# --- what a child knows and may ---------------------------------------------------------


def test_neither_the_nursery_nor_its_children_know_a_secret(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SECRETS:
        monkeypatch.setenv(name, "canary-5e1f")
    children._forget(children._nursery())
    children.inspect(file)
    known = Path(f"/proc/{nursery()}/environ").read_bytes()
    assert b"canary" not in known
    assert not any(name.encode() in known for name in SECRETS)
    assert b"config.settings" not in known
    loaded = Path(f"/proc/{nursery()}/maps").read_text("utf-8")
    assert "psycopg" not in loaded
    sockets = [
        handle for handle in Path(f"/proc/{nursery()}/fd").iterdir()
        if str(handle.readlink()).startswith("socket:")
    ]  # fmt: skip
    assert len(sockets) == 1  # the one that we ask through: no database, no broker


def test_programs_that_are_started_know_no_secret() -> None:
    environment = {**os.environ, "SECRET_KEY": "canary-5e1f"}
    launcher = f'. "{PROJECT}/digitization/ocr/limited/limits.sh"; run env'
    shown = subprocess.run(
        ["sh", "-c", launcher], env=environment, capture_output=True, text=True, check=True
    ).stdout
    assert "canary" not in shown
    assert "PATH=" in shown


CONFINED = """
import os, socket, sys
from pathlib import Path
from digitization.ocr import nursery, sandbox
room, open_file, secret = Path(sys.argv[1]), os.open(sys.argv[2], os.O_RDONLY), Path(sys.argv[3])
if not sandbox.confine(writable=room, readable=open_file):
    sys.exit(77)
def refused(action):
    try:
        action()
    except OSError:
        return True
    return False
(room / "mine").write_text("x")
assert Path(f"/proc/self/fd/{open_file}").read_bytes()
assert refused(lambda: secret.read_text())
assert refused(lambda: secret.write_text("x"))
assert refused(lambda: list(secret.parent.iterdir()))
assert refused(lambda: (secret.parent / "new").write_text("x"))
assert refused(lambda: Path(f"/proc/{os.getppid()}/environ").read_bytes())
assert refused(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[4])), 2))
assert os.system("true") == 0
assert os.system(f"cat {secret} 2>/dev/null") != 0
"""


@pytest.mark.skipif(sandbox.landlock_version() < 4, reason="this kernel has no Landlock for TCP")
def test_a_child_reaches_nothing_but_its_file_and_its_room(tmp: Path, file: Path) -> None:
    secret, room = tmp / "keys" / "files", tmp / "room"
    secret.parent.mkdir()
    room.mkdir()
    secret.write_text("key", "ascii")
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = subprocess.run(
            [sys.executable, "-c", CONFINED, room, file, secret, str(server.getsockname()[1])],
            cwd=PROJECT, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")


def test_limits_hold_for_a_child_and_what_it_starts() -> None:
    code = (
        "import os; from digitization.ocr import nursery;"
        "nursery.limit(dict(memory_mb=64, cpu_seconds=7, file_mb=3, programs=True));"
        "os.system('ulimit -v; ulimit -t; ulimit -f; ulimit -c; ulimit -n')"
    )
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    ).stdout.split()
    memory, cpu, file_blocks, core, handles = (int(number) for number in shown)
    assert memory < 2**20 * 1.5  # what is loaded, and 64 MB
    assert (cpu, file_blocks, core, handles) == (7, 3 * 2**20 // 512, 0, 256)


LOADS = """
import sys
from pathlib import Path
from digitization.ocr import jobs, nursery
nursery._get_ready()
before = set(sys.modules)
for path in sys.argv[1:]:
    jobs.JOBS["inspect"](Path(path), 1)
    jobs.JOBS["read"](Path(path), 1)
print(sorted(set(sys.modules) - before))
"""


def test_children_find_every_library_loaded(tmp: Path) -> None:
    """What is loaded late would be loaded for every page anew."""
    page = make_page(size=(1240, 1754))
    for kind in ("tiff", "jpeg", "png"):
        page.save(tmp / kind, kind, dpi=(150, 150))
    written(tmp / "pdf", hostile.pdf_with())
    done = subprocess.run(
        [sys.executable, "-c", LOADS, *(str(tmp / kind) for kind in ("tiff", "jpeg", "png", "pdf"))],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"


# --- beyond the limits ------------------------------------------------------------------


@pytest.mark.parametrize(
    "allowed",
    [
        replace(INSPECTING, memory_mb=1),
        replace(INSPECTING, seconds=0),
        replace(INSPECTING, cpu_seconds=0),
    ],
    ids=["memory", "time", "cpu"],
)
def test_beyond_a_limit_a_file_is_refused_and_nothing_stays(allowed: Any, tmp: Path) -> None:
    path = written(
        tmp / "a.tif",
        hostile_pictures.tiff(9000, 9000, strip=hostile_pictures.fax_white(9000, 9000)),
    )
    with pytest.raises(RefusedFile, match="too_demanding"):
        children.inspect(path, allowed=allowed)
    assert children.inspect(path).pages == 1  # the next one finds a child again
    assert left_in(tmp) == [path]


def test_time_over_ends_the_whole_group(tmp: Path) -> None:
    path = written(tmp / "a.pdf", hostile.drawn_without_end())
    began = time.monotonic()
    with pytest.raises(ExhaustedError):
        children.read(path, 1, allowed=replace(READING, seconds=4))
    assert time.monotonic() - began < 12
    wait_for(lambda: descendants(nursery()) == [])
    assert left_in(tmp) == [path]


def test_a_memory_eating_page_is_stopped_and_nobody_else_hurt(tmp: Path, file: Path) -> None:
    path = written(tmp / "a.pdf", hostile.remembered_without_end())
    with pytest.raises(RefusedFile, match="page_unreadable"):
        children.read(path, 1)
    with pytest.raises(ExhaustedError):
        children.read(file, 1, allowed=replace(READING, memory_mb=1))
    assert children.inspect(file).pages == 1
    assert left_in(tmp) == [path]


# --- many at once ------------------------------------------------------------------------


def test_several_threads_ask_at_once(file: Path, tmp: Path) -> None:
    found: list[int] = []
    sides = [
        threading.Thread(target=lambda: found.append(children.inspect(file).pages))
        for _ in range(8)
    ]
    for side in sides:
        side.start()
    for side in sides:
        side.join(30)
    assert found == [1] * 8
    assert left_in(tmp) == []


def test_a_page_is_still_a_page(tmp: Path) -> None:
    """An answer carries what a reading has, picture by picture."""
    path = tmp / "a.png"
    make_page(size=(1240, 1754)).save(path, dpi=(150, 150))
    answer, used = children.run("read", path, page=1, allowed=READING)
    sizes = json.loads(answer.partition(b"\n")[0])["sizes"]
    assert len(answer.partition(b"\n")[2]) == sum(sizes)
    assert used.cpu_seconds > 0


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"no JSON",
        b"[]",
        b'{"sizes": []}',
        b'{"sizes": [3, 3], "words": [], "text": 5}\n\xff\xd8\xff\xff\xd8\xff',
        b'{"sizes": [3, 3], "words": [], "actor": "x"}\n\xff\xd8\xff\xff\xd8\xff',
        b'{"sizes": [3, 3], "words": [{"text": []}]}\n\xff\xd8\xff\xff\xd8\xff',
        b'{"sizes": [3, 3], "words": []}\n<html>',
    ],
)
def test_an_answer_that_no_child_of_ours_gives_is_an_error(answer: bytes) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError, KeyError)):
        jobs.page_reading(answer)
