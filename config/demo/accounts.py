"""Units, people and roles of the demonstration, and the one password they all share."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.contrib.auth.hashers import make_password

from campaign.services.plan_parts import load_units
from security import audit
from security.levels import Secrecy
from security.models import Role, RoleGrant, Unit, User
from security.services import create_unit, grant_role, set_mfa_required

DATA = Path(__file__).with_name("data")
PLAN = Path(settings.BASE_DIR) / "campaign" / "data" / "plan_45.yaml"
ROADMAP = PLAN.with_name("lo_trinh_hoa_xa.yaml")
PASSWORD_FILE = "demo-password"  # noqa: S105 - a file's name
# No 0/O and 1/l: the password is read from a screen and typed.
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class People:
    """Demonstration users by username."""

    by_name: dict[str, User]

    def __getitem__(self, username: str) -> User:
        return self.by_name[username]


@lru_cache(maxsize=8)
def data(name: str) -> Any:
    """A data file of the demonstration, parsed."""
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=2)
def plan(path: Path = PLAN) -> dict[str, Any]:
    """A plan file as plain data, for its units and its fictional people."""
    # The C loader reads this file in a tenth of the time of the Python one.
    loaded: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def everybody() -> list[dict[str, Any]]:
    """All people of the demonstration: the plan files', then staff.yaml's."""
    return [*plan()["people"], *data("staff"), *plan(ROADMAP)["people"]]


def password_file() -> Path:
    return Path(settings.VAR_DIR) / PASSWORD_FILE


def demo_password() -> str:
    """The installation's demonstration password: kept from an earlier run, else made now (0600)."""
    path = password_file()
    if path.exists() and (kept := path.read_text(encoding="utf-8").strip()):
        return kept
    made = "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(f"{made}\n", encoding="utf-8")
    return made


def create_units() -> None:
    """Units of the plan files and the party committees and cells below them, where missing.

    The commune of the second plan lies below the organisation of the first, whose leaders see both.
    """
    units = load_units(plan(), actor=None)
    for entry in data("party"):
        if entry["code"] not in units:
            units[entry["code"]] = create_unit(
                actor=None,
                code=entry["code"],
                name=entry["name"],
                parent=units[entry["parent"]],
                kind=Unit.Kind(entry["kind"]),
            )
    load_units(plan(ROADMAP), actor=None)


def create_people(*, password: str) -> People:
    """Everybody as a user. All share one password, so it is hashed once, not thirty times."""
    units = {unit.code: unit for unit in Unit.objects.all()}
    known = {user.username: user for user in User.objects.all()}
    hashed = make_password(password)
    people = {}
    for entry in everybody():
        user = known.get(entry["username"]) or User(
            username=entry["username"],
            full_name=entry["full_name"],
            post=entry["post"],
            email=f"{entry['username']}@sauro.example",
            unit=units[entry["unit"]],
            clearance=Secrecy.INTERNAL,
        )
        user.password = hashed
        user.save()
        audit.record("user.created", actor=None, object_type="security.user", object_id=user.pk)
        people[user.username] = user
    return People(people)


def give_roles(people: People, *, now: datetime) -> None:
    """Roles on units, in force since ``now``: the installation itself gives them."""
    units = {unit.code: unit for unit in Unit.objects.all()}
    held = set(RoleGrant.objects.values_list("user__username", "role_id", "unit__code"))
    for entry in everybody():
        for role in entry["roles"]:
            if (entry["username"], role["role"], role["unit"]) in held:
                continue
            grant_role(
                actor=None,
                user=people[entry["username"]],
                role=role["role"],
                unit=units[role["unit"]],
                now=now,
                max_level=Secrecy.INTERNAL,
                max_sensitivity=role.get("sensitivity", 0),
                reason="Dữ liệu giả định",
            )


def waive_second_factor(*, now: datetime) -> None:
    """The printed sign-ins open at once; a real installation keeps what its roles require."""
    for role in Role.objects.filter(mfa_required=True):
        set_mfa_required(actor=None, role=role, required=False, now=now)
