"""Breaking the glass: for reading, for hours, and answered for."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from security.models import AuditEvent, EmergencyAccess, Unit, User
from security.scope import allowed_by, may, scopes_of
from security.selectors.emergencies import yearly
from security.services import (
    RefusedError,
    end_emergency,
    end_role,
    open_emergency,
    review_emergency,
)
from tests.records.make import make_cell, make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
WHY = "Cháy kho hồ sơ, cần tra người trực ngay"
VIEW = "records.view"


def refused(caught: pytest.ExceptionInfo[RefusedError]) -> set[str]:
    return {problem.code for problem in caught.value.problems}


@pytest.fixture
def tree() -> dict[str, Unit]:
    root = make_unit()
    return {
        "root": root,
        "own": make_unit(parent=root),
        "cell": make_cell(parent=root, name="Chi bộ Xa"),
    }


@pytest.fixture
def head(tree: dict[str, Unit]) -> User:
    return make_officer("unit_head", unit=tree["own"])


@pytest.fixture
def officer(tree: dict[str, Unit]) -> User:
    return make_officer("security_officer", unit=tree["root"])


def opened(head: User, unit: Unit, **terms: object) -> EmergencyAccess:
    said = {"action": VIEW, "reason": WHY, "hours": 2, "now": timezone.now(), **terms}
    return open_emergency(actor=head, unit=unit, **said)  # type: ignore[arg-type]


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_an_emergency_shows_the_rows_of_a_unit_and_the_trail_names_it(
    head: User, tree: dict[str, Unit]
) -> None:
    member = make_member(unit=tree["cell"])
    client, url = client_of(head), f"/records/members/{member.pk}/"
    assert client.get(url).status_code == 404
    access = opened(head, tree["cell"])
    page = client.get(url)
    assert page.status_code == 200
    read = AuditEvent.objects.filter(action="read", object_id=str(member.pk)).latest("id")
    assert read.allowed_by == f"emergency access {access.pk} on unit {tree['cell'].pk}"
    client.get("/records/members/")
    listed = AuditEvent.objects.filter(action="list", object_type="records.member").latest("id")
    assert listed.allowed_by == f"emergency access {access.pk} open"
    assert AuditEvent.objects.filter(action="emergency.opened", actor_id=head.pk).count() == 1


def test_it_opens_nothing_for_writing(head: User, tree: dict[str, Unit]) -> None:
    member = make_member(unit=tree["cell"])
    opened(head, tree["cell"])
    assert may(head, VIEW, member)
    assert not may(head, "records.edit")
    client = client_of(head)
    assert client.get(f"/records/members/{member.pk}/edit/").status_code == 404
    answer = client.post(f"/records/members/{member.pk}/edit/", {"full_name": "Khác"})
    assert answer.status_code == 404
    member.person.refresh_from_db()
    assert member.person.full_name == "Trần Thị Mẫu"


def test_a_forged_row_for_a_changing_action_gives_no_such_right(
    head: User, tree: dict[str, Unit]
) -> None:
    now = timezone.now()
    EmergencyAccess.objects.create(
        user=head,
        unit=tree["cell"],
        action="records.edit",
        reason=WHY,
        valid_from=now - timedelta(minutes=1),
        valid_to=now + timedelta(hours=1),
    )
    assert not may(head, "records.edit")


@pytest.mark.parametrize(
    ("terms", "code"),
    [
        ({"action": "records.edit"}, "action"),
        ({"action": "no.such"}, "action"),
        ({"hours": 0}, "hours"),
        ({"hours": 9}, "hours"),
        ({"reason": "x" * 19}, "reason"),
        ({"reason": "   x                      "}, "reason"),
    ],
)
def test_terms_beyond_the_bounds_are_refused(
    head: User, tree: dict[str, Unit], terms: dict[str, object], code: str
) -> None:
    with pytest.raises(RefusedError) as caught:
        opened(head, tree["cell"], **terms)
    assert refused(caught) == {code}
    assert not EmergencyAccess.objects.exists()


def test_a_reason_of_twenty_letters_is_enough(head: User, tree: dict[str, Unit]) -> None:
    assert opened(head, tree["cell"], reason="x" * 20, hours=8).pk


def test_a_unit_above_ones_own_role_is_refused(head: User, tree: dict[str, Unit]) -> None:
    with pytest.raises(RefusedError) as caught:
        opened(head, tree["root"])
    assert refused(caught) == {"above"}
    leader = make_officer("head", unit=tree["root"])
    assert opened(leader, tree["root"]).pk


def test_whoever_may_not_break_the_glass_is_refused(tree: dict[str, Unit]) -> None:
    with pytest.raises(RefusedError) as caught:
        opened(make_officer("unit_staff", unit=tree["own"]), tree["cell"])
    assert refused(caught) == {"not_allowed"}


def test_one_is_open_per_person_and_action(head: User, tree: dict[str, Unit]) -> None:
    first = opened(head, tree["cell"])
    with pytest.raises(RefusedError) as caught:
        opened(head, make_unit(parent=tree["root"]))
    assert refused(caught) == {"already_open"}
    assert opened(head, tree["cell"], action="campaign.view").pk
    end_emergency(actor=head, access=first, now=timezone.now())
    assert opened(head, tree["cell"]).pk


def test_it_never_goes_beyond_the_caps_of_the_role_that_breaks_the_glass(
    tree: dict[str, Unit],
) -> None:
    """Another role's sensitivity does not lend itself to the emergency."""
    user = make_user(unit=tree["own"])
    grant_role(user, "unit_head", max_sensitivity=1)
    grant_role(user, "member", max_sensitivity=2)
    opened(user, tree["cell"])
    shown = make_member(unit=tree["cell"], sensitivity=1)
    hidden = make_member(unit=tree["cell"], sensitivity=2)
    seen = type(shown).objects.visible_to(user)
    assert set(seen.values_list("pk", flat=True)) == {shown.pk}
    assert hidden.pk not in seen.values_list("pk", flat=True)


