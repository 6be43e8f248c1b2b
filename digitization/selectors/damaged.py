"""Open findings with the dossiers they lie in, for readers who may see those."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.translation import gettext_noop

from digitization.models import Dossier, Page, SourceFile
from security.models import FileFinding, StoredFile, User
from security.places import STATE_ACTIONS
from security.scope import may

AT_MOST = 500
KINDS = {
    "file": gettext_noop("Received scan"),
    "page_image": gettext_noop("Picture of a page"),
    "thumbnail": gettext_noop("Small picture of a page"),
    "page_export": gettext_noop("Export of pages"),
}


@dataclass(frozen=True)
class Damaged:
    finding: FileFinding
    kind: str
    dossier: Dossier | None  # None where the reader may not see it


def damaged(user: User) -> list[Damaged]:
    """What is not whole, newest first. Whoever does not keep the installation gets those alone
    that lie in dossiers he may see."""
    findings = list(FileFinding.objects.open()[:AT_MOST])
    if not findings:
        return []
    where = _dossiers(user, findings)
    seen = Dossier.objects.visible_to(user).in_bulk(list(set(where.values())))
    rows = [
        Damaged(one, KINDS.get(one.kind, one.kind), seen.get(where.get((one.kind, one.number), 0)))
        for one in findings
    ]
    keeps = any(may(user, action) for action in STATE_ACTIONS)
    return rows if keeps else [row for row in rows if row.dossier is not None]


def _dossiers(user: User, findings: Iterable[FileFinding]) -> dict[tuple[str, int], int]:
    """Kind and number of a finding → number of its dossier, where the reader may see the file."""
    numbers: dict[str, list[int]] = {}
    for one in findings:
        numbers.setdefault(one.kind, []).append(one.number)
    stored = StoredFile.objects.visible_to(user).filter(pk__in=numbers.get("file", []))
    files = SourceFile.objects.filter(stored__in=stored)
    where = {("file", pk): dossier for pk, dossier in files.values_list("stored_id", "dossier_id")}
    for kind in ("page_image", "thumbnail"):
        pages = Page.objects.visible_to(user).filter(pk__in=numbers.get(kind, []))
        where |= {(kind, pk): dossier for pk, dossier in pages.values_list("pk", "dossier_id")}
    return where
