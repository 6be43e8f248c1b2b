"""Kinds of events that a reader of the trail looks for, as beginnings and endings of their names.

Pure: no Django. The words for people are in ``security.actions``.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class EventGroup:
    """An event belongs here if its name is one of ``names`` or begins or ends like this."""

    code: str
    names: tuple[str, ...] = ()
    beginnings: tuple[str, ...] = ()
    endings: tuple[str, ...] = ()

    def holds(self, action: str) -> bool:
        return (
            action in self.names
            or action.startswith(self.beginnings)
            or action.endswith(self.endings)
        )


READING = EventGroup(
    "reading",
    (
        *("read", "list", "search", "board.read", "home.read", "emergency.read"),
        *("notices.read", "feed.read"),
    ),
)
CHANGE = EventGroup(
    "change",
    beginnings=(
        "task.", "product.", "plan.", "table.", "programme.", "lot.", "dossier.", "file.", "page.", "index.",
        "member.", "cadre.", "person.", "reference.", "notice.",
        "deadline.", "policy.", "light.", "campaign.", "snapshot.", "view.",
    ),
)  # fmt: skip
EXPORT = EventGroup("export", beginnings=("export.",), endings=(".exported",))
SIGNIN = EventGroup(
    "signin",
    ("signin", "signout", "feed.made", "feed.revoked"),
    ("signin.", "password.", "session.", "invitation.", "mfa.", "token."),
)
ACCESS = EventGroup(
    "access",
    beginnings=(
        "role.", "matrix.", "row.", "emergency.", "unit.", "user.", "review.", "level.",
        "approval.", "access.",
    ),
)  # fmt: skip
TRAIL = EventGroup("trail", beginnings=("trail.",))
KEEPING = EventGroup(
    "keeping",
    ("file.found_bad", "file.mended", "state.read"),
    ("files.", "letters.", "backup.", "revocation.", "installation."),
)
GROUPS = (READING, CHANGE, EXPORT, SIGNIN, ACCESS, TRAIL, KEEPING)


def group_called(code: str) -> EventGroup | None:
    return next((group for group in GROUPS if group.code == code), None)
