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
from security.models import Protected, Unit


class CadreQuerySet(NamedQuerySet):
    def under(self, unit: Unit) -> CadreQuerySet:
        """Cadres of the unit and of every unit below it."""
        return self.filter(unit_path__gte=unit.path, unit_path__lt=unit.path[:-1] + "0")

    def managed_centrally(self) -> CadreQuerySet:
        return self.filter(managed_centrally=True)


class Cadre(Named, Protected):
    """A cadre of one unit: posts and dates of the unified CV form (items 11-17, 22).

    Unpublished personnel papers of centrally managed cadres can be state secrets: such rows belong
    on an installation whose ceiling allows their level.
    """

    view_action = "records.view"
    detail_url = "records:cadre_detail"
    one_level = True
    kind_name = _("Cadre's record")
    own_action = "records.view_own"
    shareable = True

    person = models.OneToOneField(Person, on_delete=models.PROTECT, related_name="cadre")
    post = models.CharField(max_length=200)
    concurrent_posts = models.CharField(max_length=250, blank=True)
    committee_post = models.CharField(max_length=200, blank=True)
    appointed_date = PartialDateField()
    reappointed_date = PartialDateField()
    recruited_date = PartialDateField()
    recruitment_agency = models.CharField(max_length=200, blank=True)
    agency_joined_date = PartialDateField()
    rank_code = models.CharField(max_length=20, blank=True)
    managed_centrally = models.BooleanField(default=False)
    left_date = PartialDateField()
    basis = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = CadreQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(
        excluded_fields=["family_name", "middle_name", "given_name", "search_name"],
        history_change_reason_field=models.CharField(max_length=300, null=True),
    )

    class Meta(Protected.Meta):
        indexes = [*Protected.Meta.indexes, *ListedMeta.indexes]
        constraints = [
            *Protected.Meta.constraints,
            models.CheckConstraint(condition=~Q(post=""), name="cadre_has_post"),
            models.CheckConstraint(condition=Q(sensitivity__gte=1), name="cadre_is_personal"),
            partial_date_constraint("appointed_date", "cadre_appointed_date"),
            partial_date_constraint("reappointed_date", "cadre_reappointed_date"),
            partial_date_constraint("recruited_date", "cadre_recruited_date"),
            partial_date_constraint("agency_joined_date", "cadre_agency_joined_date"),
            partial_date_constraint("left_date", "cadre_left_date"),
            date_order_constraint("appointed_date", "reappointed_date", "cadre_reappointed_later"),
            date_order_constraint("appointed_date", "left_date", "cadre_leaves_later"),
        ]

    def __str__(self) -> str:
        return self.display_name

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """Everything kept of a person has one level, in whichever register it stands."""
        return [*super().inside(ids), Person.objects.filter(cadre__in=ids)]

    @property
    def edition(self) -> str:
        """Which state of cadre and person a form was made from; a later save must match it."""
        return f"{self.version}.{self.person.version}"
