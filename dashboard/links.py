"""Addresses in campaign: a task, and the list of exactly the tasks that a number counts."""

from __future__ import annotations

from functools import cache

from django.urls import reverse

from campaign.models import Task
from campaign.selectors.saved import plain


def task_url(task: Task) -> str:
    return reverse("campaign:task_detail", args=[task.pk])


def task_list_url(query: str = "") -> str:
    """``query``: as ``TaskFilter.query`` writes it; never the bare list, which opens as its reader
    arranged it."""
    return f"{_task_list()}?{plain(query)}"


@cache
def _task_list() -> str:
    """A board has some two hundred of these addresses."""
    return reverse("campaign:task_list")


def product_url(task_id: int, product_id: int) -> str:
    """The product with its rounds, files and grades."""
    return reverse("campaign:product", args=[task_id, product_id])


def report_url(task: Task) -> str:
    return f"{task_url(task)}#report"
