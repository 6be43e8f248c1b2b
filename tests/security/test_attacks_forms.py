"""Choices that no form offered: refused, nothing changed, on the trail; an honest slip is not."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from security.models import AuditEvent, User
from tests.campaign.make import make_draft, office_of
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.records.make import make_cell, make_member
from tests.security.attacks import Unchanged, client_of, denials
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db


@dataclass
class Post:
    """A form as its page sends it, and one field of it with a choice from elsewhere."""

    actor: User
    view: str
    args: list[object]
    fields: dict[str, Any]
    field: str
    forged: object
    status: int = 422

    @property
    def url(self) -> str:
        return reverse(self.view, args=self.args)

    def sent(self, value: object) -> dict[str, Any]:
        return {**self.fields, self.field: value}


def _tomorrow() -> str:
    return (timezone.localdate() + timedelta(days=1)).isoformat()


def _person(**changed: object) -> Post:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    fields = {"role": "unit_staff", "unit": person.unit.code, "reason": "QĐ 5"}
    fields |= {"max_level": "1", "max_sensitivity": "0"}
    return Post(admin, "security:person", [person.pk], fields, **changed)  # type: ignore[arg-type]


def role_of_a_person() -> Post:
    return _person(field="role", forged="superuser")


def unit_of_a_role() -> Post:
    return _person(field="unit", forged=make_unit(code="KIN-1").code)


def chosen_unit_of_a_role() -> Post:
    return _person(field="unit_pick", forged=make_unit(code="KIN-2").code)


def level_of_a_role() -> Post:
    return _person(field="max_level", forged=3)


def unit_of_a_new_person() -> Post:
    admin = make_officer("administrator")
    fields = {"full_name": "Lê Mới", "username": "le.moi", "post": ""}
    return Post(admin, "security:person_new", [], fields, "unit", make_unit(code="KIN-3").code)


def unit_of_a_person() -> Post:
    admin = make_officer("administrator")
    person = make_user(unit=admin.unit)
    fields = {"full_name": "Lê Mới"}
    foreign = make_unit(code="KIN-4").code
    return Post(admin, "security:person_edit", [person.pk], fields, "unit", foreign)


def clearance() -> Post:
    officer = make_officer("security_officer")
    person = make_user(unit=officer.unit)
    args: list[object] = [person.pk]
    return Post(officer, "security:person_clearance", args, {"reason": "QĐ"}, "clearance", 4)


def place_of_a_unit() -> Post:
    admin = make_officer("administrator")
    unit = make_unit(parent=admin.unit)
    foreign = make_unit(code="KIN-5").code
    return Post(admin, "security:unit_move", [unit.pk], {"reason": "QĐ"}, "parent", foreign)


def kind_of_a_unit() -> Post:
    admin = make_officer("administrator")
    unit = make_unit(parent=admin.unit)
    return Post(admin, "security:unit_edit", [unit.pk], {"name": "A", "reason": "b"}, "kind", "x")


def unit_of_a_review() -> Post:
    officer = make_officer("security_officer")
    fields = {"title": "Đợt", "due_on": _tomorrow()}
    return Post(officer, "security:review_new", [], fields, "unit", make_unit(code="KIN-6").code)


def role_passed_on() -> Post:
    head = make_officer("head")
    colleague = make_user(unit=head.unit)
    other = grant_role(make_user(), "head")
    fields = {"person": colleague.username, "valid_to": _tomorrow(), "reason": "Phép"}
    return Post(head, "security:my_roles", [], fields, "grant", other.pk)


def person_of_a_delegation() -> Post:
    head = make_officer("head")
    grant = head.role_grants.get()
    fields = {"grant": grant.pk, "valid_to": _tomorrow(), "reason": "Phép"}
    stranger = make_user(username="nguoi.la")
    return Post(head, "security:my_roles", [], fields, "person", stranger.username)


def receiver_of_a_record() -> Post:
    cell = make_cell()
    keeper, member = make_officer("keeper", unit=cell), make_member(unit=cell)
    args: list[object] = ["records.member", member.pk]
    fields = {"until": _tomorrow(), "reason": "Thẩm tra"}
    stranger = make_user(username="nguoi.xa")
    return Post(keeper, "security:who", args, fields, "person_pick", stranger.username)


def owner_of_a_task() -> Post:
    task = make_draft()
    args: list[object] = [task.pk]
    foreign = make_user().username
    return Post(office_of(task), "campaign:complete", args, {"process": "1"}, "owner", foreign)


def unit_of_a_programme() -> Post:
    keeper = make_officer("keeper")
    fields = {"code": "D-1", "title": "Đợt", "kind": "member"}
    foreign = make_unit().pk
    return Post(keeper, "digitization:programme_new", [], fields, "unit", foreign)


def operator_of_a_new_lot() -> Post:
    room, other = make_room(), make_room()
    fields = {"code": "L-9", "unit": room.unit.pk, "expected_pages": 1}
    args: list[object] = [room.programme.pk]
    foreign = other.operator.pk
    return Post(room.keeper, "digitization:lot_new", args, fields, "assigned_to", foreign)


def operator_of_a_lot() -> Post:
    room, other = make_room(), make_room()
    args: list[object] = [room.lot.pk]
    foreign = other.operator.pk
    return Post(room.keeper, "digitization:lot_assign", args, {}, "operator", foreign, status=302)


FORGED: list[Callable[[], Post]] = [
    role_of_a_person,
    unit_of_a_role,
    chosen_unit_of_a_role,
    level_of_a_role,
    unit_of_a_new_person,
    unit_of_a_person,
    clearance,
    place_of_a_unit,
    kind_of_a_unit,
    unit_of_a_review,
    role_passed_on,
    person_of_a_delegation,
    receiver_of_a_record,
    owner_of_a_task,
    unit_of_a_programme,
    operator_of_a_new_lot,
    operator_of_a_lot,
]


@pytest.mark.parametrize("make", FORGED)
def test_a_forged_choice_changes_nothing_and_is_on_the_trail(make: Callable[[], Post]) -> None:
    post = make()
    client = client_of(post.actor)
    with Unchanged():
        answer = client.post(post.url, post.sent(post.forged))
    assert answer.status_code == post.status
    assert denials(post.actor) == 1
    event = AuditEvent.objects.filter(actor_id=post.actor.pk, decision="denied").latest("id")
    assert event.action == post.view
    assert event.fields == [post.field.removesuffix("_pick")]
    assert event.reason == post.url
    assert str(post.forged) not in event.reason.split("/")


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (role_of_a_person, {"role": ""}),
        (unit_of_a_role, {"unit": "Đơn vị không có ở đâu"}),
        (unit_of_a_role, {"unit": ""}),
        (unit_of_a_new_person, {"unit": "", "username": "1"}),
        (unit_of_a_review, {"unit": "x", "due_on": "31/02/2026"}),
        (person_of_a_delegation, {"person": "Không Ai Cả"}),
        (receiver_of_a_record, {"until": "mai"}),
        (clearance, {"clearance": "", "reason": ""}),
        (unit_of_a_programme, {"unit": ""}),
    ],
)
def test_a_slip_of_the_hand_is_no_denial(make: Callable[[], Post], said: dict[str, object]) -> None:
    """Nothing chosen, a name that fits nobody, a day that does not exist: on no trail."""
    post = make()
    client = client_of(post.actor)
    with Unchanged():
        answer = client.post(post.url, post.sent("") | said)
    assert answer.status_code == 422
    assert denials(post.actor) == 0


def test_a_unit_out_of_reach_is_answered_like_none_at_all() -> None:
    """What the trail knows, the answer does not say: else codes could be guessed one by one."""
    post = unit_of_a_role()
    client = client_of(post.actor)
    pages = [
        client.post(post.url, post.sent(code)).content.decode().replace(code, "")
        for code in (str(post.forged), "KIN-0")
    ]
    without_tokens = [re.sub(r"[A-Za-z0-9]{64}", "", page) for page in pages]
    assert without_tokens[0] == without_tokens[1]


def test_a_form_of_the_reference_data_writes_forged_choices_down() -> None:
    admin = make_officer("administrator")
    client, add = client_of(admin), reverse("admin:records_codeitem_add")
    with Unchanged():
        answer = client.post(add, {"code_list": "canaryxyz", "code": "x", "name": "y"})
    assert answer.status_code == 422
    assert denials(admin) == 1


def test_a_dossier_of_elsewhere_is_not_taken_along_and_its_number_is_on_the_trail() -> None:
    room, other = make_room(), make_room()
    mine, theirs = make_dossier(room), make_dossier(other)
    make_pages(mine, state="done")
    make_pages(theirs, state="done")
    client = client_of(room.keeper)
    url = reverse("digitization:export_lot", args=[room.lot.pk])
    asked = {"purpose": "inspection", "reason": "Thanh tra", "dossier": [theirs.pk]}
    with Unchanged():
        assert client.post(url, asked).status_code == 422
    event = AuditEvent.objects.get(actor_id=room.keeper.pk, decision="denied")
    assert (event.action, event.fields) == ("digitization:export_lot", ["dossier"])
    client.get(url, {"dossier": [mine.pk]})
    assert denials(room.keeper) == 1


def test_a_field_of_no_catalogue_is_a_denial_and_a_wrong_value_is_none() -> None:
    room = make_room()
    client, dossier = client_of(room.operator), make_dossier(room)
    url = reverse("digitization:dossier_index", args=[dossier.pk])
    with Unchanged():
        assert client.post(url, {"index-personal_id": "12"}).status_code == 422
    assert denials(room.operator) == 0
    with Unchanged():
        assert client.post(url, {"index-is_superuser": "1"}).status_code == 422
    assert denials(room.operator) == 1
