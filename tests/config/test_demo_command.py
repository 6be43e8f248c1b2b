"""``demo``, ``demo --reset`` and ``bootstrap_admin``: what they refuse, and that they start anew."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.demo import database
from security.database_roles import as_owner
from security.models import AuditEvent, Installation, Role, RoleGrant, User
from security.services import load_roles
from tests.conftest import test_database_url as database_url
from tests.security.make import make_unit, make_user


def run_demo(*arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command("demo", "--json", *arguments, stdout=out)
    result: dict[str, Any] = json.loads(out.getvalue())
    return result


@pytest.mark.django_db
def test_nothing_is_mixed_into_a_database_in_use() -> None:
    make_user()
    with pytest.raises(CommandError, match="data of its own"):
        run_demo()
    assert User.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("marked", [False, None])
def test_reset_refuses_what_is_not_a_demonstration(marked: bool | None) -> None:
    user = make_user()
    if marked is not None:
        database.mark(demo=marked, now=timezone.now())
    with pytest.raises(CommandError, match="not marked"):
        run_demo("--reset")
    assert User.objects.filter(pk=user.pk).exists()


@pytest.mark.django_db
def test_bootstrap_admin_makes_the_first_administrator_once() -> None:
    out = StringIO()
    call_command("bootstrap_admin", "--json", stdout=out)
    made = json.loads(out.getvalue())
    user = User.objects.get(username="admin")
    assert user.check_password(made["password"])
    assert list(user.role_grants.values_list("role_id", flat=True)) == ["administrator"]
    assert not Installation.objects.get().is_demo
    with pytest.raises(CommandError, match="already"):
        call_command("bootstrap_admin", stdout=StringIO())
    assert User.objects.count() == 1


def bootstrap(*arguments: str) -> dict[str, str]:
    out = StringIO()
    call_command("bootstrap_admin", "--json", *arguments, stdout=out)
    made: dict[str, str] = json.loads(out.getvalue())
    return made


def holder_of(role: str) -> User:
    return RoleGrant.objects.in_force(timezone.now()).get(role=role, user__is_active=True).user


@pytest.mark.django_db
def test_the_first_security_officer_is_made_on_the_machine_and_once() -> None:
    bootstrap()
    made = bootstrap("--role", "security_officer", "--username", "anninh1")
    officer = User.objects.get(username="anninh1")
    assert officer.check_password(made["password"])
    assert holder_of("security_officer") == officer
    assert holder_of("administrator").username == "admin"
    assert AuditEvent.objects.filter(action="role.first_given", actor_id=None).count() == 2
    with pytest.raises(CommandError, match="already"):
        bootstrap("--role", "security_officer", "--username", "anninh2")
    assert not User.objects.filter(username="anninh2").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["administrator", "security_officer"])
def test_the_first_people_are_led_to_a_second_factor(client: Client, role: str) -> None:
    Role.objects.all().delete()
    load_roles()  # as a new installation has them
    made = bootstrap("--role", role)
    fields = {"login": made["username"], "password": made["password"]}
    first = client.post(reverse("account_login"), fields, follow=True)
    assert first.redirect_chain[-1] == (reverse("mfa_index"), 302)
    assert client.get(reverse("security:people")).headers["Location"] == reverse("mfa_index")


@pytest.mark.django_db
def test_the_two_first_roles_are_held_by_two_people() -> None:
    bootstrap()
    with pytest.raises(CommandError, match="two people"):
        bootstrap("--role", "security_officer", "--username", "admin")
    assert RoleGrant.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize("lost", ["closed", "ended"])
def test_a_lost_administrator_is_replaced_by_somebody_known(lost: str) -> None:
    bootstrap()
    admin = User.objects.get()
    if lost == "closed":
        User.objects.update(is_active=False)
    else:
        RoleGrant.objects.update(valid_to=timezone.now())
    successor = make_user(unit=admin.unit, username="moi")
    made = bootstrap("--username", "moi")
    assert "password" not in made
    assert holder_of("administrator") == successor


@pytest.mark.django_db
def test_a_demonstration_gets_no_first_administrator() -> None:
    database.mark(demo=True, now=timezone.now())
    with pytest.raises(CommandError, match="demonstration"):
        bootstrap()
    assert not User.objects.exists()


@pytest.mark.django_db
def test_the_first_roles_are_given_on_a_root_unit_only() -> None:
    make_unit(parent=make_unit(), code="DUOI")
    with pytest.raises(CommandError, match="root"):
        bootstrap("--unit-code", "DUOI")
    assert not User.objects.exists()


@pytest.fixture
def other_database(broker_url: str) -> Iterator[str]:
    """An empty database beside the tests' own, by its address; dropped afterwards."""
    name = f"{connection.settings_dict['NAME']}_reset"
    with as_owner(), connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')
        cursor.execute(f'CREATE DATABASE "{name}"')
    yield urlunsplit(urlsplit(database_url())._replace(path=f"/{name}"))
    with as_owner(), connection._nodb_cursor() as cursor:
        cursor.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_reset_throws_everything_away_and_builds_anew(other_database: str, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "DATABASE_URL": other_database,
        "VAR_DIR": str(tmp_path),
        "SECRET_KEY": settings.SECRET_KEY,
        "FILE_NAME_KEY": settings.FILE_NAME_KEY,
    }

    def manage(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=settings.BASE_DIR,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    assert json.loads(manage("demo", "--json"))["created"]
    password = (tmp_path / "demo-password").read_text()
    rename = "from security.models import User; User.objects.update(full_name='x')"
    manage("shell", "--no-imports", "-c", rename)
    assert json.loads(manage("demo", "--json", "--reset"))["created"]
    names = "from security.models import User; print(User.objects.filter(full_name='x').count())"
    assert manage("shell", "--no-imports", "-c", names).split() == ["0"]
    assert (tmp_path / "demo-password").read_text() == password
