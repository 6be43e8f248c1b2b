"""What recognition proposes for index fields. A proposal is never data until a person confirms."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from digitization.boxes import Box
from digitization.models import Dossier, Page
from digitization.ocr import Word
from digitization.ocr.fields import propose
from security.models import User

COLONS_OF_A_FORM = 5  # fewer labels than this: running text, where looking only costs time
FIELDS_OF_A_FORM = 3


@dataclass(frozen=True)
class Suggestion:
    """A proposed value, how sure its least sure word is, and where on which page it stands."""

    value: str
    confidence: int
    page_id: int
    box: Box


def proposed(words: Sequence[Word]) -> list[list[str | int]]:
    """Proposals of a page as they are stored; [] for a page that is no form."""
    if sum(":" in word.text for word in words) < COLONS_OF_A_FORM:
        return []
    found = propose(words)
    if len(found) < FIELDS_OF_A_FORM:
        return []
    return [[p.key, p.value[:300], round(p.confidence), p.x, p.y, p.w, p.h] for p in found]


def suggestions_for(dossier: Dossier, keys: set[str], user: User) -> dict[str, Suggestion]:
    """The first suggestion for each of these keys in the pages that this user may see."""
    found: dict[str, Suggestion] = {}
    if not keys:
        return found
    seen = Page.objects.visible_to(user).filter(dossier=dossier)
    pages = seen.exclude(proposals=[]).in_order()
    for page in pages.only("id", "proposals"):
        for key, value, confidence, *box in page.proposals:
            if key in keys:
                found.setdefault(key, Suggestion(value, confidence, page.pk, Box(*box).aired))
    return found


def file_proposals(pages: Iterable[Page]) -> dict[str, str]:
    """Proposed values from the pages of one file, the first page that has a key giving it."""
    found: dict[str, str] = {}
    for page in pages:
        for key, value, *_where in page.proposals:
            found.setdefault(key, value)
    return found
