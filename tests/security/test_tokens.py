"""Tokens for programs: made, used, narrowed, ended; nothing else opens to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from records.models import Member
from records.services import grant_own_record
from security.models import ApiToken, AuditEvent, RoleGrant, User
from security.services import RefusedError
from security.services.tokens import create_token, hash_of, note_use, revoke_token
from security.tokens import session_mark
from tests.records.make import make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
MEMBERS, TASKS = "/api/v1/members/", "/api/v1/tasks/"
NOW = datetime(2026, 6, 9, 8, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _no_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


def make_token(owner: User, *actions: str, **terms: Any) -> tuple[ApiToken, str]:
    terms = {"name": "Báo cáo tuần", "now": timezone.now(), **terms}
    return create_token(actor=owner, actions=actions or ("records.view",), **terms)


def call(plain: str, address: str = MEMBERS, client: Client | None = None, **extra: Any) -> Any:
    return (client or Client()).get(address, headers={"authorization": f"Bearer {plain}"}, **extra)


# --- making -----------------------------------------------------------------------------


def test_a_token_is_kept_as_a_hash_and_written_down() -> None:
    owner = make_officer("keeper")
    token, plain = make_token(owner, now=NOW)
    assert re.fullmatch(r"saro_[A-Za-z0-9_-]{43}", plain)
    assert (token.prefix, token.token_hash) == (plain[:12], hash_of(plain))
    assert token.expires_at == NOW + timedelta(days=90)
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(t)::text FROM security_apitoken t")
        assert plain not in cursor.fetchone()[0]
    event = AuditEvent.objects.get(action="token.created")
    assert (event.actor_id, event.object_id) == (owner.pk, str(token.pk))
    assert plain[12:] not in event.reason


REFUSED = [
    ({"name": "  "}, "name"),
    ({"name": "x" * 81}, "name"),
    ({"actions": []}, "no_actions"),
    ({"actions": ["campaign.view"]}, "foreign_actions"),  # not a keeper's own
    ({"actions": ["records.edit"]}, "foreign_actions"),  # his own, but it writes
    ({"actions": ["security.use_tokens"]}, "foreign_actions"),
    ({"days": 0}, "days"),
    ({"days": 366}, "days"),
]


@pytest.mark.parametrize(("asked", "code"), REFUSED, ids=str)
def test_what_a_token_cannot_be(asked: dict[str, Any], code: str) -> None:
    owner = make_officer("keeper")
    terms = {"name": "x", "actions": ["records.view"], "now": NOW, **asked}
    with pytest.raises(RefusedError) as refused:
        create_token(actor=owner, **terms)
    assert [problem.code for problem in refused.value.problems] == [code]
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize("days", [1, 365])
def test_the_shortest_and_the_longest(days: int) -> None:
    token, _plain = make_token(make_officer("keeper"), now=NOW, days=days)
    assert token.expires_at == NOW + timedelta(days=days)


def test_nobody_makes_one_without_the_right_and_no_token_makes_another() -> None:
    staff = make_officer("cell_secretary")
    with pytest.raises(RefusedError):
        make_token(staff)
    owner = make_officer("keeper")
    owner.token_actions = frozenset(["records.view"])
    with pytest.raises(RefusedError):
        make_token(owner)
    assert not ApiToken.objects.exists()


def test_ten_at_once_and_ended_ones_do_not_count() -> None:
    owner = make_officer("keeper")
    made = [make_token(owner, now=NOW)[0] for _number in range(10)]
    with pytest.raises(RefusedError) as refused:
        make_token(owner, now=NOW)
    assert refused.value.problems[0].code == "too_many_tokens"
    revoke_token(actor=owner, token=made[0], now=NOW)
    make_token(owner, now=NOW)
    make_token(owner, now=NOW + timedelta(days=91))


# --- using ------------------------------------------------------------------------------


def test_a_token_reads_what_its_owner_sees_and_no_more() -> None:
    owner = make_officer("keeper")
    mine, foreign = make_member("Lê Thị Mình", unit=owner.unit), make_member()
    _token, plain = make_token(owner)
    assert [row["id"] for row in call(plain).json()["results"]] == [mine.pk]
    assert call(plain, f"{MEMBERS}{mine.pk}/").status_code == 200
    assert call(plain, f"{MEMBERS}{foreign.pk}/").status_code == 404
    assert call(plain, "/api/v1/schema/").status_code == 200


def test_its_scopes_narrow_also_what_was_opened_to_the_owner_alone() -> None:
    owner = make_officer("keeper")
    grant_role(owner, "office")
    foreign = make_member()
    giver = make_officer("keeper", unit=foreign.unit)
    now = timezone.now()
    grant_own_record(actor=giver, member=foreign, user=owner, now=now, reason="đối chiếu")
    _one, records = make_token(owner, "records.view")
    _two, tasks = make_token(owner, "campaign.view")
    assert call(records, f"{MEMBERS}{foreign.pk}/").status_code == 200
    assert call(records, TASKS).status_code == 404
    assert call(tasks, TASKS).status_code == 200
    assert call(tasks, MEMBERS).status_code == 404
    assert call(tasks, f"{MEMBERS}{foreign.pk}/").status_code == 404
    owner.token_actions, owner._scopes = frozenset(["campaign.view"]), None
    assert not Member.objects.visible_to(owner).exists()


def test_a_session_in_the_same_request_widens_nothing(client: Client) -> None:
    owner, other = make_officer("keeper"), make_officer("keeper")
    grant_role(owner, "office")
    make_member(unit=other.unit)
    _token, plain = make_token(owner, "campaign.view")
    client.force_login(owner)
    assert client.get(MEMBERS).status_code == 200
    assert call(plain, client=client).status_code == 404
    client.force_login(other)
    assert call(plain, TASKS, client=client).status_code == 200
    assert (
        AuditEvent.objects.filter(action="list", object_type="campaign.task").get().actor_id
        == owner.pk
    )
    assert call("saro_wrong", client=client).status_code == 401


def test_an_answer_names_the_token_in_the_trail_and_not_the_session(client: Client) -> None:
    owner = make_officer("keeper")
    token, plain = make_token(owner)
    client.force_login(owner)
    call(plain, client=client)
    event = AuditEvent.objects.get(action="list")
    assert (event.actor_id, event.session) == (owner.pk, session_mark(token))
    client.get(MEMBERS)
    assert AuditEvent.objects.filter(action="list").latest("id").session != session_mark(token)


def test_the_last_use_is_kept_to_the_minute() -> None:
    owner = make_officer("keeper")
    token, plain = make_token(owner)
    with time_machine.travel(NOW, tick=False) as clock:
        token.created_at, token.expires_at = NOW, NOW + timedelta(days=1)
        token.save()
        call(plain, REMOTE_ADDR="10.1.2.3")
        clock.shift(59)
        call(plain, REMOTE_ADDR="10.1.2.4")
        token.refresh_from_db()
        assert (token.last_used_at, token.last_used_address) == (NOW, "10.1.2.3")
        clock.shift(1)
        call(plain, REMOTE_ADDR="10.1.2.4")
        token.refresh_from_db()
        assert token.last_used_address == "10.1.2.4"


def test_a_second_use_in_the_same_minute_writes_nothing() -> None:
    token, _plain = make_token(make_officer("keeper"), now=NOW)
    note_use(token=token, address="10.1.2.3", now=NOW)
    token.refresh_from_db()
    with CaptureQueriesContext(
        connection,
    ) as queries:
        note_use(token=token, address="10.1.2.3", now=NOW + timedelta(seconds=30))
    assert len(queries) == 0


@pytest.mark.parametrize(
    "address", ["/", "/access/people/", "/accounts/tokens/", "/tasks/", "/admin/"]
)
def test_no_page_opens_to_a_token(address: str) -> None:
    owner = make_officer("administrator")
    grant_role(owner, "keeper")
    _token, plain = make_token(owner)
    answer = call(plain, address)
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(reverse("account_login"))


def test_a_token_cannot_write(client: Client) -> None:
    owner = make_officer("keeper")
    member = make_member(unit=owner.unit)
    _token, plain = make_token(owner)
    for method in ("post", "put", "patch", "delete"):
        answer = getattr(client, method)(
            f"{MEMBERS}{member.pk}/", headers={"authorization": f"Bearer {plain}"}
        )
        assert answer.status_code == 405
    assert Member.objects.filter(pk=member.pk).exists()


# --- ending -----------------------------------------------------------------------------


def refused(plain: str) -> Any:
    answer = call(plain)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    return answer


def test_all_tokens_that_do_not_work_are_answered_alike() -> None:
    owner = make_officer("keeper")
    expired, expired_plain = make_token(owner, now=timezone.now() - timedelta(days=91))
    revoked, revoked_plain = make_token(owner)
    revoke_token(actor=owner, token=revoked, now=timezone.now())
    closed = make_officer("keeper")
    _token, closed_plain = make_token(closed)
    User.objects.filter(pk=closed.pk).update(is_active=False)
    retired = make_officer("keeper")
    _token, retired_plain = make_token(retired)
    RoleGrant.objects.filter(user=retired).update(valid_to=timezone.now())
    unknown = "saro_" + "A" * 43
    plains = [
        unknown,
        "x",
        "",
        "saro_ a",
        expired_plain,
        revoked_plain,
        closed_plain,
        retired_plain,
    ]
    bodies = {refused(plain).content for plain in plains}
    assert len(bodies) == 1
    events = AuditEvent.objects.filter(action="token.used", decision="denied").order_by("id")
    assert len(events) == len(plains)
    assert all(
        plain[5:] not in event.reason
        for event, plain in zip(events, plains, strict=True)
        if len(plain) > 10  # shorter ones stand in any text
    )
    assert [event.object_id for event in events][:4] == ["", "", "", ""]
    assert [event.object_id for event in events][4:6] == [str(expired.pk), str(revoked.pk)]
    assert all(event.session == "" for event in events)


@pytest.mark.parametrize(
    "header", ["Bearer", "bearer \xff\xfe", "Bearer ầ", "Bearer a b c", "BEARER " + "x" * 5000]
)
def test_a_forged_header_is_a_wrong_token(header: str) -> None:
    answer = Client().get(MEMBERS, HTTP_AUTHORIZATION=header)
    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_what_ends_for_the_owner_ends_for_the_token_at_the_next_request() -> None:
    owner = make_officer("keeper")
    grant_role(owner, "office")
    _token, plain = make_token(owner)
    assert call(plain).status_code == 200
    RoleGrant.objects.filter(user=owner, role="keeper").update(valid_to=timezone.now())
    assert call(plain).status_code == 404


def test_wrong_tokens_are_slowed_down_and_good_ones_are_not() -> None:
    owner = make_officer("keeper")
    _token, plain = make_token(owner)
    codes = [call("saro_" + "A" * 43).status_code for _attempt in range(11)]
    assert codes == [401] * 10 + [429]
    slowed = call("saro_" + "A" * 43, headers_from="203.0.113.7")
    assert slowed.status_code == 429
    assert int(slowed.headers["Retry-After"]) > 0
    assert AuditEvent.objects.filter(action="token.used").count() == 10
    assert call("saro_" + "B" * 43).status_code == 401
    assert call("saro_" + "A" * 43, REMOTE_ADDR="10.9.9.9").status_code == 401
    assert call(plain).status_code == 200


def test_who_may_revoke() -> None:
    owner = make_officer("keeper")
    above = make_unit()
    token, plain = make_token(owner)
    stranger, elsewhere = make_officer("keeper"), make_officer("administrator", unit=above)
    for other in (stranger, elsewhere):
        with pytest.raises(RefusedError):
            revoke_token(actor=other, token=token, now=timezone.now())
    assert call(plain).status_code == 200
    keeper_of_access = make_officer("administrator", unit=owner.unit)
    revoke_token(actor=keeper_of_access, token=token, now=timezone.now())
    token.refresh_from_db()
    assert token.revoked_by == keeper_of_access
    revoke_token(actor=owner, token=token, now=timezone.now())
    assert AuditEvent.objects.filter(action="token.revoked").count() == 1
    assert call(plain).status_code == 401


# --- the screen -------------------------------------------------------------------------


def test_the_token_is_shown_once(client: Client) -> None:
    owner = make_officer("keeper")
    client.force_login(owner)
    page = client.get(reverse("account_token_new"))
    assert "Xem hồ sơ đảng viên" in page.content.decode()
    asked = {"name": "Báo cáo", "actions": ["records.view"], "days": "30"}
    made = client.post(reverse("account_token_new"), asked)
    plain = re.search(r"saro_[A-Za-z0-9_-]{43}", made.content.decode())
    assert plain is not None
    assert "no-store" in made.headers["Cache-Control"]
    assert call(plain[0]).status_code == 200
    listed = client.get(reverse("account_tokens")).content.decode()
    assert plain[0] not in listed
    assert plain[0][:12] in listed
    token = ApiToken.objects.get()
    assert client.post(reverse("account_token_revoke", args=[token.pk])).status_code == 302
    assert call(plain[0]).status_code == 401


@pytest.mark.parametrize(
    "asked",
    [
        {"name": "x", "actions": ["records.edit"], "days": "30"},
        {"name": "x", "actions": ["campaign.view"], "days": "30"},
        {"name": "x", "actions": ["records.view"], "days": "366"},
        {"name": "x", "actions": ["records.view"], "days": "٣٠٠٠"},
        {"name": "", "actions": ["records.view"], "days": "30"},
        {"actions": [], "name": "x", "days": "30"},
        {},
    ],
    ids=str,
)
def test_a_forged_form_makes_nothing(client: Client, asked: dict[str, Any]) -> None:
    client.force_login(make_officer("keeper"))
    assert client.post(reverse("account_token_new"), asked).status_code == 422
    assert not ApiToken.objects.exists()


def test_making_one_asks_for_the_password_again(client: Client) -> None:
    owner = make_officer("keeper")
    owner.set_password("a long enough phrase")
    owner.save()
    client.force_login(owner)
    asked = {"name": "x", "actions": ["records.view"], "days": "30"}
    for answer in (
        client.get(reverse("account_token_new")),
        client.post(reverse("account_token_new"), asked),
    ):
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("account_reauthenticate"))
    assert not ApiToken.objects.exists()
    confirm = f"{reverse('account_reauthenticate')}?next={reverse('account_token_new')}"
    client.session.pop("account_reauthentication_state", None)
    client.get(reverse("account_token_new"))
    client.post(confirm, {"password": "a long enough phrase"})
    assert client.post(reverse("account_token_new"), asked).status_code == 200


def test_others_find_no_such_page_and_cannot_revoke(client: Client) -> None:
    token, plain = make_token(make_officer("keeper"))
    stranger = make_officer("cell_secretary")
    client.force_login(stranger)
    assert client.get(reverse("account_tokens")).status_code == 404
    assert client.get(reverse("account_token_new")).status_code == 404
    assert client.post(reverse("account_token_revoke", args=[token.pk])).status_code == 404
    assert client.post(reverse("account_token_revoke", args=[token.pk + 1])).status_code == 404
    assert AuditEvent.objects.filter(actor_id=stranger.pk, decision="denied").count() == 4
    assert call(plain).status_code == 200


def test_an_administrator_without_reading_roles_is_told_why(client: Client) -> None:
    client.force_login(make_officer("administrator"))
    for name in ("account_tokens", "account_token_new"):
        page = client.get(reverse(name))
        assert page.status_code == 200
        assert "<form class=" not in page.content.decode().split("<main")[1]


def test_a_users_page_with_no_token_user(client: Client) -> None:
    client.force_login(make_user())
    assert client.get(reverse("account_tokens")).status_code == 404
