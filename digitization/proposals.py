"""What recognition proposes for index fields. A proposal is never data until a person confirms."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from digitization.boxes import Box
from digitization.models import Dossier, Page
from digitization.ocr import Word
from digitization.ocr.fields import propose, values

PAGES_LOOKED_AT = 30  # forms stand in front; a screen must not wait for 2,000 pages


@dataclass(frozen=True)
class Suggestion:
    """A proposed value, how sure its least sure word is, and where on which page it stands."""

    value: str
    confidence: int
    page_id: int
    box: Box


def suggestions_for(dossier: Dossier, keys: set[str]) -> dict[str, Suggestion]:
    """The first suggestion for each of these keys of the recognition in the dossier's pages."""
    found: dict[str, Suggestion] = {}
    if not keys:
        return found
    pages = Page.objects.filter(dossier=dossier).exclude(words=[]).in_order().only("id", "words")
    for page in pages[:PAGES_LOOKED_AT]:
        for one in propose(words_of(page)):
            if one.key in keys and one.key not in found:
                box = Box(one.x, one.y, one.w, one.h).aired
                found[one.key] = Suggestion(one.value, round(one.confidence), page.pk, box)
        if keys <= found.keys():
            break
    return found


def file_proposals(pages: Iterable[Page]) -> dict[str, str]:
    """Proposed values from the pages of one file, the first page that has a key giving it."""
    found: dict[str, str] = {}
    for page in pages:
        for key, value in values(propose(words_of(page))).items():
            found.setdefault(key, value)
    return found


def words_of(page: Page) -> list[Word]:
    """The stored words as recognition gave them."""
    return [
        Word(text=text, x=x, y=y, w=w, h=h, confidence=confidence, line=line)
        for text, x, y, w, h, confidence, line in page.words
    ]
