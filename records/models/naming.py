"""The name by which registers are sorted and searched, kept beside every row that lists it."""

from __future__ import annotations

from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models import Case, F, Q, Value, When
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.db.models.functions import Concat, Lower

from records.folding import fold
from records.rules import normalise_name, tone_spellings
from security.models import ProtectedQuerySet

VIETNAMESE = "vi-x-icu"
Keys = tuple[str, ...]
Position = tuple[str | int, ...]  # a row's values of the keys: where it stands in that order
NAME_ORDER: Keys = ("given_name", "family_name", "middle_name", "id")
LIKENESS_ORDER: Keys = ("likeness", *NAME_ORDER)


class Named(models.Model):
    """Name parts in Vietnamese order, and the folded name for search.

    Members and cadres repeat their person's parts, because a list of 50 in name order out of a
    million is one index walk only if the order lies in the same table as the unit's path. A
    composite foreign key with ON UPDATE CASCADE (``PersonNameForeignKey``) keeps them true.
    """

    family_name = models.CharField(
        max_length=40, blank=True, editable=False, db_collation=VIETNAMESE
    )
    middle_name = models.CharField(
        max_length=80, blank=True, editable=False, db_collation=VIETNAMESE
    )
    given_name = models.CharField(max_length=40, editable=False, db_collation=VIETNAMESE)
    # " nguyen van an ": folded, with a space on both sides (records.rules.search_name).
    search_name = models.CharField(max_length=170, editable=False, db_collation="C")

    class Meta:
        abstract = True

    @property
    def display_name(self) -> str:
        return " ".join(
            part for part in (self.family_name, self.middle_name, self.given_name) if part
        )


class ListedMeta:
    """Indexes of a register that is listed in name order and searched by name."""

    indexes = [
        # The path rides along, so that a walk in name order meets the scope without the table.
        models.Index(
            fields=["given_name", "family_name", "middle_name", "id", "unit_path"],
            name="%(class)s_by_name",
        ),
        GinIndex(fields=["search_name"], opclasses=["gin_trgm_ops"], name="%(class)s_search"),
    ]


class NamedQuerySet(ProtectedQuerySet):
    def named(self, text: str) -> NamedQuerySet:
        """Rows whose name has every word of ``text`` at a word's start, accents ignored."""
        return self.filter(_folded(text, whole=False))

    def with_likeness(self, text: str) -> NamedQuerySet:
        """Annotate ``likeness``: 0 is the likest to ``text``.

        0 the very accents typed, as whole words; 1 as beginnings of words; 2 other accents, whole
        words; 3 the rest ("hoà": Hoà and Hòa, Hoàng, Hoa, Hoan). Text typed without accents only
        tells 2 from 3: name order puts the plain spelling first anyway.
        """
        steps = [When(_folded(text, whole=True), then=2)]
        rows: NamedQuerySet = self
        if fold(text) != " ".join(text.lower().split()):
            rows = rows.alias(accented=_ACCENTED)
            exact = [_accented(text, whole=True), _accented(text, whole=False)]
            steps = [*(When(one, then=step) for step, one in enumerate(exact)), *steps]
        ranked: NamedQuerySet = rows.annotate(likeness=Case(*steps, default=3))
        return ranked

    def in_order_of(self, keys: Keys, *, backwards: bool = False) -> NamedQuerySet:
        return self.order_by(*(f"-{key}" if backwards else key for key in keys))

    def beyond(self, keys: Keys, position: Position, *, backwards: bool = False) -> NamedQuerySet:
        """Rows behind (backwards: in front of) a position in the order of ``keys``."""
        compare = TupleLessThan if backwards else TupleGreaterThan
        return self.filter(compare(Tuple(*map(F, keys)), position))


_ACCENTED = Lower(
    Concat(
        Value(" "), F("family_name"), Value(" "), F("middle_name"), Value(" "), F("given_name"),
        Value(" "),
    )
)  # fmt: skip


def _folded(text: str, *, whole: bool) -> Q:
    wanted = Q()
    for word in fold(text).split():
        wanted &= Q(search_name__contains=f" {word} " if whole else f" {word}")
    return wanted


def _accented(text: str, *, whole: bool) -> Q:
    wanted = Q()
    for word in normalise_name(text).lower().split():
        spellings = Q()
        for spelling in tone_spellings(word):
            spellings |= Q(accented__contains=f" {spelling} " if whole else f" {spelling}")
        wanted &= spellings
    return wanted


class PersonNameForeignKey(migrations.RunSQL):
    """Migration operation: keep the name parts of a register equal to its person's."""

    COLUMNS = "given_name, family_name, middle_name, search_name"

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            sql=(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_name_fk" '
                f"FOREIGN KEY (person_id, {self.COLUMNS}) "
                f"REFERENCES records_person (id, {self.COLUMNS}) ON UPDATE CASCADE"
            ),
            reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_name_fk"',
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.table], {})
