"""Exports of pages: asked for with a reason, decided by a second person where it takes one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from digitization import export_queue
from digitization import export_rules as rules
from digitization.models import Page, PageExport
from digitization.problems import refused
from digitization.selectors.exports import (
    APPROVE,
    EXPORT,
    Choice,
    choice_of,
    may_have_all,
    still_his,
    taken_alone,
)
from security import audit
from security.models import User

if TYPE_CHECKING:
    from security.models import Protected

State = PageExport.State


@dataclass(frozen=True)
class _Told:
    """What the trail freezes of a row: an export is no protected row, but has a level and a place.
    Its key is the number that stands on every page."""

    pk: str
    level: int
    unit_path: str
    _meta = PageExport._meta


TITLES = 5  # dossiers named in a title


@transaction.atomic
def ask_export(
    *, actor: User, pages: QuerySet[Page], purpose: str, reason: str, now: datetime
) -> PageExport:
    """Ask for a PDF of those of these pages that the actor sees and that have a picture.

    Small ones of level 1 and below are made at once; the others wait for a second person. Raises
    RefusedError (reason_missing, purpose_missing, nothing_to_export, export_too_large, not_allowed).
    """
    # One request at a time: pages taken alone are counted together.
    User.objects.select_for_update(no_key=True).get(pk=actor.pk)
    chosen = choice_of(pages.visible_to(actor))  # type: ignore[attr-defined]
    size = rules.Size(len(chosen.ids), chosen.level, taken_alone(actor, now))
    problems = rules.size_problems(size, at_most=settings.EXPORT_AT_MOST)
    if purpose not in PageExport.Purpose.values:
        problems.append("purpose_missing")
    if not reason.strip():
        problems.append("reason_missing")
    if not problems and not may_have_all(actor, chosen.ids, EXPORT):
        problems.append("not_allowed")
    if problems:
        raise refused(*problems, limit=settings.EXPORT_AT_MOST)
    export = _written(actor, chosen, size, purpose, reason.strip()[:300], now)
    tell("export.asked", export, actor=actor, reason=f"{purpose}: {export.reason}", ids=chosen.ids)
    if export.alone:
        transaction.on_commit(export_queue.wake, robust=True)
    return export


def _written(
    actor: User, chosen: Choice, size: rules.Size, purpose: str, reason: str, now: datetime
) -> PageExport:
    alone = rules.may_go_alone(size, alone_at_most=settings.EXPORT_ALONE_AT_MOST)
    export: PageExport = PageExport.objects.create(
        number=rules.new_number(timezone.localtime(now).date()),
        asked_by=actor,
        asked_at=now,
        title=_title(chosen.dossiers),
        purpose=purpose,
        reason=reason,
        page_ids=chosen.ids,
        page_count=len(chosen.ids),
        left_out=chosen.left_out,
        unit_path=chosen.path,
        level=chosen.level,
        sensitivity=chosen.sensitivity,
        alone=alone,
        alone_before=size.alone_before,
        alone_at_most=settings.EXPORT_ALONE_AT_MOST,
        state=State.APPROVED if alone else State.ASKED,
    )
    return export


def _title(codes: list[str]) -> str:
    more = f" +{len(codes) - TITLES}" if len(codes) > TITLES else ""
    return ", ".join(codes[:TITLES])[: 200 - len(more)] + more


@transaction.atomic
def approve_export(*, actor: User, export: PageExport, now: datetime) -> PageExport:
    """The second person's yes. He must see everything in it himself.

    If whoever asked has lost his access meanwhile, the request ends as withdrawn instead.
    """
    row = _to_decide(actor, export)
    if withdrawn_if_lost(row, now=now):
        return row
    row.state, row.decided_by, row.decided_at = State.APPROVED, actor, now
    row.save(update_fields=["state", "decided_by", "decided_at"])
    tell("export.approved", row, actor=actor)
    transaction.on_commit(export_queue.wake, robust=True)
    return row


@transaction.atomic
def refuse_export(*, actor: User, export: PageExport, reason: str, now: datetime) -> PageExport:
    """The second person's no, with a reason that whoever asked can read."""
    row = _to_decide(actor, export)
    if not reason.strip():
        raise refused("reason_missing")
    row.state, row.decided_by, row.decided_at = State.REFUSED, actor, now
    row.decision_reason, row.ended_at = reason.strip()[:300], now
    row.save(update_fields=["state", "decided_by", "decided_at", "decision_reason", "ended_at"])
    tell("export.refused", row, actor=actor, reason=row.decision_reason)
    return row


@transaction.atomic
def cancel_export(*, actor: User, export: PageExport, now: datetime) -> PageExport:
    """Whoever asked takes it back: a request, a file being made, or a file that is ready."""
    row = _own(actor, export)
    if not rules.may_follow(row.state, State.CANCELLED):
        raise refused("export_over")
    end(row, State.CANCELLED, now=now)
    tell("export.cancelled", row, actor=actor)
    return row


@transaction.atomic
def retry_export(*, actor: User, export: PageExport, now: datetime) -> PageExport:
    """Have a failed export made again, if its asker may still have it."""
    row = _own(actor, export)
    if row.state != State.FAILED:
        raise refused("export_not_failed")
    if withdrawn_if_lost(row, now=now):
        return row
    row.state, row.attempts_left, row.error_code, row.done = State.APPROVED, rules.ATTEMPTS, "", 0
    row.save(update_fields=["state", "attempts_left", "error_code", "done"])
    tell("export.retried", row, actor=actor)
    transaction.on_commit(export_queue.wake, robust=True)
    return row


# --- shared with the job and the sweep --------------------------------------------------


def withdrawn_if_lost(row: PageExport, *, now: datetime) -> bool:
    """End a locked export whose asker may no longer have all of it; whether it was so."""
    asker = User.objects.get(pk=row.asked_by_id)  # fresh: what he holds now, not at his request
    if still_his(row, asker):
        return False
    end(row, State.WITHDRAWN, now=now)
    tell("export.withdrawn", row, actor=asker, decision="denied", reason="access ended")
    return True


def end(row: PageExport, state: str, *, now: datetime) -> None:
    """Put a locked export into an end; its bytes are removed by the sweep, never by a request."""
    row.state, row.ended_at, row.lease_until = state, now, None
    row.save(update_fields=["state", "ended_at", "lease_until"])


def locked(pk: int) -> PageExport:
    row: PageExport = PageExport.objects.select_for_update(of=("self",)).get(pk=pk)
    return row


def tell(
    event: str,
    export: PageExport,
    *,
    actor: User | None,
    reason: str = "",
    ids: Iterable[int] = (),
    decision: str = "allowed",
) -> None:
    """A row of the trail about an export: its number, its level and where its pages lie."""
    row = cast("Protected", _Told(export.number, export.level, export.unit_path))
    audit.record(event, actor=actor, row=row, ids=ids, reason=reason, decision=decision)


def _to_decide(actor: User, export: PageExport) -> PageExport:
    row = locked(export.pk)
    if row.state != State.ASKED:
        raise refused("export_decided")
    if actor.pk == row.asked_by_id:
        raise refused("second_person")
    if not may_have_all(actor, row.page_ids, APPROVE):
        raise refused("not_allowed")
    return row


def _own(actor: User, export: PageExport) -> PageExport:
    row = locked(export.pk)
    if row.asked_by_id != actor.pk:
        raise refused("not_allowed")
    return row
