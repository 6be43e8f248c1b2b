"""Child processes that are killed, or whose parents are: no process and no file stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from digitization.ocr import children, rooms
from digitization.ocr.children import READING
from tests.digitization import hostile
from tests.digitization.processes import descendants, left_in, nursery, wait_for, written

PROJECT = Path(__file__).resolve().parents[2]


def test_whoever_asked_has_gone_so_the_child_goes_too(tmp: Path) -> None:
    path = written(tmp / "a.pdf", hostile.drawn_without_end())
    request = {"job": "read", "page": 1, "tmp": str(tmp), "limits": vars(READING)}
    with path.open("rb") as opened, children._asked(request, opened.fileno()):
        wait_for(lambda: len(descendants(nursery())) >= 3)  # supervisor, job, pdftoppm
        assert left_in(rooms.home_of(tmp)) or rooms.home_of(tmp).exists()
    wait_for(lambda: descendants(nursery()) == [])
    assert left_in(tmp) == [path]


def test_a_nursery_that_was_killed_is_replaced(file: Path) -> None:
    first = nursery()
    os.kill(first, signal.SIGKILL)
    time.sleep(0.1)
    assert children.inspect(file).pages == 1
    assert nursery() != first


ASKS = """
import sys, threading, time
from pathlib import Path
from digitization.ocr import children
threading.Thread(target=children.read, args=(Path(sys.argv[1]), 1), daemon=True).start()
while not children._nurseries: time.sleep(0.01)
print(children._nurseries[0].process.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def asking(tmp: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that is having a page read which takes very long."""
    path = written(tmp / "a.pdf", hostile.drawn_without_end())
    with subprocess.Popen(
        [sys.executable, "-c", ASKS, str(path)],
        cwd=PROJECT, env={**os.environ, "TMPDIR": str(tmp)}, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        yield process
        process.kill()


def test_killed_while_a_page_is_read_leaves_no_process_and_no_file(
    asking: subprocess.Popen[str], tmp: Path
) -> None:
    assert asking.stdout is not None
    born = int(asking.stdout.readline())
    below = wait_for(lambda: len(found := descendants(born)) >= 3 and found)
    assert list(rooms.home_of(tmp).iterdir())
    asking.kill()
    asking.wait(10)
    wait_for(lambda: not any(Path(f"/proc/{number}").exists() for number in [born, *below]))
    assert list(rooms.home_of(tmp).iterdir()) == []


def test_power_cut_while_a_page_is_read_is_swept_at_the_next_start(
    asking: subprocess.Popen[str], tmp: Path, file: Path
) -> None:
    assert asking.stdout is not None
    born = int(asking.stdout.readline())
    below = wait_for(lambda: len(found := descendants(born)) >= 3 and found)
    assert rooms.sweep(tmp) == 0  # it is in use
    for number in (born, *below, asking.pid):
        os.kill(number, signal.SIGSTOP)  # all at once, so that none can tidy up
    for number in (asking.pid, born, *below):
        os.kill(number, signal.SIGKILL)
    asking.wait(10)
    wait_for(lambda: all(_is_dead(number) for number in (born, *below)))
    assert len(list(rooms.home_of(tmp).iterdir())) == 1
    children._forget(children._nursery())
    assert children.inspect(file).pages == 1
    assert list(rooms.home_of(tmp).iterdir()) == []


def _is_dead(number: int) -> bool:
    try:
        return "State:\tZ" in Path(f"/proc/{number}/status").read_text("ascii")
    except FileNotFoundError:
        return True


def test_rooms_lie_in_a_directory_of_ones_own(tmp: Path) -> None:
    with rooms.room(tmp) as place:
        assert place.stat().st_mode & 0o077 == 0
        assert place.parent.stat().st_mode & 0o077 == 0
    rooms.home_of(tmp).rmdir()
    rooms.home_of(tmp).mkdir(mode=0o777)
    rooms.home_of(tmp).chmod(0o777)
    with pytest.raises(rooms.NotPrivateError), rooms.room(tmp):
        pass
    rooms.home_of(tmp).rmdir()
    (tmp / "elsewhere").mkdir()
    rooms.home_of(tmp).symlink_to(tmp / "elsewhere")
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"), rooms.room(tmp):
        pass
