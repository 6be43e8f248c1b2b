"""The state of the installation."""

from __future__ import annotations

from tests.walk.register import Door, roles

DOORS = (
    Door("installation_state", roles("administrator", "security_officer"), moves=True),
    Door("damaged_files", roles("administrator", "security_officer", "keeper")),
)