def test_it_ends_with_the_role_and_no_token_has_it(head: User, tree: dict[str, Unit]) -> None:
    opened(head, tree["cell"])
    assert any(scope.is_emergency for scope in scopes_of(head))
    head._scopes, head.token_actions = None, frozenset({VIEW, "security.break_glass"})
    assert not any(scope.is_emergency for scope in scopes_of(head))
    head._scopes, head.token_actions = None, None
    for grant in head.role_grants.all():
        end_role(actor=None, grant=grant, now=timezone.now(), reason="Thôi")
    head._scopes = None
    assert scopes_of(head) == []


def test_it_expires_in_the_middle_of_a_session(head: User, tree: dict[str, Unit]) -> None:
    member = make_member(unit=tree["cell"])
    client, url = client_of(head), f"/records/members/{member.pk}/"
    access = opened(head, tree["cell"])
    assert client.get(url).status_code == 200
    now = timezone.now()
    EmergencyAccess.objects.filter(pk=access.pk).update(
        valid_from=now - timedelta(hours=2), valid_to=now
    )
    assert client.get(url).status_code == 404
    assert "Chi bộ Xa" not in client.get("/access/opened/").content.decode()


def test_a_warning_with_its_end_stands_on_every_page(head: User, tree: dict[str, Unit]) -> None:
    client = client_of(head)
    assert 'class="notice notice-error glass"' not in client.get("/access/opened/").content.decode()
    access = opened(head, tree["cell"])
    text = client.get("/access/opened/").content.decode()
    assert "Chi bộ Xa" in text
    assert f"/access/emergency/{access.pk}/end/" in text
    answer = client.post(f"/access/emergency/{access.pk}/end/")
    assert answer.status_code == 302
    access.refresh_from_db()
    assert access.valid_to <= timezone.now()
    assert AuditEvent.objects.filter(action="emergency.ended").count() == 1


def test_the_warning_costs_no_query(head: User, tree: dict[str, Unit]) -> None:
    client = client_of(head)
    client.get("/access/opened/")
    with CaptureQueriesContext(connection) as before:
        client.get("/access/opened/")
    opened(head, tree["cell"])
    with CaptureQueriesContext(connection) as after:
        client.get("/access/opened/")
    assert len(after) == len(before)


