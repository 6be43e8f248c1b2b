"""Builders of launcher parts for tests."""

from __future__ import annotations

from pathlib import Path

from config.launcher.places import ROOT, Places

# As people name their folders; long, so that a Unix socket under it could not be bound.
AWKWARD = "Thư mục có dấu & 'nháy'"


def make_places(base: Path) -> Places:
    """An empty ``var/`` under a path with spaces, accents and quotes."""
    base.chmod(0o755)
    places = Places(ROOT, base / AWKWARD / "var")
    places.make()
    return places
