"""What recognition proposes for index fields. A proposal is never data until a person confirms."""

from __future__ import annotations

from digitization.models import Dossier, Page


def proposals_of(dossier: Dossier) -> dict[str, str]:
    """Proposals for a dossier: the first file that has any value for a key gives it."""
    return {}


def file_proposals(pages: list[Page]) -> dict[str, str]:
    """Proposals from the pages of one file, in order."""
    return {}
