"""Partial dates as a column: ISO text of a year, a month or a day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Least, Left, Length
from django.db.models.lookups import GreaterThanOrEqual

ISO = r"^([12][0-9]{3}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?)?$"  # '' = unknown


if TYPE_CHECKING:
    TextColumn = models.CharField[str, str]
else:
    TextColumn = models.CharField


class PartialDateField(TextColumn):
    """'' (unknown), '1975', '1975-04' or '1975-04-30'. Text in C order is time order."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs |= {"max_length": 10, "blank": True, "default": "", "db_collation": "C"}
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        for fixed in ("max_length", "blank", "default", "db_collation"):
            kwargs.pop(fixed, None)
        return name, path, args, kwargs


def partial_date_constraint(field: str, name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(**{f"{field}__regex": ISO}), name=name)


def date_order_constraint(earlier: str, later: str, name: str) -> models.CheckConstraint:
    """``later`` is not before ``earlier``, compared as far as both are known."""
    known = Least(Length(earlier), Length(later))
    return models.CheckConstraint(
        condition=Q(**{earlier: ""})
        | Q(**{later: ""})
        | Q(GreaterThanOrEqual(Left(F(later), known), Left(F(earlier), known))),
        name=name,
    )
