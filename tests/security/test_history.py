"""The history of records: every version names its author; sentences mask and are filtered."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone
from simple_history.models import HistoricalRecords

from campaign import services
from campaign.models import Campaign, Product, Task
from campaign.selectors.changes import changes_of as task_changes
from campaign.services import load_plan
from digitization.models import IndexValue
from digitization.selectors.changes import changes_of as index_changes
from digitization.services import set_index_value
from records.models import Member
from records.services import update_member
from security.history import sign
from security.levels import Sensitivity
from security.models import AuditEvent, User
from tests.campaign.make import (
    BEGIN,
    DEADLINE,
    NOON,
    PLAN,
    accept,
    load_real_plan,
    make_draft,
    make_task,
    office_of,
    submit,
)
from tests.digitization.make import make_dossier, make_room
from tests.records.make import make_member
from tests.security.make import grant_role, make_officer, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def authors(row: Any) -> list[str | None]:
    """Who wrote the versions of a row, the oldest first; None is the installation."""
    versions = row.history.order_by("history_id").select_related("history_user")
    return [one.history_user and one.history_user.username for one in versions]


def test_each_version_of_a_task_names_who_wrote_it() -> None:
    draft = make_draft()
    office = office_of(draft)
    services.complete_draft(actor=office, task=draft, now=BEGIN, responsibility="Rõ trách nhiệm")
    services.activate_task(actor=office, task=draft, now=BEGIN)
    services.revise_deadline(
        actor=make_leader(draft),
        task=draft,
        deadline=DEADLINE + timedelta(days=2),
        reason="Mưa lũ",
        now=NOON,
    )
    accept(submit(draft, now=NOON), actor=office, now=NOON)
    assert authors(draft)[-4:] == [office.username, office.username, "leader", office.username]
    assert draft.history.order_by("history_id").last().state == Task.State.DONE
    reasons = list(draft.history.values_list("history_change_reason", flat=True))
    assert "Mưa lũ" in reasons


def make_leader(task: Task) -> User:
    user = make_user(unit=task.campaign.unit, username="leader")
    grant_role(user, "head", task.campaign.unit)
    return user


def test_what_the_installation_writes_names_nobody_even_during_somebodys_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    draft = make_draft()
    request = RequestFactory().post("/")
    request.user = office_of(draft)
    # As the library's middleware leaves it: whoever asks would be the author of what is not signed.
    monkeypatch.setattr(HistoricalRecords.context, "request", request, raising=False)
    services.activate_task(actor=None, task=draft, now=BEGIN)
    assert draft.history.count() > 1
    assert authors(draft)[-1] is None


def test_a_loaded_plan_names_its_loader_in_every_version() -> None:
    load_real_plan()
    assert set(Task.history.values_list("history_user", flat=True)) == {None}
    loaded = Product.history.values_list("history_change_reason", flat=True)
    assert set(loaded) == {"plan.loaded"}
    before = set(Task.history.values_list("pk", flat=True))
    loader = office_of(Task.objects.filter(state=Task.State.ACTIVE)[0])
    grant_role(loader, "administrator", loader.unit.parent)
    start = Campaign.objects.get().start
    load_plan(PLAN, actor=loader, now=BEGIN, start=start + timedelta(weeks=52))
    again = Task.history.exclude(pk__in=before)
    assert again.exists()
    assert set(again.values_list("history_user", flat=True)) == {loader.pk}


def test_a_confirmed_index_value_names_who_confirmed_it() -> None:
    room = make_room()
    dossier = make_dossier(room)
    actor = make_officer("operator", unit=room.unit)
    for value in ("Nguyễn Văn An", "Nguyễn Văn Ân"):
        set_index_value(actor=actor, dossier=dossier, key="full_name", value=value, now=NOW)
    assert authors(IndexValue.objects.get()) == [actor.username] * 2


def test_a_tasks_changes_are_told_in_sentences() -> None:
    task = make_task()
    leader = make_leader(task)
    services.revise_deadline(
        actor=leader, task=task, deadline=DEADLINE + timedelta(days=2), reason="Mưa lũ", now=NOON
    )
    told = task_changes(leader, Task.objects.get(pk=task.pk))
    (change,) = [one for one in told if one.reason == "Mưa lũ"]
    assert change.who == str(leader)
    (sentence,) = change.sentences
    assert "29/05/2026" in sentence or "28/05/2026" in sentence
    assert "30/05/2026" in sentence or "31/05/2026" in sentence
    page = enter(leader).get(reverse("campaign:task_detail", args=[task.pk])).content.decode()
    assert "Mưa lũ" in page


def test_a_version_above_the_readers_level_is_not_told() -> None:
    task = make_task()
    leader = make_leader(task)
    secret = task.history.latest()
    secret.pk, secret.level, secret.title = None, 2, "Tên từ thời còn mật"
    secret.history_date = NOON
    secret.save()
    sentences = [s for one in task_changes(leader, task) for s in one.sentences]
    assert not any("thời còn mật" in sentence for sentence in sentences)


def test_index_changes_hide_what_the_reader_may_not_read() -> None:
    room = make_room()
    dossier = make_dossier(room)
    actor = make_officer("operator", unit=room.unit)
    for value in ("012345678901", "012345678902"):
        set_index_value(actor=actor, dossier=dossier, key="personal_id", value=value, now=NOW)
    low = make_user(unit=room.unit)
    grant_role(low, "operator", max_sensitivity=Sensitivity.NORMAL)
    to_actor = " ".join(s for one in index_changes(actor, dossier) for s in one.sentences)
    to_low = " ".join(s for one in index_changes(low, dossier) for s in one.sentences)
    assert "012345678901" in to_actor
    assert "012345678902" in to_actor
    assert to_low
    assert "0123456" not in to_low


def delete(member: Member, actor: User) -> int:
    """As a service of retention would: signed, with its version."""
    pk = member.pk
    sign(member, actor=actor, now=NOW, reason="Hết hạn lưu").delete()
    return int(pk)


def test_a_deleted_record_is_told_to_whoever_could_see_it_and_to_nobody_else() -> None:
    keeper = make_officer("keeper")
    member = make_member("Nguyễn Văn An", unit=keeper.unit)
    update_member(
        actor=keeper,
        now=NOW,
        member=member,
        edition=member.edition,
        values={"joined_cell": "Chi bộ Một"},
        reason="Đính chính",
        basis="QĐ 1",
    )
    pk = delete(Member.objects.get(pk=member.pk), keeper)
    address = reverse("records:member_history", args=[pk])
    page = enter(keeper).get(address)
    assert page.status_code == 200
    assert "Chi bộ Một" in page.content.decode()
    assert "Hết hạn lưu" in page.content.decode()
    assert AuditEvent.objects.filter(action="read", object_id=str(pk), decision="allowed").exists()
    for stranger in (make_officer("keeper"), make_officer("head", unit=keeper.unit)):
        assert enter(stranger).get(address).status_code == 404
        denied = AuditEvent.objects.filter(actor_id=stranger.pk, decision="denied")
        assert denied.filter(object_id=str(pk)).exists()


def test_a_deleted_record_above_the_level_stays_hidden() -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    pk = delete(member, keeper)
    last = Member.history.filter(id=pk).latest()
    Member.history.filter(pk=last.pk).update(level=2)
    assert enter(keeper).get(reverse("records:member_history", args=[pk])).status_code == 404


def test_masked_fields_stay_masked_in_the_history_of_a_deleted_record() -> None:
    keeper = make_officer("keeper")
    low = make_user(unit=keeper.unit)
    grant_role(low, "keeper", max_sensitivity=Sensitivity.PERSONAL)
    member = make_member(unit=keeper.unit, personal_id="012345678901")
    update_member(
        actor=keeper,
        now=NOW,
        member=member,
        edition=member.edition,
        values={"personal_id": "012345678902"},
        reason="Đính chính",
        basis="QĐ 1",
    )
    address = reverse("records:member_history", args=[delete(Member.objects.get(), keeper)])
    assert "012345678902" in enter(keeper).get(address).content.decode()
    page = enter(low).get(address)
    assert page.status_code == 200
    assert "0123456789" not in page.content.decode()
