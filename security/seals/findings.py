"""What a verification can find, each with the exit code of ``audit_verify``."""

from dataclasses import dataclass
from enum import IntEnum


class Code(IntEnum):
    """Exit codes; documented in docs/adr/0013. 1 and 2 stay for commands that could not run."""

    FINE = 0
    ALTERED_ROW = 10
    MISSING_ROW = 11
    ADDED_ROW = 12
    CUT_TAIL = 13
    BAD_SIGNATURE = 14
    GAP = 15
    CHECKPOINT = 16
    LAG = 17


@dataclass(frozen=True)
class Finding:
    code: Code
    text: str


@dataclass(frozen=True)
class Report:
    """What was recomputed, and the first difference; None where all is as it was signed."""

    checkpoints: int
    rows: int
    finding: Finding | None = None
    skipped: int = 0  # checkpoints only partly within the months asked for

    @property
    def code(self) -> Code:
        return self.finding.code if self.finding else Code.FINE
