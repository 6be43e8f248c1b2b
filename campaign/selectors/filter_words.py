"""A list's filters in words: what is filtered, and the address without that one filter."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaign.models import Light, Task
from campaign.selectors.filters import NO_GROUP, TaskFilter
from campaign.selectors.structure import Named, Structure
from security.models import User

STATES = {
    "": gettext_lazy("On the board"),
    "active": gettext_lazy("Running"),
    "done": gettext_lazy("Completed"),
    "draft": gettext_lazy("Drafts"),
    "cancelled": gettext_lazy("Cancelled"),
}
SORTS = {
    "": gettext_lazy("Most pressing first"),
    "deadline": gettext_lazy("Deadline, nearest first"),
    "-deadline": gettext_lazy("Deadline, farthest first"),
    "code": gettext_lazy("Code"),
    "-code": gettext_lazy("Code, from the end"),
    "unit": gettext_lazy("Lead unit"),
    "-unit": gettext_lazy("Lead unit, from the end"),
}


@dataclass(frozen=True)
class Chip:
    """One filter in words; ``query`` is the list without it. gone: the plan knows it no longer."""

    label: str
    query: str
    gone: bool = False


def chips_of(
    chosen: TaskFilter, frame: Structure, units: list[tuple[str, str]], person: str = ""
) -> tuple[Chip, ...]:
    """Every filter in force, in the order of the form. person: ``owner_name``."""
    return (
        *_light_chips(chosen),
        *_plan_chips(chosen, frame),
        *_other_chips(chosen, units, person),
    )


def _light_chips(chosen: TaskFilter) -> Iterator[Chip]:
    for light in chosen.light:
        left = tuple(one for one in chosen.light if one != light)
        yield Chip(str(Light(light).label), chosen.but(light=left).query)


def _plan_chips(chosen: TaskFilter, frame: Structure) -> Iterator[Chip]:
    parts: tuple[tuple[str, int | None, Iterable[Named], str], ...] = (
        ("group", chosen.group, frame.groups, _("group %(no)s")),
        ("block", chosen.block, frame.blocks, _("block %(no)s")),
        ("row", chosen.row, frame.rows, _("matrix row %(no)s")),
    )
    for name, number, known, said in parts:
        if number is not None:
            found = [part.name for part in known if part.no == number]
            if name == "group" and number == NO_GROUP:
                found = [_("No group")]
            yield _numbered(found, said % {"no": number}, chosen.but(**{name: None}))
    if chosen.week is not None:
        weeks = [phase.label for phase in frame.phases if phase.no == chosen.week]
        yield _numbered(weeks, _("week %(no)s") % {"no": chosen.week}, chosen.but(week=None))


def _numbered(found: list[str], said: str, left: TaskFilter) -> Chip:
    if found:
        return Chip(found[0], left.query)
    return Chip(_("%(filter)s: not in this plan") % {"filter": said}, left.query, gone=True)


def _other_chips(chosen: TaskFilter, units: list[tuple[str, str]], person: str) -> Iterator[Chip]:
    if chosen.unit:
        yield _unit_chip(chosen, dict(units))
    if chosen.kind:
        yield Chip(str(Task.Kind(chosen.kind).label), chosen.but(kind="").query)
    if chosen.owner:
        yield _owner_chip(chosen, person)
    if chosen.deputy:
        yield Chip(_("My blocks"), chosen.but(deputy="").query)
    if chosen.late:
        yield Chip(_("done late"), chosen.but(late=False).query)
    if chosen.due:
        yield Chip(_("deadline over"), chosen.but(due=False).query)
    if chosen.words:
        yield Chip(f"“{chosen.words}”", chosen.but(words="").query)


def _unit_chip(chosen: TaskFilter, names: dict[str, str]) -> Chip:
    """A unit without a task here is told by the code that was asked for: no name comes out."""
    left = chosen.but(unit="").query
    if chosen.unit in names:
        return Chip(names[chosen.unit], left)
    return Chip(_("%(unit)s: leads nothing here") % {"unit": chosen.unit}, left, gone=True)


def _owner_chip(chosen: TaskFilter, person: str) -> Chip:
    left = chosen.but(owner="").query
    if chosen.owner == "me":
        return Chip(_("My own"), left)
    return Chip(person or _("this person: owns nothing here"), left, gone=not person)


def owner_name(user: User, chosen: TaskFilter) -> str:
    """The person whose tasks are listed, if the reader sees a task of his; one query or none."""
    if not chosen.owner or chosen.owner == "me":
        return ""
    seen = Task.objects.visible_to(user).filter(owner=int(chosen.owner))
    found = seen.select_related("owner").first()
    return str(found.owner) if found else ""


def why_empty(chosen: TaskFilter, *, seen: int, on_board: int) -> tuple[str, str]:
    """Title and text for a list without a row.

    seen: tasks of the campaign that the reader may see at all; on_board: those with a light.
    """
    if not seen:
        return _("Nothing is open to you here"), _("No task of this campaign concerns your unit.")
    if chosen.at is None and not on_board and chosen.state not in {"draft", "cancelled"}:
        return _("Nothing has started"), _("The tasks are still drafts; none is on the board.")
    simple = _simple(chosen)
    if simple:
        return simple
    return _("No task fits"), _("Nothing that you may see has these marks.")


def _simple(chosen: TaskFilter) -> tuple[str, str] | None:
    """What an empty list says where a single thing was asked for."""
    said = {
        TaskFilter(state="draft"): (_("No draft"), _("Every task of the plan is complete.")),
        TaskFilter(state="cancelled"): (_("None cancelled"), _("All tasks of the plan stand.")),
        TaskFilter(state="done"): (
            _("None completed yet"),
            _("A task is done when all its products are accepted."),
        ),
        TaskFilter(light=("red",)): (_("No red task"), _("Nothing is late or stuck.")),
        TaskFilter(light=("red", "yellow")): (
            _("Nothing red, nothing yellow"),
            _("No task is late, stuck or at risk."),
        ),
        TaskFilter(late=True): (_("None late"), _("What is done was done in time.")),
        TaskFilter(owner="me"): (_("You own no task"), _("Tasks given to you appear here.")),
        TaskFilter(owner="me", state="active"): (
            _("You own no running task"),
            _("Tasks given to you appear here."),
        ),
    }
    return said.get(chosen.kept.but(sort=""))
