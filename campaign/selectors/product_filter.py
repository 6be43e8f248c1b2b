"""Filters and order of the product list; what its address says, and nothing else."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from campaign.models import Acceptance, Campaign, Grade, Product, Submission, Task
from campaign.models.products import ProductQuerySet
from security.models import User

SHOWN = ("checklist", "all", "waiting")
STATES = ("open", "waiting", *Grade.values)
DUE = ("over", "week", "remedy")
SORTS = ("no", "due", "unit", "state")
WEEK = timedelta(days=7)
# What still has to be done comes first, what is over last.
_STATE_RANK = {"C": 0, "waiting": 1, "open": 2, "B": 3, "A": 4}


@dataclass(frozen=True)
class ProductFilter:
    """What the list shows; unknown values are dropped.

    show: the plan's checklist, all products, or those waiting for a grade. group: number; unit:
    code of the lead unit. state: open, waiting, A, B, C. due: over (deadline passed, nothing
    handed in), week (within seven days), remedy (remedies not handed in again). sort: no (as
    the plan prints them), due, unit, state; ``down`` turns it round.
    """

    show: str = "checklist"
    group: int | None = None
    unit: str = ""
    state: str = ""
    due: str = ""
    sort: str = "no"
    down: bool = False
    campaign: str = ""

    @classmethod
    def from_query(cls, query: Any, *, campaign: str = "") -> ProductFilter:
        group, sort = query.get("group", ""), query.get("sort", "")
        return cls(
            show=_known(query.get("show", ""), SHOWN) or "checklist",
            group=int(group) if group.isdecimal() and len(group) <= 3 else None,
            unit=query.get("unit", "")[:40],
            state=_known(query.get("state", ""), STATES),
            due=_known(query.get("due", ""), DUE),
            sort=_known(sort.removeprefix("-"), SORTS) or "no",
            down=sort.startswith("-"),
            campaign=campaign,
        )

    def base(self, user: User, campaign: Campaign) -> ProductQuerySet:
        """Visible products of running and done tasks, with ``stands`` and ``due_at``."""
        rows: ProductQuerySet = Product.objects.visible_to(user).filter(
            task__campaign=campaign,
            task__state__in=[Task.State.ACTIVE, Task.State.DONE],
        )
        if self.show == "checklist":
            rows = rows.mandatory()
        grades = Acceptance.objects.filter(submission__product=OuterRef("pk"))
        newest = grades.order_by("-submission__round")
        waits = Submission.objects.filter(product=OuterRef("pk"), acceptance=None)
        return rows.annotate(
            graded=Subquery(newest.values("grade")[:1]),
            remedy_at=Subquery(newest.values("remediate_until")[:1]),
            waits=Exists(waits),
            due_at=Coalesce("deadline", "task__deadline"),
        ).annotate(
            stands=Case(
                When(waits=True, then=Value("waiting")),
                default=Coalesce("graded", Value("open")),
                output_field=CharField(),
            )
        )

    def apply(self, user: User, campaign: Campaign, *, now: datetime) -> ProductQuerySet:
        """The products that fit, in their order."""
        rows = self.base(user, campaign).filter(self._lookups(now))
        ranks = [When(stands=state, then=Value(rank)) for state, rank in _STATE_RANK.items()]
        keys: dict[str, tuple[Any, ...]] = {
            "no": ("position",) if self.show == "checklist" else ("task__code", "position"),
            "due": ("due_at", "task__code", "position"),
            "unit": ("task__unit__name", "due_at"),
            "state": (Case(*ranks, default=Value(5)), "due_at"),
        }
        first, *rest = (F(key) if isinstance(key, str) else key for key in keys[self.sort])
        return rows.order_by(first.desc() if self.down else first.asc(), *rest, "pk")

    def _lookups(self, now: datetime) -> Q:
        found = Q()
        if self.show == "waiting":
            found &= Q(stands="waiting")
        if self.group is not None:
            found &= Q(task__group__no=self.group)
        if self.unit:
            found &= Q(task__unit__code=self.unit)
        if self.state:
            found &= Q(stands=self.state)
        due = {
            "over": Q(due_at__lte=now, stands="open"),
            "week": Q(due_at__gt=now, due_at__lte=now + WEEK) & ~Q(stands="A"),
            "remedy": Q(stands__in=["B", "C"]),
        }
        return found & due.get(self.due, Q())

    def tally(self, user: User, campaign: Campaign, *, now: datetime) -> Counter[str]:
        """How many products stand where, under all filters but the state's. One query."""
        rows: Any = self.base(user, campaign)
        rows = rows.filter(self.but(state="")._lookups(now)).order_by()
        return Counter(dict(rows.values_list("stands").annotate(n=Count("pk"))))

    def but(self, **changes: Any) -> ProductFilter:
        return replace(self, **changes)

    @property
    def order(self) -> str:
        return f"-{self.sort}" if self.down else self.sort

    @property
    def query(self) -> str:
        """As the query string of a link; what goes without saying is left out."""
        said = {
            "show": self.show if self.show != "checklist" else "",
            "group": self.group or "",
            "unit": self.unit,
            "state": self.state,
            "due": self.due,
            "sort": self.order if self.order != "no" else "",
            "campaign": self.campaign,
        }
        return urlencode({key: value for key, value in said.items() if value})

    @property
    def any(self) -> bool:
        plain = ProductFilter(show=self.show, campaign=self.campaign)
        return self.but(sort="no", down=False) != plain


def _known(given: str, values: Any) -> str:
    return given if given in values else ""
