from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from records.models.dates import PartialDateField, partial_date_constraint
from records.models.naming import Named, NamedQuerySet
from records.rules.numbers import PERSONAL_ID
from security.models import Protected


class Person(Named, Protected):
    """One identity, one record, used by the member and the cadre register.

    A person has no page of his own: he is shown through a member or cadre row that the reader may
    see, field by field as ``records.fields`` allows. His unit, level and sensitivity follow his
    registers. Codes are items of the code lists named in ``records.fields``. Dates may be partial.
    """

    view_action = "records.view"
    one_level = True
    kind_name = _("Personal data")

    full_name = models.CharField(max_length=120)
    other_names = models.CharField(max_length=200, blank=True)
    gender = models.CharField(max_length=1, blank=True)
    birth_date = PartialDateField()
    personal_id = models.CharField(max_length=12, blank=True)
    ethnicity = models.CharField(max_length=40, blank=True)
    religion = models.CharField(max_length=40, blank=True)
    nationality = models.CharField(max_length=60, blank=True, default="Việt Nam")
    birth_registration_place = models.CharField(max_length=250, blank=True)
    native_place = models.CharField(max_length=250, blank=True)
    permanent_address = models.CharField(max_length=250, blank=True)
    current_address = models.CharField(max_length=250, blank=True)
    phone = models.CharField(max_length=10, blank=True)
    occupation = models.CharField(max_length=200, blank=True)
    general_education = models.CharField(max_length=40, blank=True)
    education_level = models.CharField(max_length=40, blank=True)
    qualification = models.CharField(max_length=200, blank=True)
    academic_degree = models.CharField(max_length=40, blank=True)
    academic_title = models.CharField(max_length=40, blank=True)
    political_theory = models.CharField(max_length=40, blank=True)
    it_level = models.CharField(max_length=40, blank=True)
    # Document on which the present state stands; every version in the history has its own.
    basis = models.CharField(max_length=200, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)

    objects = NamedQuerySet.as_manager()  # type: ignore[misc]
    history = HistoricalRecords(
        excluded_fields=["family_name", "middle_name", "given_name", "search_name"],
        history_change_reason_field=models.CharField(max_length=300, null=True),
    )

    class Meta(Protected.Meta):
        constraints = [
            *Protected.Meta.constraints,
            # Target of the foreign key that keeps the registers' copies of the name true.
            models.UniqueConstraint(
                fields=["id", "given_name", "family_name", "middle_name", "search_name"],
                name="person_id_name",
            ),
            models.UniqueConstraint(
                fields=["personal_id"], condition=~Q(personal_id=""), name="person_personal_id_once"
            ),
            models.CheckConstraint(
                condition=Q(personal_id="") | Q(personal_id__regex=PERSONAL_ID),
                name="person_personal_id",
            ),
            models.CheckConstraint(
                condition=Q(phone="") | Q(phone__regex=r"^0[0-9]{9}$"), name="person_phone"
            ),
            models.CheckConstraint(condition=~Q(given_name=""), name="person_has_name"),
            models.CheckConstraint(condition=Q(sensitivity__gte=1), name="person_is_personal"),
            partial_date_constraint("birth_date", "person_birth_date"),
        ]

    def __str__(self) -> str:
        return self.full_name

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """The person's rows in the registers."""
        registers = [apps.get_model("records", name) for name in ("Member", "Cadre")]
        return [
            *super().inside(ids),
            *(register._default_manager.filter(person__in=ids) for register in registers),
        ]
