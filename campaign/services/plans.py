"""Loading a plan file: check everything, then create or update, never overwrite people's changes."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.db import transaction

from campaign.models import Campaign
from campaign.planfile.checking import check
from campaign.planfile.reading import Document, FileProblem, read
from campaign.planfile.rows import task_rows
from campaign.planfile.shifting import StartError, shifted
from campaign.services.access import check_open
from campaign.services.merging import Difference, Merge, plain
from campaign.services.plan_guard import check_codes
from campaign.services.plan_parts import load_parts, load_units
from campaign.services.plan_tasks import Loader
from campaign.services.tasks import activate_complete
from security import audit
from security.levels import Secrecy
from security.models import Unit, User
from security.services import check_action, check_level


class PlanFileError(Exception):
    """The file is wrong; nothing was loaded. ``problems`` lists everything found."""

    def __init__(self, problems: list[FileProblem]) -> None:
        self.problems = sorted(problems, key=lambda p: (p.line, p.key))
        super().__init__("\n".join(str(problem) for problem in self.problems))


@dataclass
class LoadReport:
    """What a load did. Keys are ``task:V1.1``, ``product:S5``, ``unit:VP`` …

    incomplete: drafts by code with the codes of what they lack.
    """

    campaign: str
    tasks: int = 0
    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    activated: list[str] = field(default_factory=list)
    incomplete: dict[str, list[str]] = field(default_factory=dict)
    differences: list[Difference] = field(default_factory=list)
    unknown_people: list[str] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def read_plan(path: Path, *, start: date | None = None) -> dict[str, Any]:
    """The checked and shifted data of a plan file; PlanFileError with all that is wrong."""
    try:
        document = read(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise PlanFileError([FileProblem(0, "", f"cannot be read: {error}")]) from error
    check(document, known_units=set(Unit.objects.values_list("code", flat=True)))
    check_codes(document)
    if document.problems:
        raise PlanFileError(document.problems)
    return _moved(document, start)


def _moved(document: Document, start: date | None) -> dict[str, Any]:
    try:
        return shifted(document.data, start)
    except StartError as error:
        raise PlanFileError([FileProblem(0, "--start", str(error))]) from error


@transaction.atomic
def load_plan(
    path: Path, *, actor: User | None, now: datetime, start: date | None = None
) -> LoadReport:
    """Create or update a campaign from a plan file and activate every complete draft.

    ``actor=None`` is the installation itself. ``now``: instant at which tasks become active; the
    demonstration gives the first day of its campaign, so that the board has a past. ``start``
    shifts every date of the plan and must be a Friday. Loading the same file twice changes
    nothing. Raises PlanFileError (nothing loaded) or RefusedError.
    """
    if actor is not None:
        check_action(actor, "campaign.manage")
    check_level(Secrecy.INTERNAL)  # tasks are internal until somebody classifies one
    data = read_plan(path, start=start)
    units = load_units(data, actor=actor)
    campaign = _campaign(data, units)
    merge = Merge(campaign, actor=actor, now=now)
    merge.says |= {f"unit:{row['code']}": {"name": row["name"]} for row in data["units"]}
    parts = load_parts(data, merge=merge, units=units, now=now)
    loader = Loader(merge=merge, parts=parts, units=units, now=now)
    tasks = [loader.load(row) for row in task_rows(data)]
    merge.close()
    report = LoadReport(
        campaign=campaign.code,
        tasks=len(tasks),
        created=merge.created,
        updated=merge.updated,
        differences=merge.differences,
        unknown_people=sorted(parts.unknown_people),
    )
    ready, report.incomplete = activate_complete(actor=actor, tasks=tasks, now=now)
    report.activated = [task.code for task in ready]
    loader.refresh(actor=actor, but=ready)
    audit.record(
        "plan.loaded",
        actor=actor,
        object_type="campaign.campaign",
        object_id=campaign.pk,
        ids=[task.pk for task in tasks],
    )
    return report


def _campaign(data: dict[str, Any], units: dict[str, Unit]) -> Campaign:
    """The campaign's own row, locked for the time of the load."""
    said = data["campaign"]
    document = said.get("document", {})
    values = {
        "title": said["title"],
        "unit": units[said["unit"]],
        "document_number": document.get("number", ""),
        "document_date": document.get("date"),
        "issuer": document.get("issuer", ""),
        "start": date.fromisoformat(said["start"]),
        "end": date.fromisoformat(said["end"]),
        "reference": data.get("reference", {}),
    }
    if document.get("date"):
        values["document_date"] = date.fromisoformat(document["date"])
    campaign, _created = Campaign.objects.get_or_create(code=said["code"], defaults=values)
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    check_open(campaign)
    changed = [
        name for name, value in values.items() if plain(getattr(campaign, name)) != plain(value)
    ]
    for name in changed:
        setattr(campaign, name, values[name])
    if changed:
        campaign.save(update_fields=changed)
    return campaign
