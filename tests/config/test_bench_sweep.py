"""Two sweepers, one killed in the middle: nothing is lost and nothing said twice."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.long


def test_a_killed_sweeper_leaves_each_change_and_notice_there_once() -> None:
    command = [sys.executable, "manage.py", "bench", "sweep", "--scale", "4000", "--json"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, check=False, timeout=900
    )
    assert done.stdout, done.stderr[-3000:]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    figures = result["figures"]
    assert result["ratios"]["wrong"] == 0
    assert figures["transitions"] >= figures["due"] > 3900
    assert figures["notices"] >= 2 * figures["transitions"]
    assert figures["letters"] > 0 == figures["unmailed"]
    assert 0 < figures["killed_after_seconds"] < figures["elapsed_seconds"]
