from __future__ import annotations

import json
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.long
def test_the_audit_benchmark_answers_in_the_agreed_shape() -> None:
    """A small run in a process of its own: the numbers themselves need the full scale."""
    command = [sys.executable, "manage.py", "bench", "audit", "--scale", "20000", "--json"]
    done = subprocess.run(
        command, cwd=settings.BASE_DIR, capture_output=True, text=True, timeout=600, check=False
    )
    assert done.stdout, done.stderr[-3000:]
    result = json.loads(done.stdout.strip().splitlines()[-1])
    assert result.keys() == {"name", "scale", "figures", "floors", "ratios", "targets", "ok"}
    assert (result["name"], result["scale"]) == ("audit", 20000)
    assert result["figures"]["verified"] >= 20000
    assert result["targets"].keys() <= result["ratios"].keys() | result["figures"].keys()
    assert done.returncode == (0 if result["ok"] else 1)
