"""Addresses in campaign: a task, and the list of exactly the tasks that a number counts."""

from __future__ import annotations

from django.urls import reverse

from campaign.models import Task


def task_url(task: Task) -> str:
    return reverse("campaign:task_detail", args=[task.pk])


def task_list_url(query: str = "") -> str:
    """``query``: as ``TaskFilter.query`` writes it."""
    return reverse("campaign:task_list") + (f"?{query}" if query else "")


def product_list_url(query: str = "") -> str:
    return reverse("campaign:product_list") + (f"?{query}" if query else "")


def report_url(task: Task) -> str:
    return f"{task_url(task)}#report"
