"""Code lists: loaded once as shipped, then kept by people, whose changes are never overwritten."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from records.models import CodeItem, CodeList
from records.models.codes import Confidence
from security import audit
from security.models import User
from security.services import Problem, RefusedError, check_action

MANAGE_REFERENCE = "security.manage_reference"
CODE_LISTS_FILE = Path(__file__).parent.parent / "data" / "code_lists.yaml"


@transaction.atomic
def load_code_lists() -> int:
    """Create the lists and items of code_lists.yaml that do not exist yet; returns how many items.

    An item is the same when list, code and first day of validity are; its name and the rest belong
    to the people who keep the lists, so a second call changes nothing.
    """
    entries = yaml.safe_load(CODE_LISTS_FILE.read_text("utf-8"))
    for entry in entries:
        CodeList.objects.get_or_create(
            code=entry["code"],
            defaults={key: entry[key] for key in ("name", "source", "confidence")},
        )
    known = set(CodeItem.objects.values_list("code_list_id", "code", "valid_from"))
    items = [
        item
        for entry in entries
        for position, raw in enumerate(entry["items"])
        if _identity(item := _item(entry, position, raw)) not in known
    ]
    CodeItem.objects.bulk_create(items)
    return len(items)


def _identity(item: CodeItem) -> tuple[str, str, date | None]:
    return item.code_list_id, item.code, item.valid_from


def _item(entry: dict[str, Any], position: int, raw: dict[str, Any]) -> CodeItem:
    return CodeItem(
        code_list_id=entry["code"],
        code=raw["code"],
        name=raw["name"],
        position=position,
        valid_from=_day(raw.get("valid_from")),
        valid_to=_day(raw.get("valid_to")),
        confidence=raw.get("confidence") or entry["confidence"],
        extra=raw.get("extra", {}),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


@dataclass(frozen=True, kw_only=True)
class CodeFacts:
    """What people may say of a code. ``extra`` is not among it: rules of the registers read it."""

    name: str
    position: int = 0
    valid_from: date | None = None
    valid_to: date | None = None
    confidence: str = Confidence.MEDIUM


def code_problems(
    *, code_list: CodeList, code: str, facts: CodeFacts, item: CodeItem | None = None
) -> list[Problem]:
    """Why a code cannot be like this; ``item`` is the row that is being changed."""
    problems = []
    if not code.strip() or not facts.name.strip():
        problems.append(Problem("empty", _("A code needs a code and a name.")))
    begin, end = facts.valid_from, facts.valid_to
    if begin and end and end < begin:
        problems.append(Problem("dates", _("It would end before it begins.")))
    others = CodeItem.objects.filter(code_list=code_list, code=code.strip())
    if item is not None:
        others = others.exclude(pk=item.pk)
    if begin is not None:
        others = others.filter(Q(valid_to=None) | Q(valid_to__gte=begin))
    if end is not None:
        others = others.filter(Q(valid_from=None) | Q(valid_from__lte=end))
    if others.exists():
        problems.append(
            Problem(
                "overlap", _("This code is already in force in these days: end that one first.")
            )
        )
    return problems


@transaction.atomic
def add_code(*, actor: User, code_list: CodeList, code: str, facts: CodeFacts) -> CodeItem:
    """Add a code to a list that forms choose from."""
    check_action(actor, MANAGE_REFERENCE)
    CodeList.objects.select_for_update().get(pk=code_list.pk)
    _refuse_if(code_problems(code_list=code_list, code=code, facts=facts))
    item = CodeItem.objects.create(code_list=code_list, code=code.strip(), **asdict(facts))
    audit.record(
        "reference.added",
        actor=actor,
        object_type="records.codeitem",
        object_id=item.pk,
        reason=f"{code_list.pk} {item.code}",
    )
    return item


@transaction.atomic
def change_code(*, actor: User, item: CodeItem, facts: CodeFacts) -> CodeItem:
    """Correct a code, or end it. Its list, code and first day stay: records refer to them."""
    check_action(actor, MANAGE_REFERENCE)
    CodeList.objects.select_for_update().get(pk=item.code_list_id)
    item = CodeItem.objects.select_related("code_list").get(pk=item.pk)
    facts = replace(facts, valid_from=item.valid_from)
    _refuse_if(code_problems(code_list=item.code_list, code=item.code, facts=facts, item=item))
    changed = [name for name, value in asdict(facts).items() if getattr(item, name) != value]
    if not changed:
        return item
    for name in changed:
        setattr(item, name, getattr(facts, name))
    item.save(update_fields=changed)
    audit.record(
        "reference.changed",
        actor=actor,
        object_type="records.codeitem",
        object_id=item.pk,
        fields=changed,
        reason=f"{item.code_list_id} {item.code}",
    )
    return item


@transaction.atomic
def change_code_list(
    *, actor: User, code_list: CodeList, name: str, source: str, confidence: str
) -> CodeList:
    """Correct what a list is called and where it comes from."""
    check_action(actor, MANAGE_REFERENCE)
    if not name.strip():
        raise RefusedError(Problem("empty", _("A list needs a name.")))
    code_list = CodeList.objects.select_for_update().get(pk=code_list.pk)
    said = {"name": name, "source": source, "confidence": confidence}
    changed = [field for field, value in said.items() if getattr(code_list, field) != value]
    if not changed:
        return code_list
    for field in changed:
        setattr(code_list, field, said[field])
    code_list.save(update_fields=changed)
    audit.record(
        "reference.changed",
        actor=actor,
        object_type="records.codelist",
        object_id=code_list.pk,
        fields=changed,
    )
    return code_list


def _refuse_if(problems: list[Problem]) -> None:
    if problems:
        raise RefusedError(*problems)
