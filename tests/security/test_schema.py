"""The API asked by a machine, as each role: no fault, nothing undocumented, nothing hidden shown.

Schemathesis makes requests from the OpenAPI document, fitting and unfitting ones. Rows and fields
that the caller may not see hold a word; it must never come out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from campaign.models import Task
from config.wsgi import application
from records.models import Member, Person
from security.levels import Secrecy, Sensitivity
from security.models import Unit, User
from security.services.tokens import create_token
from tests.campaign.make import make_campaign, make_task
from tests.records.make import make_member
from tests.security.make import grant_role, make_approval, make_unit, make_user
from tests.walk.rows import Rows

pytestmark = [pytest.mark.django_db, pytest.mark.long]
SCHEMA = "/api/v1/schema/"
CANARY = "canary"
NUMBER = "03808598765"
EXAMPLES = 6
ROLES = (
    "head",
    "deputy",
    "office",
    "unit_head",
    "unit_staff",
    "operator",
    "inspector",
    "keeper",
    "cell_secretary",
    "member",
    "security_officer",
    "administrator",
)
READERS = {"head", "deputy", "office", "unit_head", "unit_staff", "keeper", "cell_secretary"}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    response_headers_conformance,
    unsupported_method,
    negative_data_rejection,
]


@pytest.fixture(autouse=True)
def _within_one_transaction() -> Iterator[None]:
    """As Django's own test client does: a request does not close the test's connection."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@dataclass
class World:
    root: Unit
    own: Unit
    ids: dict[str, list[int]]


@pytest.fixture
def world(settings: Any) -> World:
    """Own rows with a sensitive canary in their fields, foreign rows, rows above the clearance."""
    rates = dict.fromkeys(settings.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"])
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}
    root = make_unit()
    own = make_unit(parent=root)
    foreign = make_unit(parent=root, code=f"{CANARY}-U", name=f"Đơn vị {CANARY}")
    now = timezone.now()
    campaign = make_campaign(unit=root, start=(now - timedelta(days=3)).date())
    for number, (unit, word) in enumerate([(own, "Rõ"), (foreign, CANARY), (own, f"{CANARY} mật")]):
        owner = make_user(unit=unit, username=f"{word} {number}", full_name=f"Người {word}")
        made = {"campaign": campaign, "unit": unit, "owner": owner, "products": 1}
        task = make_task(now=now, title=f"Việc {word}", deadline=now + timedelta(days=9), **made)
        task.products.update(title=f"Sản phẩm {word}")
        member = make_member(f"Nguyễn {word}", unit=unit)
        hidden = {"religion": CANARY, "ethnicity": CANARY, "personal_id": f"{NUMBER}{number}"}
        Person.objects.filter(pk=member.person_id).update(**hidden)
        if word.endswith("mật"):
            Rows("", task=task, member=member).classify(make_approval())
    ids = {
        "tasks": list(Task.objects.order_by("pk").values_list("pk", flat=True)),
        "campaigns": [campaign.pk],
        "members": list(Member.objects.order_by("pk").values_list("pk", flat=True)),
    }
    return World(root, own, ids)


def make_caller(world: World, role: str, unit: Unit | None = None, **caps: Any) -> User:
    user = make_user(
        unit=unit or world.own, username=f"fuzz-{role}", clearance=caps.get("max_level", 1)
    )
    grant_role(user, role, **{"max_sensitivity": Sensitivity.PERSONAL, **caps})
    return user


def session_of(user: User) -> dict[str, str]:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    name = django_settings.SESSION_COOKIE_NAME
    return {name: client.cookies[name].value}


def document(world: World) -> Any:
    """The OpenAPI document as the product itself publishes it."""
    reader = make_user(unit=world.own)
    grant_role(reader, "keeper")
    headers = {"Authorization": f"Bearer {token_of(reader, 'records.view')}"}
    return schemathesis.openapi.from_wsgi(SCHEMA, application, headers=headers)


def token_of(owner: User, *actions: str) -> str:
    return create_token(actor=owner, name="x", actions=actions, now=timezone.now())[1]


def ask(world: World, **sent: Any) -> Counter[int]:
    """Put EXAMPLES fitting and unfitting requests to every operation; how often which answer."""
    answers: Counter[int] = Counter()
    for found in document(world).get_all_operations():
        operation = found.ok()
        found_in = (ids for name, ids in world.ids.items() if name in operation.path)
        rows = next(found_in, world.ids["tasks"])
        for mode in GenerationMode:

            @settings(
                max_examples=EXAMPLES,
                deadline=None,
                database=None,
                derandomize=True,
                phases=[Phase.explicit, Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(
                case=operation.as_strategy(generation_mode=mode), row=st.sampled_from([0, *rows])
            )
            def put(case: Any, row: int) -> None:
                checks = list(CHECKS)
                if row and "id" in (case.path_parameters or {}):
                    case.path_parameters = {"id": row}
                    # What did not fit may have been the very part that was just replaced.
                    checks.remove(negative_data_rejection)
                response = case.call(**sent)
                answers[response.status_code] += 1
                case.validate_response(response, checks=checks)
                said = response.text.lower() + str(response.headers).lower()
                assert CANARY not in said
                assert NUMBER not in said

            put()
    return answers


@pytest.mark.parametrize("role", ROLES)
def test_each_role_finds_no_fault_and_nothing_hidden(world: World, role: str) -> None:
    answers = ask(world, cookies=session_of(make_caller(world, role)))
    assert (answers[200] > 0) == (role in READERS)
    assert answers[404] > EXAMPLES


def test_a_token_finds_no_fault_and_nothing_hidden(world: World) -> None:
    owner = make_caller(world, "keeper")
    grant_role(owner, "office", max_sensitivity=Sensitivity.PERSONAL)
    plain = token_of(owner, "records.view", "campaign.view")
    answers = ask(world, headers={"Authorization": f"Bearer {plain}"})
    assert min(answers[200], answers[400]) > EXAMPLES


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": "Bearer saro_" + "A" * 43}, {"Authorization": "Bearer ầ"}],
    ids=["nothing", "a wrong token", "nonsense"],
)  # fmt: skip
def test_whoever_is_not_signed_in_finds_no_fault(world: World, headers: dict[str, str]) -> None:
    assert ask(world, headers=headers).keys() <= {400, 401, 405}


def test_the_canary_would_be_seen(world: World, settings: Any) -> None:
    """Somebody above all, cleared for all, is shown what the others must not be."""
    settings.MAX_SECRECY_LEVEL = Secrecy.CONFIDENTIAL
    above = make_caller(
        world, "keeper", world.root, max_level=Secrecy.CONFIDENTIAL,
        max_sensitivity=Sensitivity.SENSITIVE,
    )  # fmt: skip
    grant_role(above, "office", max_level=Secrecy.CONFIDENTIAL)
    client = Client()
    client.force_login(above)
    for name in ("tasks", "members"):
        ids = world.ids[name]
        shown = [client.get(f"/api/v1/{name}/{pk}/").content.decode() for pk in ids]
        assert [CANARY in text for text in shown] == [name == "members", True, True]
        assert CANARY in client.get(f"/api/v1/{name}/").content.decode()
    assert NUMBER in shown[0] if name == "members" else True
