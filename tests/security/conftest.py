"""Fixtures that several test modules of this floor name."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def high(settings: Any) -> None:
    """An installation whose owner lets it hold what the law calls Tối mật."""
    settings.MAX_SECRECY_LEVEL = 3
