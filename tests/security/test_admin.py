"""Django's admin holds reference data alone, opens to whoever keeps them, and leaves a trail."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from config.reference import site
from records.models import CodeItem, CodeList
from records.services.codes import CodeFacts, add_code, change_code
from security.models import ApiToken, AuditEvent, Protected, Role, User
from security.services import RefusedError
from tests.security.make import make_officer, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


def make_list(code: str = "gender", name: str = "Giới tính") -> CodeList:
    return CodeList.objects.create(code=code, name=name)


def make_item(code_list: CodeList, code: str = "1", name: str = "Nam", **facts: Any) -> CodeItem:
    return CodeItem.objects.create(code_list=code_list, code=code, name=name, **facts)


@pytest.fixture
def keeper(client: Client) -> User:
    user = make_officer("administrator")
    client.force_login(user)
    return user


def fields(item: CodeItem | None = None, **said: Any) -> dict[str, Any]:
    given = {"name": "Nam", "position": "0", "valid_to": "", "confidence": "high"}
    if item is None:
        given |= {"code_list": "gender", "code": "9", "valid_from": ""}
    return given | said


# --- what is in it ----------------------------------------------------------------------


def test_the_admin_holds_this_and_nothing_else() -> None:
    assert set(site._registry) == {CodeList, CodeItem}
    closed = {User, Role, AuditEvent, ApiToken, Group, Permission, Session, LogEntry}
    assert not closed & set(site._registry)
    assert not [model for model in site._registry if issubclass(model, Protected)]
    assert admin.site._registry == {}, "the default site has no address and must stay empty"


def test_no_address_of_djangos_own_admin_is_left() -> None:
    names = {
        key
        for key in get_resolver().namespace_dict["admin"][1].reverse_dict
        if isinstance(key, str)
    }
    items, lists = "records_codeitem", "records_codelist"
    assert names == {
        *("index", "absent", f"{lists}_changelist", f"{lists}_change"),
        *(f"{items}_{page}" for page in ("changelist", "add", "change")),
    }


ADDRESSES = [
    "",
    "records/codelist/",
    "records/codelist/gender/change/",
    "records/codeitem/",
    "records/codeitem/add/",
    "records/codeitem/{item}/change/",
    "records/codeitem/{item}/delete/",
    "records/codeitem/{item}/history/",
    "records/codelist/add/",
    "login/",
    "logout/",
    "password_change/",
    "jsi18n/",
    "autocomplete/",
    "r/1/1/",
    "security/user/",
    "auth/group/",
    "no/such/page/",
]


@pytest.mark.parametrize(
    "role",
    ["head", "deputy", "office", "unit_head", "unit_staff", "operator", "inspector", "keeper",
     "cell_secretary", "member", "security_officer", ""],
)  # fmt: skip
def test_for_every_other_role_there_is_no_admin(client: Client, role: str) -> None:
    item = make_item(make_list())
    user = make_officer(role) if role else make_user(is_staff=True, is_superuser=True)
    client.force_login(user)
    for address in ADDRESSES:
        there = f"/admin/{address.format(item=item.pk)}"
        for answer in (client.get(there), client.post(there, fields(item, name="Khác"))):
            assert answer.status_code == 404, there
            # The whole word: three letters may stand in any random token.
            assert not re.search(r'[>"]Nam[<"]', answer.content.decode())
    denied = AuditEvent.objects.filter(actor_id=user.pk, decision="denied")
    assert denied.filter(action="security.manage_reference").count() == 2 * len(ADDRESSES)
    item.refresh_from_db()
    assert item.name == "Nam"


def test_nobody_signs_in_there(client: Client) -> None:
    for address in ("", "records/codelist/", "login/"):
        answer = client.get(f"/admin/{address}")
        assert answer.status_code == 302
        assert answer.headers["Location"].startswith(reverse("account_login"))


# --- for whoever keeps the lists --------------------------------------------------------


def test_what_opens_and_what_does_not(client: Client, keeper: User) -> None:
    item = make_item(make_list())
    codes = {
        address: client.get(f"/admin/{address.format(item=item.pk)}").status_code
        for address in ADDRESSES
    }
    opened = {address for address, code in codes.items() if code == 200}
    assert opened == set(ADDRESSES[1:6])
    assert codes[""] == 302
    assert {code for address, code in codes.items() if address and address not in opened} == {404}


def test_a_code_is_added_changed_and_ended_and_the_trail_says_who(
    client: Client, keeper: User
) -> None:
    make_list()
    add = reverse("admin:records_codeitem_add")
    assert client.post(add, fields(name="Khác")).status_code == 302
    item = CodeItem.objects.get()
    change = reverse("admin:records_codeitem_change", args=[item.pk])
    last = TODAY - timedelta(days=1)
    forged = {"code": "7", "code_list": "x", "valid_from": "2001-01-01", "extra": '{"a": 1}'}
    said = fields(item, name="Khác hẳn", valid_to=last.isoformat(), **forged)
    assert client.post(change, said).status_code == 302
    item.refresh_from_db()
    assert (item.name, item.valid_to) == ("Khác hẳn", last)
    assert (item.code, item.code_list_id, item.valid_from, item.extra) == ("9", "gender", None, {})
    events = list(AuditEvent.objects.filter(object_type="records.codeitem").order_by("id"))
    assert [(event.action, event.actor_id) for event in events] == [
        ("reference.added", keeper.pk),
        ("reference.changed", keeper.pk),
    ]
    assert sorted(events[1].fields) == ["name", "valid_to"]
    assert not LogEntry.objects.exists()


BAD_FORMS = [
    {"name": ""},
    {"code": " "},
    {"code_list": "no_such_list"},
    {"code": "1"},  # in force already
    {"valid_from": "2026-02-30"},
    {"valid_from": "2026-02-02", "valid_to": "2026-02-01"},
    {"position": "-1"},
    {"position": "9" * 12},
    {"confidence": "certain"},
    {"name": "x" * 161},
]


@pytest.mark.parametrize("said", BAD_FORMS, ids=str)
def test_a_code_that_cannot_be(client: Client, keeper: User, said: dict[str, Any]) -> None:
    make_item(make_list())
    answer = client.post(reverse("admin:records_codeitem_add"), fields(**said))
    assert answer.status_code == 422
    assert "violated" not in answer.content.decode()
    assert CodeItem.objects.count() == 1
    assert not AuditEvent.objects.filter(action="reference.added").exists()


def test_a_list_is_renamed_and_its_code_stays(client: Client, keeper: User) -> None:
    make_list()
    there = reverse("admin:records_codelist_change", args=["gender"])
    said = {"name": "Giới", "source": "Thông tư giả định", "confidence": "high", "code": "x"}
    assert client.post(there, said).status_code == 302
    assert CodeList.objects.values_list("code", "name").get() == ("gender", "Giới")
    event = AuditEvent.objects.get(action="reference.changed")
    assert (event.object_id, sorted(event.fields)) == ("gender", ["confidence", "name", "source"])


def test_saving_without_a_change_writes_nothing(client: Client, keeper: User) -> None:
    item = make_item(make_list(), confidence="high")
    there = reverse("admin:records_codeitem_change", args=[item.pk])
    assert client.post(there, fields(item)).status_code == 302
    assert not AuditEvent.objects.filter(action="reference.changed").exists()


@pytest.mark.parametrize(
    "query",
    ["?p=x", "?p=99999", "?o=99", "?all=1", "?e=1", "?q=%00", "?code_list__code__exact=nothing",
     "?code_list__items__name__contains=a", "?code_list__source=x", "?_popup=1&_to_field=secret",
     "?id__in=1,x", "?code_list__code__exact=%F0%9F%92%A9"],
)  # fmt: skip
def test_forged_filters(client: Client, keeper: User, query: str) -> None:
    make_item(make_list())
    answer = client.get(reverse("admin:records_codeitem_changelist") + query)
    assert answer.status_code in {200, 302, 400, 404}


@pytest.mark.parametrize("pk", ["0", "9" * 30, "x", "٣", "_31", "a/b"])
def test_a_row_that_is_not_there(client: Client, keeper: User, pk: str) -> None:
    for model in ("codelist", "codeitem"):
        there = f"/admin/records/{model}/{pk}/change/"
        assert client.get(there).status_code == 404
        assert client.post(there, fields()).status_code == 404


def test_lists_are_not_changed_by_posting_to_them(client: Client, keeper: User) -> None:
    item = make_item(make_list())
    said = {"action": "delete_selected", "_selected_action": [item.pk], "post": "yes"}
    answer = client.post(reverse("admin:records_codeitem_changelist"), said)
    assert answer.status_code == 405
    assert CodeItem.objects.filter(pk=item.pk).exists()


# --- the services behind it -------------------------------------------------------------


def test_a_code_is_once_in_force_on_any_day() -> None:
    keeper, listed = make_officer("administrator"), make_list()
    old = make_item(listed, valid_from=date(2020, 1, 1), valid_to=date(2025, 6, 30))
    with pytest.raises(RefusedError) as refused:
        add_code(
            actor=keeper, code_list=listed, code="1",
            facts=CodeFacts(name="Nam", valid_from=date(2025, 6, 30)),
        )  # fmt: skip
    assert refused.value.problems[0].code == "overlap"
    new = add_code(
        actor=keeper, code_list=listed, code="1",
        facts=CodeFacts(name="Nam", valid_from=date(2025, 7, 1)),
    )  # fmt: skip
    with pytest.raises(RefusedError):
        change_code(actor=keeper, item=old, facts=CodeFacts(name="Nam", valid_to=None))
    old.refresh_from_db()
    assert (old.valid_to, new.valid_from) == (date(2025, 6, 30), date(2025, 7, 1))


def test_the_services_ask_for_the_right_themselves() -> None:
    listed = make_list()
    item = make_item(listed)
    officer = make_officer("keeper")
    with pytest.raises(RefusedError):
        add_code(actor=officer, code_list=listed, code="2", facts=CodeFacts(name="Nữ"))
    with pytest.raises(RefusedError):
        change_code(actor=officer, item=item, facts=CodeFacts(name="Nữ"))
    assert CodeItem.objects.values_list("name", flat=True).get() == "Nam"


def test_the_tab_is_offered_to_whoever_may(client: Client, keeper: User) -> None:
    make_list()
    page = client.get(reverse("admin:records_codelist_changelist")).content.decode()
    assert 'href="/admin/" aria-current="page"' in page
