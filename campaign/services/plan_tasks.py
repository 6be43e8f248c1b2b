"""Tasks and products of a plan file become rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from campaign.models import Product, Task, TaskUnit
from campaign.planfile.rows import ProductRow, TaskRow
from campaign.services.access import locked
from campaign.services.granting import sync_grants
from campaign.services.merging import Merge
from campaign.services.plan_parts import Parts
from security.models import Unit, User


@dataclass
class Loader:
    merge: Merge
    parts: Parts
    units: dict[str, Unit]
    now: datetime
    touched: dict[int, Task] = field(default_factory=dict)

    def __post_init__(self) -> None:
        campaign = self.merge.campaign
        tasks = Task.objects.filter(campaign=campaign).prefetch_related("task_units__unit")
        joined = tasks.select_related("unit", "owner", "group", "matrix_row", "phase", "block")
        self.merge.preload(joined, "campaign_id", "code")
        products = Product.objects.filter(task__campaign=campaign)
        products = products.prefetch_related("signing_units")
        self.merge.preload(products, "task_id", "position", "checklist_code")

    def load(self, row: TaskRow) -> Task:
        """Create or update one task with its partners and products; it stays in its state."""
        before = len(self.merge.updated)
        task: Task = self.merge.row(
            f"task:{row.code}",
            Task,
            {"campaign": self.merge.campaign, "code": row.code},
            self._values(row),
            unit_path=self._lead(row).path,
            original_deadline=row.deadline,
            created_at=self.now,
        )
        changed = self._partners(task, row)
        for product in row.products:
            changed |= self._product(task, product)
        if len(self.merge.updated) > before:
            self._first_deadline(task, row)
            changed = True
        if changed and task.state == Task.State.ACTIVE:
            self.touched[task.pk] = task
        return task

    def refresh(self, *, actor: User | None, but: list[Task]) -> None:
        """Lights and grants of running tasks that this load changed, and of changed blocks.

        but: tasks that have just become active, with fresh lights and grants.
        """
        blocks = {int(key.split(":")[1]) for key in self.merge.updated if key.startswith("block:")}
        running = Task.objects.active().filter(campaign=self.merge.campaign)
        again = running.filter(block__no__in=blocks) | running.filter(pk__in=self.touched)
        stale = list(again.exclude(pk__in=[task.pk for task in but]).distinct())
        for task in stale:
            with locked(task, actor=actor, now=self.now):
                pass  # its light follows the new dates
        if stale:
            sync_grants(stale, actor=actor, now=self.now)

    def _lead(self, row: TaskRow) -> Unit:
        return self.units[row.lead] if row.lead else self.merge.campaign.unit

    def _values(self, row: TaskRow) -> dict[str, Any]:
        parts = self.parts
        return {
            "kind": row.kind,
            "title": row.title,
            "focus": row.focus,
            "group": parts.groups.get(row.group or 0),
            "matrix_row": parts.rows.get(row.matrix_row or 0),
            "phase": parts.phases.get(row.week or 0),
            "block": parts.blocks.get(row.block or 0),
            "unit": self._lead(row),
            "lead_named": row.lead is not None,
            "lead_scope": row.lead_scope,
            "owner": parts.people.get(row.owner or ""),
            "responsibility": row.responsibility,
            "process": row.process,
            "start": row.start,
            "deadline": row.deadline,
            "deadline_text": row.deadline_text,
            "deadline_assumed": row.deadline_assumed,
            "check_text": row.check_text,
            "risk": row.risk,
            "handling": row.handling,
            "note": row.note,
        }

    def _first_deadline(self, task: Task, row: TaskRow) -> None:
        """The original deadline follows the file while nobody has moved it."""
        if not task.revisions.exists() and task.original_deadline != row.deadline:
            task.original_deadline = row.deadline
            self.merge.sign(task).save(update_fields=["original_deadline"])

    def _partners(self, task: Task, row: TaskRow) -> bool:
        there = [[p.unit, p.part, p.leads_part] for p in row.partners]
        here = [
            [partner.unit.code, partner.part, partner.role == TaskUnit.Role.CO_LEADS]
            for partner in (
                task.task_units.all() if f"task:{task.code}" not in self.merge.fresh else ()
            )
        ]
        if not self.merge.many(f"partners:{row.code}", here, there):
            return False
        task.task_units.all().delete()
        TaskUnit.objects.bulk_create(
            TaskUnit(
                task=task,
                unit=self.units[partner.unit],
                part=partner.part,
                role=TaskUnit.Role.CO_LEADS if partner.leads_part else TaskUnit.Role.COORDINATES,
            )
            for partner in row.partners
        )
        return True

    def _product(self, task: Task, row: ProductRow) -> bool:
        before = len(self.merge.updated)
        lookup: dict[str, Any] = {"task": task, "position": row.position}
        product = self.merge.row(
            f"product:{row.key}",
            Product,
            {**lookup, "checklist_code": row.checklist_code},
            {
                "title": row.title,
                "checklist_no": row.checklist_no,
                "criteria": list(row.criteria),
                "signing_text": row.signing_text,
                "deadline": row.deadline,
                "deadline_text": row.deadline_text,
                "note": row.note,
            },
        )
        fresh = f"product:{row.key}" in self.merge.fresh
        here = [] if fresh else sorted(unit.code for unit in product.signing_units.all())
        changed = self.merge.many(f"signing:{row.key}", here, sorted(row.signing))
        if changed:
            product.signing_units.set([self.units[code] for code in row.signing])
        return changed or len(self.merge.updated) > before
