"""Figures of a week are frozen only when every change of light of that week can be read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper

from campaign.models import WeeklySnapshot
from campaign.rules import end_of
from campaign.services import take_snapshots
from tests.campaign.make import make_campaign, make_task


@pytest.fixture
def elsewhere(transactional_db: None) -> Iterator[BaseDatabaseWrapper]:
    """Another connection, as of a sweep in another process."""
    other = connection.copy()
    yield other
    other.close()


def test_a_week_waits_for_a_sweep_that_runs_elsewhere(elsewhere: BaseDatabaseWrapper) -> None:
    campaign = make_campaign()
    first = campaign.phases.get(no=1)
    end = end_of(first.end, before=False)
    task = make_task(campaign=campaign, deadline=end)
    with elsewhere.cursor() as cursor:
        elsewhere.set_autocommit(False)
        cursor.execute("SELECT 1 FROM campaign_task WHERE id = %s FOR NO KEY UPDATE", [task.pk])
        assert take_snapshots(now=end) == []
        assert not WeeklySnapshot.objects.exists()
        elsewhere.rollback()
    (taken,) = take_snapshots(now=end)
    assert taken.figures["lights"]["red"] == 1
