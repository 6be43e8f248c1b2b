"""Pure decisions about access. No Django, no database, no clock of their own."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

USER_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{1,38})[a-z0-9]")


@dataclass(frozen=True)
class Reach:
    """A subtree seen up to a secrecy level and a sensitivity."""

    path: str
    level: int
    sensitivity: int

    def covers(self, other: "Reach") -> bool:
        return (
            other.path.startswith(self.path)
            and self.level >= other.level
            and self.sensitivity >= other.sensitivity
        )


def minimal_reaches(reaches: Iterable[Reach]) -> list[Reach]:
    """Drop every reach that another one covers; order by path. Empty in, empty out."""
    kept: list[Reach] = []
    for reach in sorted(set(reaches), key=lambda r: (r.path, -r.level, -r.sensitivity)):
        if not any(other.covers(reach) for other in kept):
            kept.append(reach)
    return kept


def minimal_caps(caps: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """(level, sensitivity) pairs without those that another one includes.

    Pairs are never mixed: one role's level with another role's sensitivity is nobody's right.
    """
    kept: list[tuple[int, int]] = []
    for level, sensitivity in sorted(set(caps), reverse=True):
        if not any(sensitivity <= other for _level, other in kept):
            kept.append((level, sensitivity))
    return kept


def units_of(path: str) -> list[int]:
    """Ids of the units on the way from the root to the unit with this path: '/1/7/' → [1, 7]."""
    return [int(part) for part in path.strip("/").split("/") if part]


def path_range(path: str) -> tuple[str, str]:
    """Half-open range of paths at or below ``path``: '/1/7/' → ('/1/7/', '/1/70').

    Works because '0' follows '/' in the C collation.
    """
    return path, path[:-1] + "0"


def within_ceiling(level: int, ceiling: int) -> bool:
    """Whether content of this secrecy level may enter an installation with this ceiling.

    Level 4 (Tuyệt mật) never may, whatever the ceiling says.
    """
    return 0 <= level <= min(ceiling, 3)


def user_name(typed: str) -> str:
    """How a user name is kept: compatibility forms folded, small letters, no blanks around."""
    return unicodedata.normalize("NFKC", typed).strip().lower()


def is_user_name(name: str) -> bool:
    """3 to 40 plain letters, digits, dots, hyphens, underscores; a letter or digit at both ends.

    Plain letters only: a Cyrillic "а" in a name of the trail deceives every reader.
    """
    return USER_NAME.fullmatch(name) is not None


def look_of(name: str) -> str:
    """What a hurried eye sees: two names with one look are one name to it."""
    seen = re.sub(r"[._-]", "", name.lower()).replace("0", "o").replace("1", "l")
    return seen.replace("rn", "m").replace("vv", "w")
