"""The Vietnamese catalogue is complete: a text on screen without a translation fails here."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import polib
from django.conf import settings

SOURCES = [
    "manage.py", "config", "dashboard", "campaign", "digitization", "records", "security",
    "templates", "locale",
]  # fmt: skip


def test_every_text_on_screen_has_a_vietnamese_translation(tmp_path: Path) -> None:
    for name in SOURCES:
        source = settings.BASE_DIR / name
        if source.is_dir():
            ignored = shutil.ignore_patterns("demo_scans", "__pycache__", "*.mo")
            shutil.copytree(source, tmp_path / name, ignore=ignored)
        else:
            shutil.copy(source, tmp_path / name)
    (tmp_path / "static").mkdir()

    subprocess.run(
        [sys.executable, "manage.py", "makemessages", "-l", "vi", "--no-obsolete", "-v", "0"],
        cwd=tmp_path,
        env={**os.environ, "SECRET_KEY": "messages", "VAR_DIR": str(tmp_path / "var")},
        check=True,
    )

    catalogue = polib.pofile(str(tmp_path / "locale/vi/LC_MESSAGES/django.po"))
    assert len(catalogue) > 50
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
