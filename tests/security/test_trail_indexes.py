"""Questions to the trail that must not read a whole month of it: measured in docs/security.md."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from security import audit
from security.database_roles import as_owner
from security.selectors.trail import TrailFilter, found_events
from tests.security.make import make_officer


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("question", "index"), [("request=abc", "request_idx"), ("denied=1", "id_at_idx")]
)
def test_a_question_opens_an_index_and_not_the_month(question: str, index: str) -> None:
    officer = make_officer("security_officer")
    for number in range(20):
        decision = "denied" if number % 5 else "allowed"
        audit.record("read", actor=officer, object_id=number, decision=decision)
    asked = TrailFilter.of(QueryDict(question), timezone.localdate())
    plans = [plan(rows) for rows in two_ways(officer, asked)]
    month = f"security_auditevent_{timezone.now():%Y%m}"
    for said in plans:
        assert f"{month}_{index}" in said
        assert f"Seq Scan on {month}" not in said


def two_ways(officer: Any, asked: TrailFilter) -> list[Any]:
    """The page and the number of all that fit, as the screen asks for them."""
    events, _units = found_events(officer, asked)
    return [events[:101], events.order_by()[:1001]]


def plan(rows: Any) -> str:
    """With so few rows reading all of them is cheaper; the planner is told not to."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        return str(rows.explain())


@pytest.mark.django_db(transaction=True)
def test_a_month_to_come_has_the_indexes_too() -> None:
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT security_audit_add_month(2001, 7)")
        cursor.execute(
            "SELECT string_agg(indexdef, '; ') FROM pg_indexes"
            " WHERE tablename = 'security_auditevent_200107'"
        )
        (made,) = cursor.fetchone()
        cursor.execute("DROP TABLE security_auditevent_200107")
    assert "USING hash (request)" in made
    assert "(id, at) WHERE" in made
