"""The application's role of the database: what it may do, what it may not, and that it suffices."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import environ
import pytest
from django.apps import apps
from django.conf import settings as django_settings
from django.core.checks import Tags, run_checks
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction
from django.test import Client
from django.test.utils import override_settings
from django.urls import reverse
from django.utils import timezone

from config.launcher.ports import free_port
from security import audit
from security.database_roles import (
    OpenTransactionError,
    as_owner,
    give_rights,
    has_two_roles,
    owner_role,
    powers,
)
from security.models import AuditEvent
from security.partitions import make_partitions
from tests.security.make import make_officer
from tests.security.seals import seal_all, sealing, verified, write

__all__ = ["sealing"]

APPEND_ONLY = ("security_auditevent", "security_auditcheckpoint")
# "{}" is a table; each of these is refused on every table that only grows.
FORBIDDEN = (
    "UPDATE {} SET at = now()",
    "DELETE FROM {}",
    "TRUNCATE {}",
    "ALTER TABLE {} DISABLE TRIGGER append_only",
    "ALTER TABLE {} DISABLE TRIGGER ALL",
    "ALTER TABLE {} ADD COLUMN more text",
    "ALTER TABLE {} RENAME TO other",
    "ALTER TABLE {} OWNER TO CURRENT_USER",
    "DROP TABLE {}",
    "DROP TRIGGER append_only ON {}",
    "CREATE RULE hidden AS ON INSERT TO {} DO INSTEAD NOTHING",
    "CREATE TRIGGER mine BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION security_audit_refuse()",
    "CREATE INDEX mine ON {} (at)",
    "SELECT at FROM {} FOR UPDATE",
    "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
)
ELSEWHERE = (
    "CREATE TABLE mine ()",
    "CREATE TABLE public.mine ()",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE EXTENSION IF NOT EXISTS hstore",
    "DROP SCHEMA public CASCADE",
    "DROP FUNCTION security_audit_refuse() CASCADE",
    "ALTER FUNCTION security_audit_add_month(integer, integer) RESET search_path",
    "CREATE OR REPLACE FUNCTION security_audit_refuse() RETURNS trigger LANGUAGE plpgsql"
    " AS 'BEGIN RETURN NULL; END'",
    "SELECT setval('security_auditevent_id_seq', 1)",
    "SELECT security_audit_guard('security_user')",
    "SET session_replication_role = replica",
    "TRUNCATE security_user CASCADE",
)
pytestmark = pytest.mark.django_db


def rows(question: str, *values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(question, values or None)
        found: list[tuple[Any, ...]] = cursor.fetchall()
        return found


def partitions() -> list[str]:
    return [
        name
        for (name,) in rows(
            "SELECT relid::regclass::text FROM pg_partition_tree('security_auditevent')"
            " WHERE parentrelid IS NOT NULL ORDER BY 1"
        )
    ]


def refused(statement: str) -> None:
    with (
        pytest.raises(ProgrammingError, match=r"permission denied|must be (owner|superuser)"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)


# --- what it may not --------------------------------------------------------------------


def test_the_tests_themselves_act_as_the_application() -> None:
    assert has_two_roles()
    [(acting, superuser)] = rows("SELECT current_user, current_setting('is_superuser')")
    assert acting == django_settings.DATABASE_APPLICATION_ROLE != owner_role()
    assert superuser == "off"


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_what_only_grows_is_closed_parent_and_every_partition(statement: str) -> None:
    audit.record("read", actor=None)
    make_partitions(now=datetime(2031, 11, 20, tzinfo=UTC))  # months ahead, just now
    made = partitions()
    assert {"security_auditevent_203202", "security_auditevent_default"} <= set(made)
    for table in (*APPEND_ONLY, *made):
        refused(statement.replace("{}", table))
    assert AuditEvent.objects.count() == 1


def test_no_month_can_be_taken_off_or_put_on_and_none_written_directly() -> None:
    make_partitions(now=datetime(2031, 11, 20, tzinfo=UTC))
    for table in partitions():
        refused(f"ALTER TABLE security_auditevent DETACH PARTITION {table}")
        refused(
            f"INSERT INTO {table} (actor_name, session, address, request, action, object_type,"  # noqa: S608
            " object_id, object_path, object_ids, fields, decision, allowed_by, reason)"
            " VALUES ('', '', '', '', 'x', '', '', '', '{}', '{}', 'allowed', '', '')"
        )
        rows(f"SELECT count(*) FROM {table}")  # noqa: S608


@pytest.mark.parametrize("statement", ELSEWHERE)
def test_it_makes_nothing_and_bends_nothing_of_the_owners(statement: str) -> None:
    refused(statement)


def test_it_owns_nothing() -> None:
    owned = rows(
        "SELECT c.relname FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner"
        " WHERE r.rolname = current_user"
    )
    assert owned == []
    attributes = rows(
        "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls"
        " FROM pg_roles WHERE rolname = current_user"
    )
    assert attributes == [(False,) * 5]


def test_functions_that_act_as_the_owner_are_safe_and_for_the_application_alone() -> None:
    definers = rows(
        "SELECT p.proname, p.proconfig, p.proacl::text FROM pg_proc p"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace"
    )
    assert [name for name, _config, _acl in definers] == ["security_audit_add_month"]
    for name, config, acl in definers:
        assert config == ["search_path=public, pg_temp"], name
        # "=X/owner" without a name before it would be PUBLIC.
        grantees = {entry.partition("=")[0] for entry in acl.strip("{}").split(",")}
        assert grantees == {owner_role(), django_settings.DATABASE_APPLICATION_ROLE}, name


def test_a_table_that_only_grows_made_by_a_later_migration_is_closed_too() -> None:
    with as_owner():
        rows_made = (
            "CREATE TABLE security_later (id bigint); CREATE TABLE security_plain (id bigint)"
        )
        with connection.cursor() as cursor:
            cursor.execute(rows_made)
            cursor.execute("GRANT ALL ON security_later TO PUBLIC")
            cursor.execute("SELECT security_audit_guard('security_later')")
    refused("INSERT INTO security_plain VALUES (1)")  # closed until the migration's end
    with as_owner():
        give_rights()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO security_later VALUES (1)")
        cursor.execute("INSERT INTO security_plain VALUES (1)")
        cursor.execute("UPDATE security_plain SET id = 2")
    refused("UPDATE security_later SET id = 2")
    refused("TRUNCATE security_later")


def test_rights_given_by_hand_are_taken_back_by_the_next_migration() -> None:
    role = django_settings.DATABASE_APPLICATION_ROLE
    for right in ("UPDATE, TRUNCATE", "ALL"):
        with as_owner(), connection.cursor() as cursor:
            cursor.execute(f"GRANT {right} ON security_auditevent_default TO {role}")
            cursor.execute(f"GRANT CREATE ON SCHEMA public TO {role}")
    refused("DELETE FROM security_auditevent")
    with as_owner():
        give_rights()
    refused("TRUNCATE security_auditevent_default")
    refused("CREATE TABLE mine ()")


# --- what it may ------------------------------------------------------------------------


def test_every_table_of_a_model_can_be_read_and_written() -> None:
    role = django_settings.DATABASE_APPLICATION_ROLE
    lacking = {}
    for model in apps.get_models(include_auto_created=True):
        table = model._meta.db_table
        wanted = {"SELECT", "INSERT"} | (set() if table in APPEND_ONLY else {"UPDATE", "DELETE"})
        given = {
            right
            for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "TRIGGER")
            if rows("SELECT has_table_privilege(%s, %s, %s)", role, table, right) == [(True,)]
        }
        by_column = "SELECT has_any_column_privilege(%s, %s, 'INSERT')"  # see the next test
        if table in APPEND_ONLY and rows(by_column, role, table) == [(True,)]:
            given.add("INSERT")
        if given != wanted:
            lacking[table] = (given, wanted)
    assert lacking == {}


@pytest.mark.parametrize(("column", "value"), [("at", "now()"), ("xid", "1"), ("id", "1")])
def test_the_database_alone_says_number_time_and_transaction(column: str, value: str) -> None:
    audit.record("read", actor=None)
    refused(
        f"INSERT INTO security_auditevent ({column}, actor_name, session, address, request, action,"  # noqa: S608
        " object_type, object_id, object_path, object_ids, fields, decision, allowed_by, reason)"
        f" OVERRIDING SYSTEM VALUE VALUES ({value}, '', '', '', '', 'x', '', '', '', '{{}}', '{{}}',"
        " 'allowed', '', '')"
    )


def test_the_table_of_counters_and_every_sequence_serve_it() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM security_cache")
    closed = rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace"
        " AND CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'USAGE') END"
    )
    assert closed == [("security_auditevent_id_seq",)]  # a row's number is given by the column


def test_everything_can_be_read_for_a_backup() -> None:
    """Also months of the trail that were made since the last migration, and their sequence."""
    make_partitions(now=datetime(2031, 11, 20, tzinfo=UTC))
    closed = rows(
        "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND ("
        " c.relkind IN ('r', 'p') AND NOT has_table_privilege(c.oid, 'SELECT')"
        " OR CASE WHEN c.relkind = 'S' THEN NOT has_sequence_privilege(c.oid, 'SELECT') END)"
    )
    assert closed == []


# --- logged in as the application -------------------------------------------------------


@contextmanager
def logged_in(*, user: str, password: str = "") -> Iterator[None]:
    """A login of its own, as in production: no role that it could put aside."""
    before = {name: connection.settings_dict[name] for name in ("USER", "PASSWORD")}
    assumed = connection.settings_dict["OPTIONS"].pop("assume_role")
    connection.close()
    connection.settings_dict.update(USER=user, PASSWORD=password)
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
        connection.settings_dict["OPTIONS"]["assume_role"] = assumed


@pytest.fixture
def as_application(transactional_db: None) -> Iterator[None]:
    """Its password is in DATABASE_URL; a server for development asks for none."""
    role = django_settings.DATABASE_APPLICATION_ROLE
    given = environ.Env.db_url_config(os.environ["DATABASE_URL"])
    password = given["PASSWORD"] if given["USER"] == role else ""
    with logged_in(user=role, password=password):
        yield


def told(*, https: bool) -> list[str]:
    """What ``check --deploy`` says of the roles, by code."""
    with override_settings(HTTPS=https):
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    return [str(one.id) for one in found if one.id in ("roles.W001", "roles.W002", "roles.E002")]


def test_a_login_that_is_the_application_is_limited_and_said_to_be(
    as_application: None, client: Client
) -> None:
    found = powers()
    assert found is not None
    assert found.limited
    assert told(https=True) == []
    assert client.get("/healthz").json()["database_role"] == "ok"


@pytest.mark.django_db(transaction=True)
def test_the_owner_is_an_error_over_https_a_warning_on_one_machine(client: Client) -> None:
    """Also where the application's role is only assumed: it can be put aside."""
    found = powers()
    assert found is not None
    assert not found.limited
    assert (told(https=False), told(https=True)) == (["roles.W002"], ["roles.E002"])
    owner = environ.Env.db_url_config(django_settings.DATABASE_OWNER_URL)
    with logged_in(user=owner["USER"], password=owner["PASSWORD"]):
        assert told(https=True) == ["roles.E002"]
        assert client.get("/healthz").json()["database_role"] == "owner"


