"""The briefings of a plan file: moved together, never on top of one another."""

from __future__ import annotations

from datetime import date
from typing import Any

from campaign.models import Briefing
from campaign.services.merging import Difference, Merge

Known = dict[int, Briefing]  # by place in the file


def load_briefings(rows: list[dict[str, Any]], *, merge: Merge) -> None:
    """Known by their place in the plan, so that a shifted plan moves them instead of adding new.

    While all are moved their days may pass through one another: the constraint looks at the end of
    the transaction. A day that people gave to another briefing stays with it; the difference is
    listed.
    """
    there = list(Briefing.objects.filter(campaign=merge.campaign).order_by("day"))
    days = [date.fromisoformat(row["day"]) for row in rows]
    known = _known(merge, there, days)
    moving = _moving(merge, there, known, days)
    held = {one.day for one in there} - {known[i].day for i in moving} | {days[i] for i in moving}
    for i, row in enumerate(rows):
        key, values = f"briefing:{i + 1}", {"closing": row.get("closing", False)}
        here = known.get(i)
        if here is None and days[i] not in held:
            made = merge.row(key, Briefing, {"campaign": merge.campaign, "day": days[i]}, values)
            held.add(days[i])
        elif here is None:
            _differs(merge, key, days[i], "")
            merge.says[key] = {"day": row["day"]}
            continue
        else:
            made = here
            move = {"day": days[i]} if i in moving else {}
            merge.row(key, Briefing, {"pk": here.pk}, {**values, **move})
            if i not in moving and here.day != days[i]:
                _differs(merge, key, days[i], here.day.isoformat())
        merge.says[key] |= {"day": row["day"], "id": made.pk}


def _known(merge: Merge, there: list[Briefing], days: list[date]) -> Known:
    """By the row that it became; without that by the day said last time, or the very day."""
    free = {one.pk: one for one in there}
    known: Known = {}
    for i in range(len(days)):
        if (pk := merge.campaign.loaded.get(f"briefing:{i + 1}", {}).get("id")) in free:
            known[i] = free.pop(pk)
    for i, day in enumerate(days):
        said = merge.campaign.loaded.get(f"briefing:{i + 1}", {}).get("day", day.isoformat())
        found = next((one for one in free.values() if one.day.isoformat() == said), None)
        if i not in known and found is not None:
            known[i] = free.pop(found.pk)
    return known


def _moving(merge: Merge, there: list[Briefing], known: Known, days: list[date]) -> set[int]:
    """Places whose briefing follows the file: nobody moved it, and its new day is free."""
    moving = {
        i
        for i, one in known.items()
        if merge.campaign.loaded.get(f"briefing:{i + 1}", {}).get("day") == one.day.isoformat()
    }
    while True:
        kept = {one.day for one in there} - {known[i].day for i in moving}
        blocked = {i for i in moving if days[i] in kept}
        if not blocked:
            return moving
        moving -= blocked


def _differs(merge: Merge, key: str, day: date, here: str) -> None:
    merge.differences.append(Difference(key, "day", day.isoformat(), here))
