from dataclasses import dataclass


@dataclass(frozen=True)
class RuleProblem:
    """One thing wrong with one field. A warning is shown, an error is refused.

    The code is stable; its sentence in the reader's language is in ``records.problems``.
    """

    code: str
    field: str
    warning: bool = False
