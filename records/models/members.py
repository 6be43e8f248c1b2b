from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from records.models.dates import (
    PartialDateField,
    date_order_constraint,
    partial_date_constraint,
)
from records.models.naming import ListedMeta, Named, NamedQuerySet
from records.models.persons import Person
from records.rules.membership import PROBATIONARY
from records.rules.numbers import CARD_NUMBER, PROFILE_NUMBER
from security.models import Protected, Unit


class MemberQuerySet(NamedQuerySet):
    def on_register(self) -> MemberQuerySet:
        """Who has not left."""
        return self.filter(left_date="")

    def under(self, unit: Unit) -> MemberQuerySet:
        """Members of the unit and of every unit below it."""
        return self.filter(unit_path__gte=unit.path, unit_path__lt=unit.path[:-1] + "0")

    def with_status(self, status: str) -> MemberQuerySet:
        return self.filter(status=status)


class Member(Named, Protected):
    """A party member in the register of one cell (``unit``). Form 2-HSĐV, items H1-H7, 12, 20."""

    view_action = "records.view"
    detail_url = "records:member_detail"
    one_level = True
    kind_name = _("Member's record")
    own_action = "records.view_own"
    shareable = True

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="member")
    status = models.CharField(max_length=40)
    profile_number = models.CharField(max_length=10, blank=True)
    card_number = models.CharField(max_length=12, blank=True)
    admission_decision_date = PartialDateField()
    joined_date = PartialDateField()
    joined_cell = models.CharField(max_length=200, blank=True)
    official_date = PartialDateField()
    official_cell = models.CharField(max_length=200, blank=True)
    exempted_date = PartialDateField()
    left_date = PartialDateField()
    basis = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = MemberQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(
        excluded_fields=["family_name", "middle_name", "given_name", "search_name"],
        history_change_reason_field=models.CharField(max_length=300, null=True),
    )

    class Meta(Protected.Meta):
        indexes = [
            *Protected.Meta.indexes,
            *ListedMeta.indexes,
            models.Index(
                fields=["status", "given_name", "family_name", "middle_name", "id"],
                name="member_by_status",
            ),
        ]
        constraints = [
            *Protected.Meta.constraints,
            models.UniqueConstraint(
                fields=["profile_number"],
                condition=~Q(profile_number=""),
                name="member_profile_number_once",
            ),
            models.UniqueConstraint(
                fields=["card_number"],
                condition=~Q(card_number="") & Q(left_date=""),
                name="member_active_card_once",
            ),
            models.CheckConstraint(
                condition=Q(profile_number="") | Q(profile_number__regex=PROFILE_NUMBER),
                name="member_profile_number",
            ),
            models.CheckConstraint(
                condition=Q(card_number="") | Q(card_number__regex=CARD_NUMBER),
                name="member_card_number",
            ),
            models.CheckConstraint(
                condition=~Q(status=PROBATIONARY) | Q(official_date="", card_number=""),
                name="member_on_probation",
            ),
            models.CheckConstraint(condition=~Q(status=""), name="member_has_status"),
            models.CheckConstraint(condition=Q(sensitivity__gte=1), name="member_is_personal"),
            partial_date_constraint("admission_decision_date", "member_admission_date"),
            partial_date_constraint("joined_date", "member_joined_date"),
            partial_date_constraint("official_date", "member_official_date"),
            partial_date_constraint("exempted_date", "member_exempted_date"),
            partial_date_constraint("left_date", "member_left_date"),
            date_order_constraint("admission_decision_date", "joined_date", "member_joins_later"),
            date_order_constraint("joined_date", "official_date", "member_official_later"),
            date_order_constraint("joined_date", "left_date", "member_leaves_later"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """Everything kept of a person has one level, in whichever register it stands."""
        return [*super().inside(ids), Person.objects.filter(member__in=ids)]

    @property
    def edition(self) -> str:
        """Which state of member and person a form was made from; a later save must match it."""
        return f"{self.version}.{self.person.version}"
