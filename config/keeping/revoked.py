"""Revocations since a backup, from the files beside the copies of the seals."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from security.models import AuditEvent
from security.seals import revocations, store
from security.seals.revocations import JournalError
from security.seals.verifying import PublicKeys

# Ended by every restore, whoever's they are: nothing is left to be done again.
ENDED_BY_RESTORE = frozenset(
    {"session.ended", "user.sessions_ended", "invitation.revoked", "emergency.ended"}
)


@dataclass
class Since:
    entries: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def since(directory: Path | None, checkpoint: int, keys: PublicKeys) -> Since:
    """What was revoked after this checkpoint and is not in the restored trail."""
    found = Since()
    numbers = store.numbers(directory) if directory and directory.is_dir() else set()
    if not numbers:
        found.faults.append(
            "revocations since the backup are unknown: there are no copies of seals. Give them by "
            "--checkpoints, or review all roles before anybody comes in"
        )
    for number in sorted(number for number in numbers if number > checkpoint):
        assert directory is not None  # noqa: S101 - for the type checker
        kept = store.kept(directory, number)
        try:
            if kept is None:
                raise JournalError("cannot be found: its seal is not readable")
            found.entries += revocations.read(directory, kept.body, keys)
        except JournalError as error:
            found.faults.append(f"revocations of seal {number}: the file {error}")
    return Since(_not_restored(found.entries), found.faults)


def _not_restored(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Without those whose line the restored trail has: they were done before the backup."""
    ids = [entry["id"] for entry in entries]
    there = set(AuditEvent.objects.filter(id__in=ids).values_list("id", "action"))
    return [one for one in entries if (one["id"], one["action"]) not in there]


def told(entry: dict[str, Any]) -> str:
    """One line for the person at the machine: codes and ids."""
    which = entry["object_id"] or ",".join(map(str, entry["ids"]))
    said = f"{entry['id']}: {entry['at'][:16]} {entry['action']} {entry['object_type']} {which}"
    return f"{said} ({entry['detail']})" if entry["detail"] else said
