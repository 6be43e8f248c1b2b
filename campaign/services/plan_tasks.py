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

# A task that is no draft keeps these when the file names none any more.
NEEDED = ("owner", "responsibility", "process", "start", "deadline")
ENDED = {Task.State.DONE: "the task is done", Task.State.CANCELLED: "the task is cancelled"}


@dataclass
class Loader:
    merge: Merge
    parts: Parts
    units: dict[str, Unit]
    now: datetime
    touched: dict[int, Task] = field(default_factory=dict)
    places: dict[tuple[int, int], str] = field(default_factory=dict)
    checklist: dict[tuple[int, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        campaign = self.merge.campaign
        tasks = Task.objects.filter(campaign=campaign).prefetch_related("task_units__unit")
        joined = tasks.select_related("unit", "owner", "group", "matrix_row", "phase", "block")
        self.merge.preload(joined, "campaign_id", "code")
        products = Product.objects.filter(task__campaign=campaign)
        products = products.prefetch_related("signing_units")
        self.merge.preload(products, "task_id", "position", "checklist_code")
        for task_id, position, code in products.values_list(
            "task_id", "position", "checklist_code"
        ):
            self.places[task_id, position] = code
            if code:
                self.checklist[task_id, code] = position

    def load(self, row: TaskRow) -> Task:
        """Create or update one task with its partners and products; it stays in its state."""
        before = len(self.merge.updated)
        lookup, values = {"campaign": self.merge.campaign, "code": row.code}, self._values(row)
        task: Task = self.merge.row(
            f"task:{row.code}",
            Task,
            lookup,
            values,
            kept=_kept(self.merge.find(Task, lookup), values),
            unit_path=self._lead(row).path,
            original_deadline=row.deadline,
            created_at=self.now,
        )
        changed = self._partners(task, row)
        # Whom people made the lead meanwhile.
        TaskUnit.objects.filter(task=task, unit=task.unit).delete()
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
        if row.deadline is None and task.state != Task.State.DRAFT:
            return
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
        """Create or update a product; whether anything of it changed."""
        before = len(self.merge.updated)
        key, lists = f"product:{row.key}", f"signing:{row.key}"
        lookup = {"task": task, **self._place(task, row)}
        if self.merge.find(Product, lookup) is None and (why := self._unwanted(key, task)):
            self.merge.leave_out(key, lists, why=why)
            return False
        product = self.merge.row(
            key,
            Product,
            lookup,
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
        fresh = key in self.merge.fresh
        here = [] if fresh else sorted(unit.code for unit in product.signing_units.all())
        changed = self.merge.many(lists, here, sorted(row.signing))
        if changed:
            product.signing_units.set([self.units[code] for code in row.signing])
        return changed or fresh or len(self.merge.updated) > before

    def _place(self, task: Task, row: ProductRow) -> dict[str, Any]:
        """Where this product stands: one of the checklist by its code, a new one where it is free."""
        position = row.position
        if row.checklist_code:
            while self.places.get((task.pk, position), row.checklist_code) != row.checklist_code:
                position += 1
            position = self.checklist.get((task.pk, row.checklist_code), position)
        return {"position": position, "checklist_code": row.checklist_code}

    def _unwanted(self, key: str, task: Task) -> str:
        """Why a product that is not there is not created; "" if it is."""
        if key in self.merge.campaign.loaded:
            return "removed or moved here"
        return ENDED.get(Task.State(task.state), "")


def _kept(task: Task | None, values: dict[str, Any]) -> set[str]:
    """What a task on the board, or behind it, must not lose to a file that leaves it out."""
    if task is None or task.state == Task.State.DRAFT:
        return set()
    kept = {name for name in NEEDED if values[name] in {None, ""}}
    if not values["lead_named"] or values["unit"].collective:
        kept |= {"unit", "lead_named"}
    return kept
