"""A campaign lived through to its fourth week, built once for a module and rolled back after it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoDbBlocker

from campaign.models import Campaign
from config.demo import accounts
from config.demo.build import plan_start, run_campaign
from security.models import User
from security.services import load_roles


@pytest.fixture(scope="module")
def lived_through(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, tmp_path_factory: Any
) -> Iterator[None]:
    """The demonstration's people and campaign, without registers and scans."""
    now = timezone.now()
    with django_db_blocker.unblock(), transaction.atomic():
        load_roles()
        accounts.create_units()
        people = accounts.create_people(password="not used: tests sign in by force")
        start = plan_start(timezone.localdate(now))
        accounts.give_roles(people, now=now - timedelta(days=60))
        run_campaign(people, start=start, now=now)
        yield
        transaction.set_rollback(True)


@pytest.fixture
def campaign(lived_through: None, db: None) -> Campaign:
    """The lived-through campaign; what a test writes is undone."""
    return Campaign.objects.get()


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def signed_in_as(username: str) -> Client:
    """A browser of this demonstration person, reading English."""
    client = Client()
    client.force_login(User.objects.get(username=username))
    client.cookies["django_language"] = "en"
    return client
