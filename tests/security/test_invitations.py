"""One-time links: made by whoever may, shown once, good for one password, and no oracle."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, Invitation, User
from security.services import RefusedError, accept_invitation, invite, revoke_invitation
from security.services.invitations import hash_of, invitation_for
from security.views.invitations import invitation_link
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "thuyền ra khơi 9"
HOME = reverse("account_home")
ACCEPT = reverse("account_invitation_accept")
NOON = datetime(2026, 6, 10, 5, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


def make_pair() -> tuple[User, User]:
    """An administrator and a person of a unit below his."""
    root = make_unit()
    return make_officer("administrator", unit=root), make_user(unit=make_unit(parent=root))


def invited(user: User, *, purpose: str = "first", now: datetime | None = None) -> str:
    return invite(actor=None, user=user, purpose=purpose, now=now or timezone.now())


def trail(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("id"))


def fields(password: str = PASSWORD, again: str | None = None) -> dict[str, str]:
    return {"password1": password, "password2": password if again is None else again}


def opened(token: str) -> Client:
    client = Client()
    answer = client.get(reverse("account_invitation", args=[token]))
    assert answer.headers["Location"] == ACCEPT
    return client


# --- making -------------------------------------------------------------------------------


@pytest.mark.parametrize(("purpose", "hours"), [("first", 72), ("reset", 24)])
def test_a_link_is_made_with_only_its_hash_kept(purpose: str, hours: int) -> None:
    actor, person = make_pair()
    token = invite(actor=actor, user=person, purpose=purpose, now=NOON)
    made = Invitation.objects.get()
    assert made.token_hash == hash_of(token) != token
    assert made.expires_at - made.created_at == timedelta(hours=hours)
    assert (made.user, made.created_by, made.purpose) == (person, actor, purpose)
    line = trail("invitation.made")[0]
    assert (line.actor_id, line.object_id) == (actor.pk, str(person.pk))
    assert token not in str(vars(line))


def test_a_new_link_makes_the_old_one_useless() -> None:
    _actor, person = make_pair()
    first = invited(person)
    second = invited(person)
    assert invitation_for(first, timezone.now()) is None
    assert invitation_for(second, timezone.now()) is not None


def test_the_database_holds_one_open_link_a_person() -> None:
    _actor, person = make_pair()
    invited(person)
    made = Invitation.objects.get()
    made.pk, made.token_hash = None, "x"
    with pytest.raises(IntegrityError), transaction.atomic():
        made.save(force_insert=True)


def refused(actor: User, person: User) -> list[str]:
    with pytest.raises(RefusedError) as refusal:
        invite(actor=actor, user=person, purpose="reset", now=timezone.now())
    assert not Invitation.objects.exists()
    return [problem.code for problem in refusal.value.problems]


def test_nobody_makes_a_link_for_himself() -> None:
    actor, _person = make_pair()
    assert refused(actor, actor) == ["own_account"]


def test_only_an_administrator_of_the_persons_unit_makes_one() -> None:
    _actor, person = make_pair()
    assert refused(make_officer("administrator"), person) == ["not_allowed"]
    assert refused(make_officer("unit_head", unit=person.unit), person) == ["not_allowed"]


def test_nobody_becomes_somebody_with_a_role_above_his_reach() -> None:
    actor, person = make_pair()
    grant_role(person, "office", make_unit())
    assert refused(actor, person) == ["not_allowed"]


def test_a_closed_account_gets_no_link() -> None:
    actor, person = make_pair()
    User.objects.filter(pk=person.pk).update(is_active=False)
    assert refused(actor, person) == ["disabled"]


def test_a_link_can_be_withdrawn() -> None:
    actor, person = make_pair()
    token = invited(person)
    assert revoke_invitation(actor=actor, user=person, now=timezone.now()) == 1
    assert invitation_for(token, timezone.now()) is None
    assert trail("invitation.revoked")[0].actor_id == actor.pk
    assert revoke_invitation(actor=actor, user=person, now=timezone.now()) == 0


def test_the_page_of_a_new_link_gets_what_it_needs() -> None:
    _actor, person = make_pair()
    token = invited(person)
    context = invitation_link(RequestFactory().get("/"), person, token)
    assert context["link"] == f"http://testserver{reverse('account_invitation', args=[token])}"
    assert context["expires_at"] == Invitation.objects.get().expires_at


# --- using --------------------------------------------------------------------------------


def test_the_token_leaves_the_address_at_once() -> None:
    _actor, person = make_pair()
    token = invited(person)
    client = Client()
    answer = client.get(reverse("account_invitation", args=[token]))
    assert (answer.status_code, answer.headers["Location"]) == (302, ACCEPT)
    assert "no-store" in answer.headers["Cache-Control"]
    page = client.get(ACCEPT)
    text = page.content.decode()
    assert token not in text
    assert person.full_name in text
    assert person.unit.name in text
    assert person.username in text
    assert "Ít nhất 12 ký tự" in text
    assert [line.object_id for line in trail("invitation.opened")] == [str(person.pk)]
    assert not User.objects.get(pk=person.pk).has_usable_password()


def test_the_person_sets_a_password_and_is_in() -> None:
    _actor, person = make_pair()
    client = opened(invited(person))
    before = client.session.session_key
    answer = client.post(ACCEPT, fields())
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    assert client.get(HOME).status_code == 200
    assert client.session.session_key != before
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
    assert Invitation.objects.get().used_at is not None
    assert [line.actor_id for line in trail("invitation.used")] == [person.pk]
    assert [line.actor_id for line in trail("signin")] == [person.pk]
    assert UserSession.objects.get().session_key == client.session.session_key


def test_a_person_signs_in_with_it_later() -> None:
    _actor, person = make_pair()
    opened(invited(person)).post(ACCEPT, fields())
    answer = Client().post(
        reverse("account_login"), {"login": person.username, "password": PASSWORD}
    )
    assert answer.status_code == 302


def test_a_link_works_once() -> None:
    _actor, person = make_pair()
    token = invited(person)
    first, second = opened(token), opened(token)
    first.post(ACCEPT, fields())
    late = second.post(ACCEPT, fields("purple kettle 4 noon"))
    assert late.status_code == 404
    again = Client().get(reverse("account_invitation", args=[token]), follow=True)
    assert again.status_code == 404
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_all_other_sessions_of_the_person_end() -> None:
    _actor, person = make_pair()
    opened(invited(person)).post(ACCEPT, fields())
    elsewhere = Client()
    elsewhere.post(reverse("account_login"), {"login": person.username, "password": PASSWORD})
    key = elsewhere.session.session_key
    assert elsewhere.get(HOME).status_code == 200
    opened(invited(person, purpose="reset")).post(ACCEPT, fields("purple kettle 4 noon"))
    assert not Session.objects.filter(pk=key).exists()
    assert elsewhere.get(HOME).status_code == 302


def test_whoever_was_signed_in_in_this_browser_is_out() -> None:
    actor, person = make_pair()
    client = Client()
    client.force_login(actor)
    client.get(reverse("account_invitation", args=[invited(person)]))
    assert actor.full_name in client.get(ACCEPT).content.decode()
    client.post(ACCEPT, fields())
    assert get_user(client).pk == person.pk
    assert [line.actor_id for line in trail("signout")] == [actor.pk]


def test_a_second_factor_is_still_asked_for() -> None:
    """A link is a new password, not a way round the second factor."""
    _actor, person = make_pair()
    TOTP.activate(person, "JBSWY3DPEHPK3PXP")
    assert Authenticator.objects.filter(user=person).exists()
    client = opened(invited(person, purpose="reset"))
    answer = client.post(ACCEPT, fields())
    assert urlsplit(answer.headers["Location"]).path == reverse("mfa_authenticate")
    assert client.get(HOME).status_code == 302
    assert trail("signin") == []


@pytest.mark.parametrize(
    ("password", "again"),
    [
        ("short", "short"),
        ("matkhau123456", "matkhau123456"),
        (PASSWORD, "another phrase 7"),
        ("", ""),
        (PASSWORD, ""),
    ],
)
def test_a_weak_or_mistyped_password_changes_nothing(password: str, again: str) -> None:
    _actor, person = make_pair()
    client = opened(invited(person))
    answer = client.post(ACCEPT, fields(password, again))
    assert answer.status_code == 422
    assert 'aria-invalid="true"' in answer.content.decode()
    person.refresh_from_db()
    assert not person.has_usable_password()
    assert Invitation.objects.get().used_at is None
    assert client.post(ACCEPT, fields()).status_code == 302


def test_the_service_refuses_a_weak_password_too() -> None:
    _actor, person = make_pair()
    invited(person)
    with pytest.raises(ValidationError):
        accept_invitation(pk=Invitation.objects.get().pk, password="x", now=timezone.now())
    assert Invitation.objects.get().used_at is None


# --- no oracle ----------------------------------------------------------------------------


def spoilt(how: str) -> str:
    """A token that must not work."""
    _actor, person = make_pair()
    token = invited(person, now=timezone.now() - timedelta(hours=80 if how == "expired" else 0))
    rows = Invitation.objects.all()
    if how == "used":
        rows.update(used_at=timezone.now())
    elif how == "revoked":
        rows.update(revoked_at=timezone.now())
    elif how == "disabled":
        User.objects.filter(pk=person.pk).update(is_active=False)
    return {
        "cut": token[:-1],
        "longer": token + "A",
        "case": token.swapcase(),
        "hash": Invitation.objects.get().token_hash,
        "unknown": "x" * 43,
        "long": "x" * 2000,
        "unicode": "đ" * 43,
    }.get(how, token)


def shown(answer: Any) -> str:
    """The page without what differs at every request anyway."""
    text: str = answer.content.decode()
    return "\n".join(line for line in text.splitlines() if "csrf" not in line.lower())


HOW = [
    *("used", "revoked", "expired", "disabled"),
    *("cut", "longer", "case", "hash", "unknown", "long", "unicode"),
]


@pytest.mark.parametrize("how", HOW)
def test_every_link_that_fails_fails_alike(how: str) -> None:
    token = spoilt(how)
    there = reverse("account_invitation", args=[token])
    browser = Client()
    answer = browser.get(there)
    assert (answer.status_code, answer.headers["Location"]) == (302, ACCEPT)
    page, other = browser.get(ACCEPT), Client().get(ACCEPT)
    assert page.status_code == other.status_code == 404
    assert shown(page) == shown(other)
    line = trail("invitation.refused")[0]
    assert (line.decision, line.actor_id) == ("denied", None)
    assert token not in str(vars(line))
    assert User.objects.filter(password__startswith="md5").count() == 0


def test_a_link_ends_on_time() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        _actor, person = make_pair()
        token = invited(person)
        clock.shift(timedelta(hours=72, seconds=-1))
        client = opened(token)
        assert client.get(ACCEPT).status_code == 200
        clock.shift(timedelta(seconds=1))
        assert client.get(ACCEPT).status_code == 404
        assert client.post(ACCEPT, fields()).status_code == 404


def test_the_form_opens_to_no_browser_without_a_link() -> None:
    _actor, person = make_pair()
    invited(person)
    client = Client()
    for answer in (client.get(ACCEPT), client.post(ACCEPT, fields())):
        assert answer.status_code == 404
    assert not User.objects.get(pk=person.pk).has_usable_password()


def test_a_bad_link_shows_nobody_elses_form() -> None:
    _actor, person = make_pair()
    client = opened(invited(person))
    client.get(reverse("account_invitation", args=["nothing-like-it"]))
    assert client.get(ACCEPT).status_code == 404


def test_withdrawn_between_opening_and_posting() -> None:
    actor, person = make_pair()
    client = opened(invited(person))
    revoke_invitation(actor=actor, user=person, now=timezone.now())
    assert client.post(ACCEPT, fields()).status_code == 404
    assert not User.objects.get(pk=person.pk).has_usable_password()


def test_guessing_fills_no_trail_and_shuts_nobody_out() -> None:
    _actor, person = make_pair()
    token = invited(person)
    there = reverse("account_invitation", args=["guess"])
    answers = [Client().get(there).status_code for _time in range(35)]
    assert answers == [302] * 30 + [429] * 5
    assert len(trail("invitation.refused")) == 30
    assert opened(token).post(ACCEPT, fields()).status_code == 302


def test_a_planted_session_key_does_not_come_along() -> None:
    _actor, person = make_pair()
    attacker = Client()
    session = attacker.session
    session["planted"] = 1
    session.save()
    victim = Client()
    victim.cookies["session"] = str(session.session_key)
    victim.get(reverse("account_invitation", args=[invited(person)]))
    attacker.cookies["session"] = str(session.session_key)
    assert attacker.get(ACCEPT).status_code == 404
    assert victim.get(ACCEPT).status_code == 200


def test_the_form_wants_its_csrf_token() -> None:
    _actor, person = make_pair()
    client = Client(enforce_csrf_checks=True)
    client.get(reverse("account_invitation", args=[invited(person)]))
    assert client.post(ACCEPT, fields()).status_code == 403
    assert not User.objects.get(pk=person.pk).has_usable_password()


@pytest.mark.django_db(transaction=True)
def test_two_browsers_at_once_use_a_link_once() -> None:
    _actor, person = make_pair()
    token = invited(person)
    browsers = [opened(token) for _time in range(4)]
    passwords = [f"{PASSWORD} {number}" for number in range(4)]

    def post(number: int) -> int:
        try:
            return browsers[number].post(ACCEPT, fields(passwords[number])).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert sorted(answers) == [302, 404, 404, 404]
    person.refresh_from_db()
    assert person.check_password(passwords[answers.index(302)])
    assert len(trail("invitation.used")) == 1
