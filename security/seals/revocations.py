"""What narrowed somebody's access, written beside the copies of the seals (docs/adr/0016).

A backup brings back every role, password and share of its moment, also those that were taken away
since. So whatever takes access away is written, within the minute of its seal, to a file that
survives the loss of the database: one for each checkpoint, signed, written once, also where there
was nothing, so that a missing file shows. Codes and ids alone: ``detail`` holds only what one of
the patterns below lets through.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from security.models import AuditEvent
from security.seals import store
from security.seals.checkpoints import Body
from security.seals.keys import SealKey, is_signed

PublicKeys = Mapping[str, Ed25519PublicKey]
FORMAT = "revocations-1"
SUFFIX = ".revocations"
_NONE = re.compile(r"(?!)")
# Event → what of its reason is a code and is needed to do it again.
WATCHED: dict[str, re.Pattern[str]] = {
    **dict.fromkeys(
        ("role.ended", "role.delegation_ended", "user.disabled", "user.cleared"), _NONE
    ),
    **dict.fromkeys(("token.revoked", "emergency.ended", "approval.withdrawn"), _NONE),
    "feed.revoked": _NONE,
    **dict.fromkeys(("session.ended", "user.sessions_ended", "password.changed"), _NONE),
    **dict.fromkeys(("mfa.reset", "mfa.code_used", "mfa.codes_made"), _NONE),
    **dict.fromkeys(("unit.moved", "task.shared"), _NONE),
    "mfa.removed": re.compile(r"(totp|webauthn|recovery_codes)"),
    "role.mfa_changed": re.compile(r"(required)"),
    "matrix.approved": re.compile(r"([a-z_-]+: take away)"),
    "invitation.revoked": re.compile(r"(invitation \d+)"),
    "invitation.used": re.compile(r"(invitation \d+)"),
    "row.shared": re.compile(r"((?:user|unit) \d+ until [0-9T:+.-]+)"),
    "row.share_ended": re.compile(r"((?:user|unit) \d+)"),
    "level.raised": re.compile(r"(?:\d )?(-> \d)"),
}
# Of these only some narrow anything: those whose reason says so.
ONLY_WITH_DETAIL = frozenset({"role.mfa_changed", "matrix.approved"})


class JournalError(Exception):
    """A file of revocations that is lost, cannot be read, or was not signed like this."""


@dataclass(frozen=True)
class Journal:
    """The revocations of one checkpoint."""

    checkpoint: int
    digest: str  # of the checkpoint's body
    rows: list[dict[str, Any]]

    @property
    def signed(self) -> bytes:
        said = {
            "format": FORMAT,
            "checkpoint": self.checkpoint,
            "of": self.digest,
            "rows": self.rows,
        }
        return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()

    def as_file(self, key: SealKey) -> bytes:
        return (
            json.dumps(
                {
                    "checkpoint": self.checkpoint,
                    "of": self.digest,
                    "rows": self.rows,
                    "key_id": key.id,
                    "signature": key.sign(self.signed).hex(),
                },
                indent=1,
            ).encode()
            + b"\n"
        )


def path_of(directory: Path, number: int) -> Path:
    return store.path_of(directory, number).with_suffix(SUFFIX)


def write(directory: Path, body: Body, key: SealKey) -> None:
    """Write the revocations of a checkpoint once; what is there already is whole and stays."""
    if path_of(directory, body.number).exists():
        return
    journal = Journal(body.number, body.digest.hex(), rows_of(body))
    store.write_bytes_once(directory, path_of(directory, body.number), journal.as_file(key))


def rows_of(body: Body) -> list[dict[str, Any]]:
    """Revocations among the rows of a checkpoint, in their order."""
    rows = AuditEvent.objects.filter(
        xid__gte=body.from_xid,
        xid__lt=body.upto_xid,
        id__gt=body.after_id,
        action__in=WATCHED,
        decision=AuditEvent.Decision.ALLOWED,
    )
    entries = [_entry(row) for row in rows.order_by("id")]
    return [one for one in entries if one["detail"] or one["action"] not in ONLY_WITH_DETAIL]


def _entry(row: AuditEvent) -> dict[str, Any]:
    found = WATCHED[row.action].match(row.reason)
    return {
        "id": row.id,
        "at": row.at.isoformat(),
        "action": row.action,
        "actor": row.actor_id,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "ids": list(row.object_ids),
        "fields": list(row.fields),
        "detail": found[1] if found else "",
    }


def read(directory: Path, body: Body, keys: PublicKeys) -> list[dict[str, Any]]:
    """The revocations of a checkpoint. JournalError where its file is lost or not as signed."""
    path = path_of(directory, body.number)
    try:
        said = json.loads(path.read_bytes())
        journal = Journal(said["checkpoint"], said["of"], said["rows"])
        signature = bytes.fromhex(said["signature"])
        key = keys.get(said["key_id"])
    except FileNotFoundError as error:
        raise JournalError("is lost") from error
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError("cannot be read") from error
    if (journal.checkpoint, journal.digest) != (body.number, body.digest.hex()):
        raise JournalError("belongs to another seal")
    if key is None or not is_signed(key, signature, journal.signed):
        raise JournalError("is not signed by a key that was given")
    return journal.rows
