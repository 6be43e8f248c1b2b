"""Whether a page says anything new, so that asking again every minute costs no transfer."""

from __future__ import annotations

import hashlib
from dataclasses import fields
from typing import Any


def fingerprint(page: Any) -> str:
    """Equal for two moments at which the reader sees the same.

    Fields marked ``metadata={"clock": True}`` move on by themselves and are left out. The words
    are those of the reader's language, so another language has another fingerprint.
    """
    seen = [getattr(page, f.name) for f in fields(page) if not f.metadata.get("clock")]
    return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]