def test_a_right_too_many_is_found(as_application: None) -> None:
    role = django_settings.DATABASE_APPLICATION_ROLE
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(f"GRANT UPDATE ON security_auditevent_default TO {role}")
    assert told(https=True) == ["roles.E002"]
    call_command("migrate", verbosity=0)  # as the owner, from the application's connection
    assert told(https=True) == []


@pytest.mark.django_db(transaction=True)
def test_no_answer_of_the_database_is_no_all_clear(client: Client) -> None:
    port = connection.settings_dict["PORT"]
    connection.close()
    connection.settings_dict["PORT"] = str(free_port())
    try:
        assert told(https=True) == ["roles.W001"]
        assert client.get("/healthz").json()["database_role"] == "failing"
    finally:
        connection.settings_dict["PORT"] = port


def test_the_owners_session_begins_and_ends_with_the_block(as_application: None) -> None:
    def who() -> Any:
        return rows("SELECT session_user")[0][0]

    role = django_settings.DATABASE_APPLICATION_ROLE
    with as_owner():
        assert who() == owner_role()
        with as_owner():
            assert who() == owner_role()
        assert who() == owner_role()
    assert who() == role
    with pytest.raises(ZeroDivisionError), as_owner():
        _ = 1 / 0
    assert who() == role
    with transaction.atomic(), pytest.raises(OpenTransactionError), as_owner():
        pass
    assert who() == role


