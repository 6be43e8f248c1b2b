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
    "javascript address": re.compile(r"javascript:|data:text/html|vbscript:", re.IGNORECASE),
    "script in an attribute": re.compile(
        r"\bhx-(?:vals|vars|headers|request)\s*=\s*[\"']\s*(?:js|javascript):", re.IGNORECASE
    ),
    "frame": re.compile(r"<(?:iframe|object|embed|base|frame)\b|\ssrcdoc\s*=", re.IGNORECASE),
    "escape switched off": re.compile(r"\{%\s*autoescape\s+off|\|\s*safeseq\b", re.IGNORECASE),
    "foreign address": re.compile(r"(?:src|href)\s*=\s*[\"'](?:https?:)?//", re.IGNORECASE),
}

# What Django's template language says is not sent: "{% with one=1 %}" is no event attribute.
TAG = re.compile(r"\{%.*?%\}|\{#.*?#\}")


def test_templates_exist() -> None:
    assert (settings.BASE_DIR / "templates" / "base.html") in TEMPLATES


@pytest.mark.parametrize("rule", FORBIDDEN)
def test_no_template_holds_what_the_content_policy_refuses(rule: str) -> None:
    found = [
        f"{path.name}:{number}"
        for path in TEMPLATES
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if FORBIDDEN[rule].search(line if rule == "escape switched off" else TAG.sub("", line))
    ]
    assert found == []


BAD = {
    "inline style": ['<p style="x">', "<style>", '<p class="a" STYLE = "x">'],
    "inline script": ["<script>", '<script type="module">'],
    "event attribute": ['<a onclick="x">', '<a {% if one=1 %} onLoad="x">', '<a hx-on:click="x">'],
    "javascript address": ['<a href="javascript:x">', '<a href="data:text/html,x">'],
    "script in an attribute": ["<a hx-vals='js:{a: b()}'>", '<a hx-headers="javascript:x">'],
    "foreign address": ['<img src="//x">', '<script src="https://x"></script>'],
    "frame": ['<iframe src="/a">', '<base href="/">', '<a srcdoc="x">'],
    "escape switched off": ["{% autoescape off %}", "{{ a|safeseq }}"],
}


def test_each_rule_finds_what_it_should() -> None:
    assert BAD.keys() == FORBIDDEN.keys()
    for rule, lines in BAD.items():
        for line in lines:
            shown = line if rule == "escape switched off" else TAG.sub("", line)
            assert FORBIDDEN[rule].search(shown), line
    assert not FORBIDDEN["event attribute"].search(TAG.sub("", "{% with one=line.request %}"))


def test_no_code_writes_what_the_content_policy_refuses() -> None:
    """HTML made in Python: the few places that do it obey the same rules."""
    marked = re.compile(r"format_html|mark_safe|SafeString")
    found = [
        f"{path.name}: {rule}"
        for app in ("config", "dashboard", "campaign", "digitization", "records", "security")
        for path in sorted((settings.BASE_DIR / app).rglob("*.py"))
        if marked.search(text := path.read_text("utf-8"))
        for rule in ("inline style", "inline script", "event attribute", "javascript address")
        if FORBIDDEN[rule].search(text)
    ]
    assert found == []


def test_scripts_make_no_code_from_text() -> None:
    dangerous = re.compile(
        r"\beval\(|new Function|\.innerHTML\s*=|document\.write|setAttribute\([\"']on"
    )
    for script in (settings.BASE_DIR / "static" / "js").glob("*.js"):
        assert not dangerous.search(script.read_text("utf-8")), script.name


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
