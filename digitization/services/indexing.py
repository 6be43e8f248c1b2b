"""Index data: values that a person confirmed, and the type of each paper."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.db import transaction
from django.db.models import Max
from simple_history.utils import bulk_update_with_history

from digitization.fields import readable_keys
from digitization.models import (
    Document,
    DocumentType,
    Dossier,
    IndexField,
    IndexValue,
    Lot,
    Page,
    SourceFile,
)
from digitization.problems import problem, refused
from digitization.rules import index_value_problem
from digitization.services.lots import locked
from records.folding import fold
from security import audit
from security.history import sign
from security.models import StoredFile, User
from security.services import RefusedError, check_action

CORRECT = "digitization.correct"


@transaction.atomic
def set_index_value(
    *,
    actor: User,
    dossier: Dossier,
    key: str,
    value: str,
    now: datetime,
    document: Document | None = None,
) -> IndexValue:
    """Confirm one index value of a dossier, or of a document in it.

    Raises RefusedError (unknown_field, value_missing, not_identity, not_date, lot_not_open …).
    """
    check_action(actor, CORRECT, dossier)
    lot = locked(dossier.lot)
    if lot.state == Lot.State.ACCEPTED:
        raise refused("lot_not_open")
    scope = IndexField.Scope.DOCUMENT if document else IndexField.Scope.DOSSIER
    field = IndexField.objects.filter(programme_id=lot.programme_id, key=key, scope=scope).first()
    if field is None:
        raise refused("unknown_field")
    if key not in readable_keys(actor, dossier, [key]):
        raise refused("hidden_field")
    clean = " ".join(unicodedata.normalize("NFC", value).split())
    if code := index_value_problem(field.kind, clean):
        raise RefusedError(problem(code))
    place = {"dossier": dossier, "document": document, "key": key}
    # The lot is locked: nobody else writes this value meanwhile.
    row = IndexValue.objects.filter(**place).first() or IndexValue(**place)
    row.value, row.value_folded = clean, fold(clean)
    row.confirmed_by, row.confirmed_at = actor, now
    sign(row, actor=actor, now=now).save()
    audit.record("index.confirmed", actor=actor, row=dossier, fields=[key])
    return row


@transaction.atomic
def classify_file(
    *, actor: User, source: SourceFile, type_: DocumentType, now: datetime
) -> Document:
    """Say which paper of the catalogue a file is; its document is made or retyped."""
    dossier = source.dossier
    check_action(actor, CORRECT, dossier)
    lot = locked(dossier.lot)
    if lot.state == Lot.State.ACCEPTED:
        raise refused("lot_not_open")
    if type_.programme_id != lot.programme_id:
        raise refused("unknown_field")
    document = source.document
    if document is None:
        last = dossier.documents.aggregate(last=Max("position"))["last"] or 0
        document = Document(dossier=dossier, type=type_, position=last + 1)
        sign(document, actor=actor, now=now).save()
        SourceFile.objects.filter(pk=source.pk).update(document=document)
    else:
        document.type = type_
        sign(document, actor=actor, now=now).save(update_fields=["type"])
    _as_sensitive_as(type_, source, actor=actor, now=now)
    # Never the file's name: people put names of people into it.
    audit.record(
        "file.classified", actor=actor, row=dossier, fields=["type"], reason=f"file {source.pk}"
    )
    return document


def _as_sensitive_as(
    type_: DocumentType, source: SourceFile, *, actor: User, now: datetime
) -> None:
    """Pages and file of a paper that the catalogue calls sensitive are so from now on.

    A health certificate is found and read by fewer people than the file it lies in. Another type
    later lowers nothing.
    """
    below = {"sensitivity__lt": type_.sensitivity}
    pages = list(Page.objects.filter(source=source, **below).defer("words", "proposals", "text"))
    for page in pages:
        page.sensitivity = type_.sensitivity
    bulk_update_with_history(
        pages, Page, ["sensitivity"], batch_size=500, default_user=actor, default_date=now
    )
    StoredFile.objects.filter(pk=source.stored_id, **below).update(sensitivity=type_.sensitivity)
