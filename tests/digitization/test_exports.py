"""Exports of pages: asked for and decided by a second person."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from digitization import services
from digitization.models import Page, PageExport
from digitization.selectors import exports as selectors
from security.models import AuditEvent, User
from security.services import RefusedError
from security.upkeep import header_of
from tests.digitization.exports import ask, codes, fresh, head_of, leave, make_drawn, told, work
from tests.digitization.make import Room, make_pages, make_room
from tests.security.attacks import Unchanged
from tests.security.make import grant_role, make_classified, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


# --- asking -----------------------------------------------------------------------------


def test_a_small_export_goes_alone_and_is_on_the_trail_with_its_pages() -> None:
    room = make_room()
    pages = make_drawn(room, 3)
    export = ask(room.keeper, pages[0].dossier)
    assert (export.state, export.alone, export.page_ids) == (
        "approved",
        True,
        [page.pk for page in pages],
    )
    event = AuditEvent.objects.get(object_id=export.number)
    assert (event.action, event.object_ids) == ("export.asked", export.page_ids)
    assert (event.object_type, event.object_level) == ("digitization.pageexport", 1)
    assert event.object_path == room.unit.path
    assert event.reason == "personnel: Xét khen thưởng"


def test_above_the_threshold_a_second_person_is_waited_for(settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 2
    room = make_room()
    export = ask(room.keeper, make_drawn(room, 3)[0].dossier)
    assert (export.state, export.alone) == ("asked", False)
    assert not work()


def test_pages_of_one_day_count_together_so_that_nothing_is_taken_in_slices(settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 5
    room = make_room()
    now = timezone.now()
    one, other = (make_drawn(room, 3)[0].dossier for _ in range(2))
    assert ask(room.keeper, one, now=now).alone
    second = ask(room.keeper, other, now=now)
    assert (second.alone, second.alone_before) == (False, 3)
    assert ask(head_of(room), other, now=now).alone  # somebody else's pages are not his
    assert ask(room.keeper, other, now=now + timedelta(hours=25)).alone


def test_what_never_left_the_house_does_not_count(settings: Any) -> None:
    settings.EXPORT_ALONE_AT_MOST = 5
    room = make_room()
    dossier = make_drawn(room, 3)[0].dossier
    export = ask(room.keeper, dossier)
    services.cancel_export(actor=room.keeper, export=export, now=timezone.now())
    assert ask(room.keeper, dossier).alone_before == 0


@pytest.mark.parametrize(
    ("change", "code"),
    [({"reason": "  "}, "reason_missing"), ({"purpose": "fun"}, "purpose_missing")],
)
def test_a_request_without_reason_or_purpose_is_refused(change: dict[str, Any], code: str) -> None:
    room = make_room()
    dossier = make_drawn(room)[0].dossier
    with Unchanged(), pytest.raises(RefusedError) as error:
        ask(room.keeper, dossier, **change)
    assert codes(error) == [code]


def test_who_only_views_takes_nothing_out() -> None:
    room = make_room()
    dossier = make_drawn(room)[0].dossier
    with Unchanged(), pytest.raises(RefusedError) as error:
        ask(room.operator, dossier)
    assert codes(error) == ["not_allowed"]


def test_foreign_hidden_and_unread_pages_are_not_in_it() -> None:
    room, other = make_room(), make_room()
    page, hidden = make_drawn(room, 2)
    make_pages(page.dossier, 1, state="queued")
    Page.objects.filter(pk=hidden.pk).update(sensitivity=2)
    room.keeper.role_grants.update(max_sensitivity=1)
    room.keeper._scopes = None
    foreign = make_drawn(other)[0].dossier
    export = services.ask_export(
        actor=room.keeper,
        pages=Page.objects.filter(dossier__in=[page.dossier, foreign]),
        purpose="personnel",
        reason="x",
        now=timezone.now(),
    )
    assert (export.page_ids, export.left_out) == ([page.pk], 1)
    with pytest.raises(RefusedError) as error:
        ask(room.keeper, foreign)
    assert codes(error) == ["nothing_to_export"]


def test_no_more_than_so_many_pages_at_a_time(settings: Any) -> None:
    settings.EXPORT_AT_MOST = 2
    room = make_room()
    dossier = make_drawn(room, 3)[0].dossier
    with Unchanged(), pytest.raises(RefusedError) as error:
        ask(room.keeper, dossier)
    assert codes(error) == ["export_too_large"]


def test_level_2_never_goes_alone_and_is_kept_under_its_own_key(settings: Any) -> None:
    settings.MAX_SECRECY_LEVEL = 2
    room = make_room()
    pages = make_drawn(room, 2)
    make_classified(pages[1], 2)
    keeper, head = cleared(room, "keeper"), cleared(room, "unit_head")
    export = ask(keeper, pages[0].dossier)
    assert (export.level, export.alone, export.state) == (2, False, "asked")
    services.approve_export(actor=head, export=export, now=timezone.now())
    assert work()
    header = header_of(fresh(export).blob)
    assert header is not None
    assert header.level == 2


def cleared(room: Room, role: str, level: int = 2) -> User:
    user = make_user(unit=room.unit, clearance=level)
    grant_role(user, role, max_level=level)
    return user


# --- the second person ------------------------------------------------------------------


def test_a_second_person_approves_and_it_is_made(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    head = head_of(room)
    assert selectors.to_decide(head) == [export]
    services.approve_export(actor=head, export=export, now=timezone.now())
    assert work()
    row = fresh(export)
    assert (row.state, row.done, row.decided_by) == ("ready", 2, head)
    assert told(export) == ["export.asked", "export.approved", "export.made"]
    assert selectors.to_decide(head) == []


def test_nobody_approves_his_own(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    with Unchanged(), pytest.raises(RefusedError) as error:
        services.approve_export(actor=room.keeper, export=export, now=timezone.now())
    assert codes(error) == ["second_person"]
    assert selectors.to_decide(room.keeper) == []


def test_who_may_not_see_a_page_neither_decides_nor_learns_of_it(
    asked: tuple[Room, PageExport],
) -> None:
    room, export = asked
    head = head_of(room)
    head.role_grants.update(max_sensitivity=0)
    head._scopes = None
    Page.objects.filter(pk=export.page_ids[1]).update(sensitivity=2)
    assert selectors.to_decide(head) == []
    assert selectors.export_for(head, export.number) is None
    with Unchanged(), pytest.raises(RefusedError) as error:
        services.approve_export(actor=head, export=export, now=timezone.now())
    assert codes(error) == ["not_allowed"]


def test_seeing_alone_is_not_deciding(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    foreign = make_officer("unit_head", unit=make_unit())
    for actor in (room.operator, foreign):
        with Unchanged(), pytest.raises(RefusedError) as error:
            services.approve_export(actor=actor, export=export, now=timezone.now())
        assert codes(error) == ["not_allowed"]


def test_a_refusal_has_a_reason_that_the_asker_reads(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    head = head_of(room)
    with Unchanged(), pytest.raises(RefusedError):
        services.refuse_export(actor=head, export=export, reason=" ", now=timezone.now())
    services.refuse_export(actor=head, export=export, reason="Thừa", now=timezone.now())
    assert (fresh(export).state, fresh(export).decision_reason) == ("refused", "Thừa")
    with Unchanged(), pytest.raises(RefusedError) as error:
        services.approve_export(actor=head, export=export, now=timezone.now())
    assert codes(error) == ["export_decided"]


def test_approving_for_somebody_who_left_withdraws_it(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    leave(room.keeper)
    row = services.approve_export(actor=head_of(room), export=export, now=timezone.now())
    assert row.state == "withdrawn"
    assert not work()
    assert told(export)[-1] == "export.withdrawn"


# --- the database itself ----------------------------------------------------------------


@pytest.mark.parametrize(
    "columns",
    [
        {"alone": True},
        {"state": "approved"},
        {"state": "ready"},
        {"state": "running"},
        {"state": "refused"},
        {"reason": " "},
        {"page_count": 1},
        {"done": 3},
        {"page_ids": [1, 2]},
        {"level": 0},
        {"purpose": "other"},
        {"asked_at": timezone.now() - timedelta(days=2)},
    ],
)
def test_the_database_refuses_what_no_service_would_write(
    asked: tuple[Room, PageExport], columns: dict[str, Any]
) -> None:
    _room, export = asked
    with pytest.raises(IntegrityError), transaction.atomic():
        PageExport.objects.filter(pk=export.pk).update(**columns)


def test_the_database_knows_the_second_person(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    with pytest.raises(IntegrityError), transaction.atomic():
        PageExport.objects.filter(pk=export.pk).update(
            state="approved", decided_by=room.keeper, decided_at=timezone.now()
        )


def test_who_decided_stays_who_decided(asked: tuple[Room, PageExport]) -> None:
    room, export = asked
    head = head_of(room)
    services.approve_export(actor=head, export=export, now=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        PageExport.objects.filter(pk=export.pk).update(decided_by=room.inspector)
