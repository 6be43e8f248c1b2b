"""A trail that takes no lines, for real: what tests of 503 stand on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.db import connection

from security.database_roles import as_owner
from tests.security.seals import another_connection


def by_owner(sql: str) -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def full_disk() -> Iterator[None]:
    """Every INSERT fails as it does when the disk is full."""
    by_owner(
        "CREATE FUNCTION break_trail() RETURNS trigger LANGUAGE plpgsql AS "
        "$$BEGIN RAISE EXCEPTION 'no more lines' USING ERRCODE = '53100'; END$$; "
        "CREATE TRIGGER break_trail BEFORE INSERT ON security_auditevent "
        "FOR EACH STATEMENT EXECUTE FUNCTION break_trail()"
    )
    try:
        yield
    finally:
        by_owner("DROP FUNCTION break_trail CASCADE")


@contextmanager
def without_privilege() -> Iterator[None]:
    role = settings.DATABASE_APPLICATION_ROLE
    by_owner(f'REVOKE INSERT ON security_auditevent FROM "{role}"')
    try:
        yield
    finally:
        by_owner(f'GRANT INSERT ON security_auditevent TO "{role}"')


@contextmanager
def locked_trail() -> Iterator[None]:
    """Somebody else holds the table, as a maintenance job might."""
    with another_connection() as other:
        with other.cursor() as cursor:
            cursor.execute("SET ROLE NONE")
            cursor.execute("LOCK TABLE security_auditevent IN ACCESS EXCLUSIVE MODE")
        yield
