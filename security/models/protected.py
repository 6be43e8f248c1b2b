"""What every protected row carries, and the only way to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Self

from django.db import migrations, models
from django.db.models import Q

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
    """

    view_action: ClassVar[str]
    parents: ClassVar[tuple[str, ...]] = ()

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
