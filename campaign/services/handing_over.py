"""A running task goes to another owner or another lead unit."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from campaign.models import HandOver, Task
from campaign.services.access import locked, refuse
from campaign.services.agreeing import MANAGE
from campaign.services.granting import sync_grants
from campaign.services.leading import put_in_lead
from security import audit
from security.history import sign
from security.models import Unit, User
from security.scope import may
from security.services import Problem, RefusedError, check_action


def hand_over(
    *,
    actor: User,
    task: Task,
    owner: User,
    reason: str,
    now: datetime,
    unit: Unit | None = None,
) -> HandOver:
    """Give a running task to ``owner``, and to ``unit`` where the lead changes too.

    By whoever runs the campaign over the old and the new unit, or by a head over the task's own
    unit as long as it stays there (``campaign.accept`` over it). Raises RefusedError: not_allowed,
    closed, reason, not_active, same, owner_left, owner_elsewhere, dissolved_lead, collective_lead.
    """
    with locked(task, actor=actor, now=now) as row:
        lead = unit or row.unit
        _check_may(actor, row, lead)
        if row.state != Task.State.ACTIVE or row.owner is None:
            raise refuse("not_active", _("Only a running task can be changed."))
        if problems := _problems(row, owner, lead, reason):
            raise RefusedError(*problems)
        handed = HandOver.objects.create(
            task=row,
            from_owner=row.owner,
            to_owner=owner,
            from_unit=row.unit,
            to_unit=lead,
            reason=reason.strip(),
            by=actor,
            at=now,
        )
        row.owner = owner
        put_in_lead(row, lead)
        row.version += 1
        sign(row, actor=actor, now=now, reason=reason).save(
            update_fields=["owner", "unit", "unit_path", "version"]
        )
        sync_grants([row], actor=actor, now=now)
        audit.record("task.handed_over", actor=actor, row=row, fields=["owner", "unit"])
    return handed


def _check_may(actor: User, task: Task, lead: Unit) -> None:
    if may(actor, MANAGE, task):
        check_action(actor, MANAGE, lead)
        return
    check_action(actor, "campaign.accept", task)
    if lead != task.unit:
        raise refuse("not_allowed", _("Your role does not allow this here."))


def _problems(task: Task, owner: User, lead: Unit, reason: str) -> list[Problem]:
    inside = owner.unit.path.startswith(lead.path)
    found = [
        ("reason", not reason.strip(), _("Say why.")),
        (
            "same",
            owner.pk == task.owner_id and lead.pk == task.unit_id,
            _("The task is there already."),
        ),
        ("owner_left", not owner.is_active, _("This person's account is disabled.")),
        ("owner_elsewhere", not inside, _("The owner works in another unit than the lead.")),
        ("dissolved_lead", lead.dissolved_on is not None, _("The lead unit is dissolved.")),
        ("collective_lead", lead.collective, _("A collective of units cannot be the one lead.")),
    ]
    return [Problem(code, message) for code, wrong, message in found if wrong]
