"""What every protected row carries, and the only way to read it."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.apps import apps
from django.db import migrations, models
from django.db.models import Q

from security import trail_first
from security.levels import Secrecy, Sensitivity
from security.models.units import Unit

if TYPE_CHECKING:
    from security.models.users import User


class ProtectedQuerySet(models.QuerySet[Any]):
    def visible_to(self, user: User) -> Self:
        """Rows that this user may see now; the one door for every list, count, file and job."""
        from security.scope import visible_q  # noqa: PLC0415 - scope imports the models

        return self.filter(visible_q(user, self.model))


class Protected(models.Model):
    """Abstract base of rows that only some people may see.

    ``unit_path`` repeats the unit's path so that a subtree is one index range. A composite foreign
    key (unit, unit_path) → Unit(id, path) ON UPDATE CASCADE keeps it true, also when a unit moves:
    every migration that creates such a table adds ``UnitPathForeignKey("table")``.

    ``view_action``: the action whose role grants open this kind of row.
    ``parents``: lookups to protected parents; a child is visible only if parent *and* child pass.
    ``detail_url``: name of the page that shows one row; '' where it has none of its own.
    ``kind_name``: what one row is called on the screens of access.
    ``own_action``: whose role lends its caps to a row opened to its holder for good (his own record).
    ``shareable``: rows may be opened one by one, for a time, by whoever holds ``security.share_row``.
    ``one_level``: everything ``inside`` always has this row's level, also when it is lowered.

    A level of 2 or 3 stands on a ``Classification`` of that very row, which the database asks for:
    every migration that creates such a table adds ``ClassifiedLevel("table")``, too.
    """

    view_action: ClassVar[str]
    parents: ClassVar[tuple[str, ...]] = ()
    detail_url: ClassVar[str] = ""
    one_level: ClassVar[bool] = False
    kind_name: ClassVar[Any] = ""
    own_action: ClassVar[str] = ""
    shareable: ClassVar[bool] = False

    unit = models.ForeignKey(Unit, on_delete=models.PROTECT, related_name="+")
    unit_path = models.CharField(max_length=255, db_collation="C", editable=False)
    level = models.PositiveSmallIntegerField(choices=Secrecy, default=Secrecy.INTERNAL)
    sensitivity = models.PositiveSmallIntegerField(choices=Sensitivity, default=Sensitivity.NORMAL)
    created_at = models.DateTimeField(editable=False)

    objects = ProtectedQuerySet.as_manager()

    class Meta:
        abstract = True
        indexes = [
            models.Index(fields=["unit_path", "level", "id"], name="%(class)s_scope"),
            models.Index(fields=["-created_at", "-id"], name="%(class)s_newest"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(level__lte=3), name="%(class)s_level"),
            models.CheckConstraint(condition=Q(sensitivity__lte=2), name="%(class)s_sensitivity"),
        ]

    @classmethod
    def from_db(cls, *loaded: Any, **how: Any) -> Self:
        """Whatever is loaded from level 2 on must be on the trail before it is shown."""
        row = super().from_db(*loaded, **how)
        trail_first.note_row(row.__dict__.get("level"))
        return row

    @classmethod
    def inside(cls, ids: Collection[int]) -> list[models.QuerySet[Any]]:
        """Rows kept inside these ones: they are never less secret than what holds them."""
        return [
            model._default_manager.filter(**{f"{parent}__in": ids})
            for model in protected_models()
            for parent in model.parents
            if model._meta.get_field(parent).related_model is cls
        ]


def protected_models() -> list[type[Protected]]:
    """Every table that holds protected rows, of all apps."""
    return [model for model in apps.get_models() if issubclass(model, Protected)]


class UnitPathForeignKey(migrations.RunSQL):
    """Migration operation: keep ``unit_path`` of a protected table equal to its unit's path."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            sql=(
                f'ALTER TABLE "{table}" ADD CONSTRAINT "{table}_unit_path_fk" '
                "FOREIGN KEY (unit_id, unit_path) REFERENCES security_unit (id, path) "
                "ON UPDATE CASCADE"
            ),
            reverse_sql=f'ALTER TABLE "{table}" DROP CONSTRAINT "{table}_unit_path_fk"',
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.table], {})


class ClassifiedLevel(migrations.RunSQL):
    """Migration operation: no row at level 2 or 3 without a classification of its own.

    Deferred to the end of the transaction, so that a service may write both in either order;
    rows up to level 1 never get as far as the function (migration 0005 of this app).
    """

    def __init__(self, table: str) -> None:
        self.table = table
        label = table.replace("_", ".", 1)
        super().__init__(
            sql=(
                "CREATE CONSTRAINT TRIGGER classified_level "
                f'AFTER INSERT OR UPDATE OF level ON "{table}" '
                "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.level >= 2) "
                f"EXECUTE FUNCTION security_check_classified('{label}')"
            ),
            reverse_sql=f'DROP TRIGGER classified_level ON "{table}"',
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return (self.__class__.__qualname__, [self.table], {})
