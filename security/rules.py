"""Pure decisions about access. No Django, no database, no clock of their own."""

from collections.abc import Iterable
from dataclasses import dataclass


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
