"""Opening again: what took access away since the backup is done again first, or confirmed."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings as django_settings
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone

from campaign.tasks import sweep_lights
from config.keeping import closed
from config.keeping.closed import Closed
from config.keeping.place import Place
from config.keeping.reapplying import DONE, NOTHING, OPEN, reapply
from records.models import Member
from security import audit
from security.kinds import grant_model
from security.models import ApiToken, AuditCheckpoint, AuditEvent, Invitation, RoleGrant, User
from security.seals import revocations
from security.seals.keys import key_id, load_key
from security.seals.sealing import body_of
from security.services import disable_user, end_all_sessions, end_role, invite
from security.services.sessions import end_own_sessions
from tests.config.keeping import back_up, place, seal_now, write_trail
from tests.config.restored import Target, target
from tests.records.make import make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

__all__ = ["place", "target"]


ENDED = "SELECT valid_to IS NOT NULL FROM security_rolegrant WHERE role_id = 'unit_staff'"
CLOSED = "SELECT count(*) FROM security_user WHERE NOT is_active"


def journal(number: int) -> list[dict[str, Any]]:
    public = load_key(django_settings.AUDIT_SEAL_KEY_FILE).public
    body = body_of(AuditCheckpoint.objects.get(number=number))
    directory = Path(django_settings.AUDIT_CHECKPOINTS_DIR)
    return revocations.read(directory, body, {key_id(public): public})


# --- the journal --------------------------------------------------------------------------


def test_what_takes_access_away_is_written_beside_its_seal_in_codes_alone(place: Place) -> None:
    unit = make_unit()
    admin, staff = (
        make_officer("administrator", unit=unit),
        make_user(unit=unit, full_name="Tên Riêng"),
    )
    grant = grant_role(staff, "unit_staff")
    now = timezone.now()
    end_role(actor=admin, grant=grant, now=now, reason="Lý do riêng")
    end_all_sessions(actor=admin, user=staff, now=now, reason="Lý do riêng")
    disable_user(actor=admin, user=staff, now=now, reason="Lý do riêng")
    end_own_sessions(actor=admin, keep=None)
    audit.record("role.ended", actor=admin, decision="denied")
    write_trail(2)
    seal_now()
    rows = journal(1)
    assert [row["action"] for row in rows] == [
        "role.ended", "user.sessions_ended", "user.disabled", "session.ended",
    ]  # fmt: skip
    assert [row["object_id"] for row in rows][:3] == [str(grant.pk), str(staff.pk), str(staff.pk)]
    content = revocations.path_of(Path(django_settings.AUDIT_CHECKPOINTS_DIR), 1).read_text()
    assert "riêng" not in content.encode().decode("unicode_escape").lower()
    assert staff.username not in content


def test_every_seal_has_its_file_also_an_empty_one_and_a_forged_one_is_known(place: Place) -> None:
    write_trail(1)
    seal_now()
    assert journal(1) == []
    path = revocations.path_of(Path(django_settings.AUDIT_CHECKPOINTS_DIR), 1)
    path.chmod(0o600)
    said = json.loads(path.read_text())
    path.write_text(json.dumps({**said, "rows": [{"id": 1}]}))
    with pytest.raises(revocations.JournalError, match="not signed"):
        journal(1)
    path.unlink()
    with pytest.raises(revocations.JournalError, match="lost"):
        journal(1)


# --- done again, each by itself -------------------------------------------------------------


def entry(action: str, row: Any, *, detail: str = "", **more: Any) -> dict[str, Any]:
    return {
        "id": 7, "at": "2026-11-22T00:00:00+00:00", "action": action, "actor": None,
        "object_type": row._meta.label_lower, "object_id": str(row.pk), "ids": [], "fields": [],
        "detail": detail, **more,
    }  # fmt: skip


def twice(one: dict[str, Any]) -> None:
    """Done again, told on the trail, and the second time nothing is left to do."""
    now = timezone.now()
    assert reapply(one, now=now) == DONE
    assert AuditEvent.objects.filter(action="revocation.reapplied").count() == 1
    assert reapply(one, now=now) == NOTHING
    assert AuditEvent.objects.filter(action="revocation.reapplied").count() == 1


@pytest.mark.django_db
def test_a_role_ends_again() -> None:
    user = make_user()
    grant = grant_role(user, "unit_staff")
    twice(entry("role.ended", grant))
    assert not RoleGrant.objects.in_force(timezone.now()).filter(user=user).exists()


@pytest.mark.django_db
def test_an_account_closes_again_with_its_tokens() -> None:
    user, now = make_user(), timezone.now()
    ApiToken.objects.create(
        user=user, name="x", prefix="x", token_hash="x", actions=["records.view"],
        created_at=now, expires_at=now + timedelta(days=1),
    )  # fmt: skip
    twice(entry("user.disabled", user))
    assert not User.objects.get(pk=user.pk).is_active
    assert not ApiToken.objects.filter(revoked_at=None).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["password.changed", "invitation.used"])
def test_a_password_of_before_its_change_opens_no_more(action: str) -> None:
    user = make_user()
    user.set_password("mật khẩu của trước")
    user.save()
    twice(entry(action, user, detail="invitation 1" if action == "invitation.used" else ""))
    assert not User.objects.get(pk=user.pk).has_usable_password()


@pytest.mark.django_db
def test_a_used_link_is_used_again() -> None:
    user = make_user()
    invite(actor=None, user=user, purpose="first", now=timezone.now())
    pk = Invitation.objects.get(user=user).pk
    twice(entry("invitation.used", user, detail=f"invitation {pk}"))
    assert not Invitation.objects.usable(timezone.now()).exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("action", "detail", "left"),
    [
        ("mfa.reset", "", []),
        ("mfa.removed", "totp", ["recovery_codes"]),
        ("mfa.code_used", "", ["totp"]),
    ],
)
def test_second_factors_go_again(action: str, detail: str, left: list[str]) -> None:
    user = make_user()
    for kind in ("totp", "recovery_codes"):
        Authenticator.objects.create(user=user, type=kind, data={})
    twice(entry(action, user, detail=detail))
    assert list(Authenticator.objects.values_list("type", flat=True)) == left


@pytest.mark.django_db
def test_a_share_ends_again_and_a_shortened_one_is_short_again() -> None:
    member, person, now = make_member(), make_user(), timezone.now()
    table = grant_model(Member, "user_grants")
    grant = table.objects.create(
        user=person, content_object=member, permission=Permission.objects.get(codename="view_member"), valid_from=now,
        valid_to=now + timedelta(days=9), reason="x",
    )  # fmt: skip
    until = now + timedelta(days=1)
    short = entry("row.shared", member, detail=f"user {person.pk} until {until.isoformat()}")
    twice(short)
    grant.refresh_from_db()
    assert grant.valid_to == until
    ended = entry("row.share_ended", member, detail=f"user {person.pk}")
    assert reapply(ended, now=now) == DONE
    grant.refresh_from_db()
    assert grant.valid_to == now


@pytest.mark.django_db
def test_a_raised_level_is_raised_again_and_one_without_approval_waits() -> None:
    member, by = make_member(level=0), make_user()
    twice_raised = entry("level.raised", member, detail="-> 1", actor=by.pk)
    assert reapply(twice_raised, now=timezone.now()) == DONE
    assert Member.objects.get(pk=member.pk).level == 1
    django_settings.MAX_SECRECY_LEVEL = 3
    try:
        higher = entry("level.raised", member, detail="-> 2", actor=by.pk)
        assert reapply(higher, now=timezone.now()) == OPEN
    finally:
        django_settings.MAX_SECRECY_LEVEL = 1
    assert Member.objects.get(pk=member.pk).level == 1


@pytest.mark.django_db
def test_what_codes_do_not_tell_waits_for_a_person() -> None:
    assert reapply(entry("unit.moved", make_unit()), now=timezone.now()) == OPEN


# --- closed -------------------------------------------------------------------------------


@pytest.mark.django_db
def test_while_closed_every_page_is_503_in_the_readers_language_and_workers_take_nothing(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.force_login(make_user())
    closed.write(Closed("20261122T000000Z", "0" * 64, "2026-11-22T00:00:00+00:00"))
    before = AuditEvent.objects.count()
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Hệ thống tạm đóng" in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    client.cookies["django_language"] = "en"
    for path in ("/accounts/login/", "/api/v1/members/", "/records/members/"):
        assert "Closed for the moment" in client.get(path).content.decode()
    assert client.post("/accounts/login/", {"login": "x", "password": "y"}).status_code == 503
    assert client.get("/healthz").json()["doors"] == "closed"
    assert sweep_lights() is None
    assert "campaign.tasks.sweep_lights was left undone" in caplog.text
    assert AuditEvent.objects.count() == before
    closed.remove()
    assert client.get("/accounts/login/").status_code in {200, 302}


@pytest.mark.django_db
def test_a_marker_that_cannot_be_read_keeps_it_closed(client: Client) -> None:
    closed.marker().write_bytes(b"{")
    assert client.get("/accounts/login/").status_code == 503


# --- the whole way ------------------------------------------------------------------------


def test_revocations_since_the_backup_are_listed_done_again_and_then_it_opens(
    place: Place, target: Target
) -> None:
    unit = make_unit()
    admin, staff = make_officer("administrator", unit=unit), make_user(unit=unit)
    grant = grant_role(staff, "unit_staff")
    write_trail(1)
    seal_now()
    back_up(place)
    now = timezone.now()
    end_role(actor=admin, grant=grant, now=now, reason="x")
    disable_user(actor=admin, user=staff, now=now, reason="x")
    audit.record("unit.moved", actor=admin, object_type="security.unit", object_id=unit.pk)
    seal_now()
    moved = AuditEvent.objects.get(action="unit.moved").pk
    assert target.restore()["revocations"] == 3
    assert target.rows(ENDED) == [(False,)]
    listed = target.run("reopen", "--list").stdout
    assert listed.count("not done yet") == 3
    assert target.run("reopen", "--by", staff.username).returncode == 1
    first = target.run("reopen", "--by", admin.username)
    assert first.returncode == 3
    assert f"TO CONFIRM {moved}:" in first.stdout
    assert (target.data / "closed.json").exists()
    assert target.rows(ENDED) == [(True,)]
    assert target.rows(CLOSED) == [(1,)]
    second = target.run("reopen", "--by", admin.username, "--confirm", str(moved), "--json")
    assert json.loads(second.stdout) == {"open": True, "settled": 3, "faults": 0, "waiting": []}
    assert not (target.data / "closed.json").exists()
    told = target.rows(
        "SELECT action FROM security_auditevent WHERE action ~ '^(revoc|install)' ORDER BY id"
    )
    assert [action for (action,) in told] == [
        "revocation.reapplied", "revocation.reapplied", "revocation.confirmed", "installation.opened",
    ]  # fmt: skip


@pytest.mark.long
def test_faults_keep_it_closed_until_they_are_accepted(place: Place, target: Target) -> None:
    admin = make_officer("administrator")
    back_up(place)
    target.restore(code=3)  # nothing was sealed: what was revoked since is unknown
    refused = target.run("reopen", "--by", admin.username)
    assert refused.returncode == 3
    assert "revocations since the backup are unknown" in refused.stdout
    opened = target.run("reopen", "--by", admin.username, "--accept-faults")
    assert opened.returncode == 0, opened.stderr
    assert "Set a new one once: /accounts/invitation/" in opened.stdout
