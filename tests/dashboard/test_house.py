"""House rules of the screens: what a review would otherwise have to see every time."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

TEMPLATES = sorted((settings.BASE_DIR / "templates").rglob("*.html"))
FORBIDDEN = {
    "inline style": re.compile(r"<style\b|\sstyle\s*=", re.IGNORECASE),
    "inline script": re.compile(r"<script\b(?![^>]*\bsrc=)", re.IGNORECASE),
    "event attribute": re.compile(r"\s(?:on[a-z]+|hx-on[:a-z-]*)\s*=", re.IGNORECASE),
    "javascript address": re.compile(r"javascript:", re.IGNORECASE),
    "foreign address": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}


def test_templates_exist() -> None:
    assert (settings.BASE_DIR / "templates" / "base.html") in TEMPLATES


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_no_template_holds_what_the_content_policy_refuses(rule: str) -> None:
    found = [
        f"{path.name}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if FORBIDDEN[rule].search(line)
    ]
    assert found == []


def test_style_sheets_fetch_nothing_from_elsewhere() -> None:
    foreign = re.compile(r"url\(\s*[\"']?(?:https?:)?//|@import")
    for sheet in (settings.BASE_DIR / "static" / "css").glob("*.css"):
        assert not foreign.search(sheet.read_text("utf-8")), sheet.name


def test_vendored_files_are_those_of_the_lock() -> None:
    done = _vendor("--check")
    assert done.returncode == 0, done.stderr


def test_a_changed_vendored_file_is_found(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    (copy / "bin").mkdir(parents=True)
    (copy / "bin" / "vendor").write_bytes((settings.BASE_DIR / "bin" / "vendor").read_bytes())
    subprocess.run(["cp", "-r", settings.BASE_DIR / "static", copy / "static"], check=True)
    script = copy / "static" / "vendor" / "idiomorph" / "idiomorph-ext.min.js"
    script.write_text("alert(1)", "utf-8")
    (copy / "static" / "vendor" / "stray.js").write_text("", "utf-8")
    done = _vendor("--check", root=copy)
    assert done.returncode == 1
    assert "idiomorph-ext.min.js: changed" in done.stderr
    assert "stray.js: not in the lock" in done.stderr


def _vendor(*arguments: str, root: Path = settings.BASE_DIR) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(root / "bin" / "vendor"), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