def test_a_stranger_can_neither_end_nor_see_it(head: User, tree: dict[str, Unit]) -> None:
    access = opened(head, tree["cell"])
    other = make_officer("unit_head", unit=tree["cell"])
    assert client_of(other).post(f"/access/emergency/{access.pk}/end/").status_code == 404
    assert client_of(head).get(f"/access/emergency/{access.pk}/").status_code == 404
    elsewhere = make_officer("security_officer")
    assert client_of(elsewhere).get(f"/access/emergency/{access.pk}/").status_code == 404
    assert client_of(elsewhere).post(f"/access/emergency/{access.pk}/end/").status_code == 404
    access.refresh_from_db()
    assert access.valid_to > timezone.now()
    assert AuditEvent.objects.filter(action="emergency.ended", decision="denied").count() == 2


# --- the review ---------------------------------------------------------------------------


def test_the_officer_finds_what_was_read_and_judges_it(
    head: User, officer: User, tree: dict[str, Unit]
) -> None:
    member = make_member(unit=tree["cell"])
    access = opened(head, tree["cell"])
    client_of(head).get(f"/records/members/{member.pk}/")
    client = client_of(officer)
    assert "(1)" in client.get("/access/emergency/").content.decode()
    url = f"/access/emergency/{access.pk}/"
    assert f"Hồ sơ đảng viên {member.pk}" in client.get(url).content.decode()
    # Still open: nothing to judge yet.
    assert client.post(url, {"verdict": "justified"}).status_code == 422
    client.post(f"{url}end/")
    assert client.post(url, {"verdict": "unjustified", "note": " "}).status_code == 422
    assert client.post(url, {"verdict": "unjustified", "note": "Không gấp"}).status_code == 302
    access.refresh_from_db()
    assert (access.verdict, access.reviewed_by) == ("unjustified", officer)
    assert "(1)" in client.get("/access/emergency/?verdict=unjustified").content.decode()
    assert "Không gấp" in client_of(head).get("/access/emergency/mine/").content.decode()
    assert AuditEvent.objects.filter(action="emergency.reviewed", actor_id=officer.pk).exists()
    with pytest.raises(RefusedError) as caught:
        review_emergency(
            actor=officer, access=access, verdict="justified", note="", now=timezone.now()
        )
    assert refused(caught) == {"reviewed"}


def test_nobody_reviews_his_own(tree: dict[str, Unit]) -> None:
    user = make_officer("security_officer", unit=tree["root"])
    grant_role(user, "unit_head", tree["own"])
    access = opened(user, tree["cell"], now=timezone.now() - timedelta(hours=5))
    with pytest.raises(RefusedError) as caught:
        review_emergency(
            actor=user, access=access, verdict="justified", note="", now=timezone.now()
        )
    assert refused(caught) == {"own_role"}
    access.refresh_from_db()
    assert access.verdict == ""


def test_only_a_reviewer_of_that_unit_judges(head: User, tree: dict[str, Unit]) -> None:
    access = opened(head, tree["cell"], now=timezone.now() - timedelta(hours=5))
    for actor in (head, make_officer("security_officer"), make_officer("administrator")):
        with pytest.raises(RefusedError) as caught:
            review_emergency(
                actor=actor, access=access, verdict="justified", note="", now=timezone.now()
            )
        assert refused(caught) == {"not_allowed"}


def test_a_row_seen_by_ones_own_role_is_not_laid_to_the_emergency(tree: dict[str, Unit]) -> None:
    user = make_user(unit=tree["cell"])
    grant_role(user, "unit_head")
    grant_role(user, "cell_secretary")
    member = make_member(unit=tree["cell"])
    opened(user, tree["cell"])
    assert allowed_by(user, member).startswith("role cell_secretary")


def test_reports_of_a_unit_count_what_its_people_opened(
    head: User, officer: User, tree: dict[str, Unit]
) -> None:
    now = timezone.now()
    first = opened(head, tree["cell"], now=now - timedelta(days=30))
    opened(head, tree["cell"], now=now - timedelta(days=2))
    opened(head, tree["cell"], now=now - timedelta(days=370))
    review_emergency(actor=officer, access=first, verdict="unjustified", note="Sai", now=now)
    assert yearly(tree["root"], now) == {"all": 2, "unjustified": 1, "waiting": 1}
    assert yearly(tree["cell"], now)["all"] == 0
