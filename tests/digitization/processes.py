"""Looking at the processes that children are made of, and at the files they leave."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from digitization.ocr import children


def descendants(process: int) -> list[int]:
    """Ids of the processes below one, the nursery first."""
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text("ascii")
    except FileNotFoundError:
        return []
    below = [int(number) for number in text.split()]
    return below + [deeper for one in below for deeper in descendants(one)]


def nursery() -> int:
    return children._nursery().process.pid


def wait_for(condition: Callable[[], Any], seconds: float = 20) -> Any:
    until = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < until
        time.sleep(0.02)
    return found


def written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def left_in(tmp: Path) -> list[Path]:
    return [path for path in tmp.rglob("*") if path.is_file()]
