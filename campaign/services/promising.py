"""Changing a product that was promised, before anything of it is handed in."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext as _

from campaign.models import Product, Task
from campaign.services.access import locked
from campaign.services.agreeing import MANAGE, NewProduct
from campaign.services.owed import check_version, grow_older, own_product
from security import audit
from security.history import sign
from security.models import User
from security.services import Problem, RefusedError, check_action

OPEN = frozenset({Task.State.DRAFT, Task.State.ACTIVE})


def edit_product(
    *,
    actor: User,
    product: Product,
    wanted: NewProduct,
    version: int | None = None,
    now: datetime,
) -> Product:
    """Another name, other criteria; another date of its own as long as the task is a draft.

    version: of the task as the editor saw it. What was handed in stays as it was handed in. A date
    of a running task moves by a revision, which a leader approves: never here. Raises RefusedError:
    changed_meanwhile, products (it is another task's now), not_allowed, closed, not_active,
    handed_in, title, mandatory, deadline_runs, deadline.
    """
    with locked(product.task, actor=actor, now=now) as row:
        check_action(actor, MANAGE, row)
        check_version(row, version)
        kept = own_product(row, product)
        title = wanted.title.strip()
        if problems := _problems(row, kept, title, wanted.deadline, now):
            raise RefusedError(*problems)
        criteria = [text for one in wanted.criteria if (text := one.strip())]
        if (kept.title, kept.criteria, kept.deadline) == (title, criteria, wanted.deadline):
            return kept
        kept.title, kept.criteria, kept.deadline = title, criteria, wanted.deadline
        sign(kept, actor=actor, now=now).save(update_fields=["title", "criteria", "deadline"])
        grow_older(row)
        audit.record("task.changed", actor=actor, row=row, fields=["products"])
    return kept


def _problems(
    task: Task, product: Product, title: str, deadline: datetime | None, now: datetime
) -> list[Problem]:
    moved = deadline != product.deadline
    found = [
        (
            "not_active",
            task.state not in OPEN,
            _("A task that is done or cancelled stays as it is."),
        ),
        ("handed_in", product.submissions.exists(), _("The product was handed in already.")),
        ("title", not title, _("A product needs a name.")),
        (
            "mandatory",
            bool(product.checklist_code) and title != product.title,
            _("The plan's checklist names this product: its name stays."),
        ),
        (
            "deadline_runs",
            moved and task.state == Task.State.ACTIVE,
            _("The task runs: a leader moves its dates, on the product's own page."),
        ),
        (
            "deadline",
            moved and deadline is not None and deadline <= now,
            _("The deadline lies in the past."),
        ),
    ]
    return [Problem(code, message) for code, wrong, message in found if wrong]
