"""What a task owes, read under its lock: nobody acts on a product or a version read before it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.utils.translation import gettext as _

from campaign.models import Product, Task
from campaign.rules import last_day
from campaign.services.access import refuse


def check_version(task: Task, version: int | None) -> None:
    """Refuse to write over what somebody else saved. None: the caller compared under a lock."""
    if version is not None and task.version != version:
        raise refuse(
            "changed_meanwhile", _("Somebody else changed this task while you were editing it.")
        )


def grow_older(task: Task) -> None:
    """What was agreed changed beside the row itself: its products, the units that work along."""
    task.version += 1
    task.save(update_fields=["version"])


def own_products(task: Task, products: Iterable[Product]) -> list[Product]:
    """These products as they stand now, locked; one may have gone to another task meanwhile."""
    wanted = [product.pk for product in products]
    rows = task.products.select_for_update(of=("self",)).in_bulk(wanted)
    if len(rows) < len(set(wanted)):
        raise refuse("products", _("A product belongs to another task."))
    return [rows[pk] for pk in wanted]


def own_product(task: Task, product: Product) -> Product:
    return own_products(task, [product])[0]


def check_in_time(task: Task, product: Product, now: datetime) -> None:
    """An overdue product leaves a running task by its acceptance alone.

    Otherwise a red would go without a reason and without anybody who approved it.
    """
    due = product.deadline or task.deadline
    if task.state == Task.State.ACTIVE and due is not None and due <= now:
        said = _("The deadline of “%(product)s” is over: it stays until it is accepted.")
        raise refuse("overdue", said % {"product": product.title})


def check_within(task: Task, deadline: datetime | None) -> None:
    """A date of its own may not outlive a running task's, which only a leader moves."""
    if task.state != Task.State.ACTIVE or deadline is None or task.deadline is None:
        return
    if deadline > task.deadline:
        said = _("The task runs until %(day)s: none of its products is due later.")
        day = f"{last_day(task.deadline):%d/%m/%Y}"
        raise refuse("after_task", said % {"day": day})