def test_one_role_for_both_does_without_the_other(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = environ.Env.db_url_config(django_settings.DATABASE_OWNER_URL)
    monkeypatch.setattr(django_settings, "DATABASE_APPLICATION_ROLE", owner["USER"])
    with logged_in(user=owner["USER"], password=owner["PASSWORD"]):
        assert not has_two_roles()
        call_command("migrate", verbosity=0)
        with as_owner():
            assert rows("SELECT session_user") == [(owner["USER"],)]


def test_the_trail_is_written_sealed_verified_and_given_months_by_the_application(
    sealing: Path, as_application: None
) -> None:
    write(5)
    make_partitions(now=timezone.now())
    assert seal_all() >= 5
    assert verified()[0] == 0
    refused("DELETE FROM security_auditcheckpoint")


def test_people_sign_in_and_work_as_the_application(as_application: None, client: Client) -> None:
    """Password, session, counters of attempts, a list, a change and a denial: over HTTP."""
    officer = make_officer("administrator", username="quantri")
    officer.set_password("mot-mat-khau-du-dai-77")
    officer.save()
    fields = {"login": "quantri", "password": "sai-roi-sai-roi-sai"}
    assert client.post(reverse("account_login"), fields).status_code == 200
    fields["password"] = "mot-mat-khau-du-dai-77"
    assert client.post(reverse("account_login"), fields).status_code == 302
    assert client.get(reverse("security:people")).status_code == 200
    assert client.get(reverse("security:trail")).status_code == 404
    seen = dict(AuditEvent.objects.values_list("action", "decision"))
    assert "denied" in seen.values()
    assert len(seen) >= 3
