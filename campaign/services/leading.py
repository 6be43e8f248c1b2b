"""Who leads a task: one unit, which does not work along with itself."""

from __future__ import annotations

from campaign.models import Task, TaskUnit
from security.models import Unit


def put_in_lead(task: Task, unit: Unit) -> None:
    """Let ``unit`` lead this locked task, which the caller saves; it works along no longer."""
    task.unit, task.unit_path, task.lead_named = unit, unit.path, True
    TaskUnit.objects.filter(task=task, unit=unit).delete()
