"""One's own account: what one holds, where one is signed in, signing out from afar."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from security.devices import in_words
from security.models import AuditEvent, User
from security.services import invite
from security.services.invitations import invitation_for
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
PASSWORD = "thuyền ra khơi 9"
HOME, LIST = reverse("account_home"), reverse("account_sessions")
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
ANDROID = (
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Mobile Safari/537.36"
)
EDGE = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/138.0.0.0 Safari/537.36 Edg/138.0.0.0"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
COC_COC = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "coc_coc_browser/132.0 Chrome/126.0.0.0 Safari/537.36"
)


@pytest.fixture(autouse=True)
def _quick_hashes(settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


def make_person(**fields: Any) -> User:
    user = make_user(**fields)
    user.set_password(PASSWORD)
    user.save()
    return user


def signed_in(user: User, agent: str = WINDOWS, address: str = "10.0.0.5") -> Client:
    client = Client(headers={"user-agent": agent}, REMOTE_ADDR=address)
    client.post(reverse("account_login"), {"login": user.username, "password": PASSWORD})
    client.cookies["django_language"] = "en"
    return client


def place_of(client: Client) -> UserSession:
    return UserSession.objects.get(session_key=client.session.session_key)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (WINDOWS, "Firefox on Windows"),
        (ANDROID, "Chrome on Android"),
        (EDGE, "Edge on Windows"),
        (IPHONE, "Safari on iPhone"),
        (COC_COC, "Cốc Cốc on Windows"),
        ("curl/8.5", "Unknown device"),
        ("", "Unknown device"),
        ("<script>Firefox/1</script>", "Firefox"),
    ],
)
def test_a_device_is_named_in_plain_words(agent: str, words: str, english: None) -> None:
    assert in_words(agent) == words


def test_the_account_says_who_one_is_and_what_one_holds() -> None:
    user = make_person(full_name="Lê Thị Mận", post="Chuyên viên chính")
    unit = make_unit(name="Vụ Bưởi")
    until = timezone.now() + timedelta(days=3)
    grant_role(user, "keeper", unit, valid_to=until)
    grant_role(user, "operator", unit, now=timezone.now() - timedelta(days=9), valid_to=None)
    text = signed_in(user).get(HOME).content.decode()
    for said in ("Lê Thị Mận", "Chuyên viên chính", "Vụ Bưởi", user.username, "Record keeper"):
        assert said in text
    assert timezone.localtime(until).strftime("%d/%m/%Y") in text
    assert "no end date" in text


def test_an_ended_role_is_not_among_them() -> None:
    user = make_person()
    grant_role(user, "keeper", valid_to=timezone.now() - timedelta(days=1))
    text = signed_in(user).get(HOME).content.decode()
    assert "Record keeper" not in text
    assert "No role is in force" in text


def test_one_is_told_who_made_a_link_for_oneself() -> None:
    user = make_person()
    admin = make_officer("administrator", unit=user.unit, full_name="Phạm Quản Trị")
    invite(actor=admin, user=user, purpose="reset", now=timezone.now())
    assert "Phạm Quản Trị" in signed_in(user).get(HOME).content.decode()


def test_the_list_names_each_place_and_this_one() -> None:
    user = make_person()
    signed_in(user, ANDROID, "10.0.0.7")
    here = signed_in(user)
    signed_in(make_person(), EDGE)
    text = here.get(LIST).content.decode()
    assert text.index("Firefox on Windows") < text.index("Chrome on Android")
    assert "10.0.0.7" in text
    assert "Edge" not in text
    assert text.count("this device") == 1


def test_signing_out_there_ends_it_at_once() -> None:
    user = make_person()
    there, here = signed_in(user, ANDROID), signed_in(user)
    key = there.session.session_key
    answer = here.post(reverse("account_session_end", args=[place_of(there).pk]))
    assert answer.headers["Location"] == LIST
    assert not Session.objects.filter(pk=key).exists()
    assert there.get(HOME).status_code == 302
    assert here.get(HOME).status_code == 200
    line = AuditEvent.objects.get(action="session.ended")
    assert (line.actor_id, line.decision) == (user.pk, "allowed")


def test_signing_out_everywhere_else_keeps_this_place() -> None:
    user = make_person()
    others = [signed_in(user, ANDROID), signed_in(user, EDGE)]
    here = signed_in(user)
    here.post(reverse("account_sessions_end"))
    assert all(other.get(HOME).status_code == 302 for other in others)
    assert here.get(HOME).status_code == 200
    assert UserSession.objects.filter(user=user).count() == 1


@pytest.mark.parametrize("whose", ["another person's", "this very one", "nobody's"])
def test_only_ones_own_other_places_can_be_ended(whose: str) -> None:
    user, stranger = make_person(), make_person()
    there, here = signed_in(stranger), signed_in(user)
    pk = {"another person's": place_of(there).pk, "this very one": place_of(here).pk}.get(whose, 0)
    assert here.post(reverse("account_session_end", args=[pk])).status_code == 404
    assert there.get(HOME).status_code == here.get(HOME).status_code == 200
    line = AuditEvent.objects.get(action="session.ended")
    assert (line.actor_id, line.decision, line.object_id) == (user.pk, "denied", str(pk))


def test_ending_wants_a_post_and_its_token() -> None:
    user = make_person()
    signed_in(user, ANDROID)
    here = signed_in(user)
    assert here.get(reverse("account_sessions_end")).status_code == 405
    strict = Client(enforce_csrf_checks=True, headers={"user-agent": WINDOWS})
    strict.cookies = here.cookies
    assert strict.post(reverse("account_sessions_end")).status_code == 403
    assert UserSession.objects.filter(user=user).count() == 2


def test_changing_the_password_ends_the_other_places_at_once() -> None:
    user = make_person()
    there, here = signed_in(user, ANDROID), signed_in(user)
    key = there.session.session_key
    fields = {
        "oldpassword": PASSWORD,
        "password1": "purple kettle 4",
        "password2": "purple kettle 4",
    }
    assert here.post(reverse("account_change_password"), fields).status_code == 302
    assert not Session.objects.filter(pk=key).exists()
    assert here.get(LIST).content.decode().count("Firefox on Windows") == 1
    line = AuditEvent.objects.get(action="password.changed")
    assert (line.actor_id, line.reason) == (user.pk, "1 other sessions ended")


def test_changing_the_password_makes_an_open_link_useless() -> None:
    user = make_person()
    token = invite(actor=None, user=user, purpose="reset", now=timezone.now())
    fields = {"oldpassword": PASSWORD, "password1": "purple kettle 4", "password2": "x"}
    here = signed_in(user)
    here.post(reverse("account_change_password"), fields)
    assert invitation_for(token, timezone.now()) is not None
    here.post(reverse("account_change_password"), {**fields, "password2": "purple kettle 4"})
    assert invitation_for(token, timezone.now()) is None


def test_a_dead_session_is_not_listed() -> None:
    user = make_person()
    there, here = signed_in(user, ANDROID), signed_in(user)
    Session.objects.filter(pk=there.session.session_key).delete()
    assert "Android" not in here.get(LIST).content.decode()


def test_a_session_that_was_never_listed_lists_itself() -> None:
    user = make_person()
    client = Client(headers={"user-agent": IPHONE})
    client.force_login(user)
    assert "iPhone" in client.get(LIST).content.decode()


def test_a_browsers_name_is_no_markup() -> None:
    user = make_person()
    client = signed_in(user, "<b>Firefox/1</b> Windows")
    assert "<b>Firefox/1" not in client.get(LIST).content.decode()


@pytest.mark.parametrize("name", ["account_home", "account_sessions", "account_change_password"])
def test_the_account_pages_want_somebody(name: str) -> None:
    assert Client().get(reverse(name)).status_code == 302
