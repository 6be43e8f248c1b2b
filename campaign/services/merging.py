"""Three-way comparison of a plan file with the database: what it said, what it says, what is there.

A value that nobody touched follows the file. A value that people changed stays, and the difference
is listed, at this load and at every later one until both agree.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db.models import Model, Q, QuerySet

from campaign.models import Campaign
from security.history import sign
from security.models import Protected, Unit, User

Values = dict[str, Any]
# Kept in the history, so it is a word of the data and not of a language.
LOADED = "plan.loaded"


@dataclass(frozen=True)
class Difference:
    """A value kept although the file says otherwise. key: ``task:V1.1``."""

    key: str
    field: str
    file: str
    here: str


@dataclass
class Merge:
    """One load: ``said`` is what the file said last time, ``says`` collects what it says now."""

    campaign: Campaign
    actor: User | None
    now: datetime
    created: list[str] = field(default_factory=list)
    fresh: set[str] = field(default_factory=set)
    updated: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    says: dict[str, Values] = field(default_factory=dict)
    known: dict[tuple[type[Model], tuple[Any, ...]], Any] = field(default_factory=dict)
    preloaded: dict[type[Model], tuple[str, ...]] = field(default_factory=dict)

    def preload(self, rows: QuerySet[Any], *names: str) -> None:
        """Read rows at once that are looked up by exactly these fields later on."""
        self.preloaded[rows.model] = names
        for row in rows:
            self.known[rows.model, tuple(getattr(row, name) for name in names)] = row

    def find(self, model: type[Model], lookup: Values) -> Any:
        """The row that is there for these fields, or None."""
        names = self.preloaded.get(model)
        if names is None:
            return model._default_manager.filter(**lookup).first()
        place = {
            model._meta.get_field(name).attname if isinstance(value, Model) else name: (  # type: ignore[union-attr]
                value.pk if isinstance(value, Model) else value
            )
            for name, value in lookup.items()
        }
        return self.known.get((model, tuple(place[name] for name in names)))

    def row(
        self,
        key: str,
        model: type[Model],
        lookup: Values,
        values: Values,
        kept: Collection[str] = (),
        **new: Any,
    ) -> Any:
        """Create the row, or bring it up to date; ``new`` is set at creation only.

        kept: fields of a row that is there which stay whatever the file says.
        """
        row = self.find(model, lookup)
        self.says[key] = {name: plain(value) for name, value in values.items()}
        if row is None:
            self.created.append(key)
            self.fresh.add(key)
            row = self.sign(model(**lookup, **values, **new))
            row.save(force_insert=True)
            return row
        changes = self.changes(key, row, values, kept)
        if "unit" in changes and isinstance(row, Protected):
            changes["unit_path"] = changes["unit"].path
        if changes:
            for name, value in changes.items():
                setattr(row, name, value)
            self.sign(row).save(update_fields=list(changes))
            self.updated.append(key)
        return row

    def sign(self, row: Any) -> Any:
        """Let the history of the row say who loaded the file and that it was one."""
        return sign(row, actor=self.actor, now=self.now, reason=LOADED)

    def changes(self, key: str, row: Model, values: Values, kept: Collection[str] = ()) -> Values:
        """Values of the file to write; one changed here, or to be kept, is listed instead."""
        said = self.campaign.loaded.get(key, {})
        wanted: Values = {}
        for name, value in values.items():
            here, there = plain(getattr(row, name)), plain(value)
            if here == there:
                continue
            if name in said and said[name] == here and name not in kept:
                wanted[name] = value
                continue
            self.differences.append(Difference(key, name, shown(there), shown(here)))
            if name in said and name in kept:
                # Nobody here touched it: what a later file says is followed again.
                self.says[key][name] = said[name]
        return wanted

    def many(self, key: str, here: list[Any], there: list[Any]) -> bool:
        """Whether a list of the file (units, members) is to be written; same three ways."""
        name, said = "list", self.campaign.loaded.get(key, {})
        self.says[key] = {name: there}
        if here == there:
            return False
        if name in said and said[name] != here:
            self.differences.append(Difference(key, name, shown(there), shown(here)))
            return False
        return True

    def leave_out(self, *keys: str, why: str) -> None:
        """List what the file has and is not created; ``keys``: the row's own, then its lists'."""
        self.differences.append(Difference(keys[0], "", "in the file", why))
        for key in self.campaign.loaded.keys() & {*keys}:
            self.says[key] = self.campaign.loaded[key]

    def close(self) -> None:
        """Remember what the file said; name what it no longer holds."""
        for key in self.campaign.loaded.keys() - self.says.keys():
            self.differences.append(Difference(key, "", "not in the file", "kept"))
        self.campaign.loaded = self.says
        self.campaign.save(update_fields=["loaded"])


def plain(value: Any) -> Any:
    """A value as JSON keeps it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Unit):
        return value.code
    if isinstance(value, User):
        return value.username
    if isinstance(value, Model):
        return value.pk
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def shown(value: Any) -> str:
    if isinstance(value, float):
        return datetime.fromtimestamp(value).astimezone().isoformat()
    return "" if value is None else str(value)


def users_named(names: set[str]) -> dict[str, User]:
    """Users by name; a name without a user is simply absent."""
    return {user.username: user for user in User.objects.filter(Q(username__in=names))}
