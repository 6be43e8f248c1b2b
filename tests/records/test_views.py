from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from records.models import Member
from records.selectors import PAGE_SIZE, matches, name_page
from records.services import MemberRow, grant_own_record, load_code_lists, register_members
from security.models import AuditEvent, User
from tests.records.make import NOW, make_cadre, make_cell, make_member
from tests.security.make import grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
LIST = reverse("records:member_list")
CANARY = "Hoàng Kim Khuyết"


def enter(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def names(rows: list[Member]) -> list[str]:
    return [row.display_name for row in rows]


def search(query: str) -> list[str]:
    return names(name_page(matches(Member.objects.all(), query, user=make_officer("keeper"))).rows)


def test_names_are_in_vietnamese_order() -> None:
    cell = make_cell()
    for name in (
        "Lê Văn Đức",
        "Trần An",
        "Đỗ Thị Ân",
        "Nguyễn Văn An",
        "Lê Dũng",
        "Nguyễn Đình An",
    ):
        make_member(name, unit=cell)
    assert search("") == [
        "Nguyễn Đình An",
        "Nguyễn Văn An",
        "Trần An",
        "Đỗ Thị Ân",
        "Lê Dũng",
        "Lê Văn Đức",
    ]


def test_search_ignores_accents_but_puts_the_accents_typed_first() -> None:
    cell = make_cell()
    for name in ("Hoàng Văn An", "Lê Thị Hoà", "Lê Thị Hòa", "Trần Hoa", "Phạm Hoàn"):
        make_member(name, unit=cell)
    assert search("hoa") == ["Trần Hoa", "Lê Thị Hoà", "Lê Thị Hòa", "Hoàng Văn An", "Phạm Hoàn"]
    assert search("Hòa")[:2] == ["Lê Thị Hoà", "Lê Thị Hòa"]
    assert search("hoa le") == ["Lê Thị Hoà", "Lê Thị Hòa"]
    assert search("oan") == []
    assert search("%") == search("!?") == []


def test_search_by_number_finds_exactly_one() -> None:
    make_member("Lê An", profile_number="123456THA", card_number="38.123456")
    make_member("Lê Ân")
    assert search("123456tha") == search("38 123456") == ["Lê An"]
    assert search("123") == []


@pytest.mark.parametrize("query", ["", "le"])
def test_pages_forward_and_back_show_everybody_once(query: str) -> None:
    cell = make_cell()
    total = PAGE_SIZE * 2 + 5
    load_code_lists()
    people = [f"{'Lê' if number % 3 else 'Le'} Văn {'AĂÂ'[number % 3]}" for number in range(total)]
    rows = [MemberRow(cell, {"full_name": name, "status": "du_bi"}) for name in people]
    register_members(rows, actor=None, now=NOW, reason="Thử")
    stages = matches(Member.objects.all(), query, user=make_officer("keeper"))
    first = name_page(stages)
    second = name_page(stages, first.older)
    third = name_page(stages, second.older)
    seen = [row.pk for page in (first, second, third) for row in page.rows]
    assert len(seen) == len(set(seen)) == total
    assert (first.newer, third.older) == ("", "")
    assert [r.pk for r in name_page(stages, third.newer).rows] == [r.pk for r in second.rows]
    back = name_page(stages, second.newer)
    assert [r.pk for r in back.rows] == [r.pk for r in first.rows]
    assert back.newer == ""


@pytest.mark.parametrize("cursor", ["x", "a0", "a999999", "b0", "a" + "9" * 18, "a" + "9" * 30])
def test_a_foreign_cursor_gives_the_first_page(cursor: str) -> None:
    make_member("Lê An")
    assert names(
        name_page(matches(Member.objects.all(), "", user=make_officer("keeper")), cursor).rows
    ) == ["Lê An"]


@pytest.mark.parametrize("role", ["keeper", "cell_secretary"])
def test_the_list_shows_ones_own_scope_and_writes_the_ids_down(client: Client, role: str) -> None:
    officer = make_officer(role, unit=make_cell())
    mine = make_member("Lê Thị Mình", unit=officer.unit)
    make_member(CANARY)
    page = enter(client, officer).get(LIST, {"q": "thi"})
    assert "Lê Thị Mình" in page.content.decode()
    assert CANARY not in page.content.decode()
    line = AuditEvent.objects.get(action="search")
    assert line.object_ids == [mine.pk]
    assert "thi" not in line.reason


@pytest.mark.parametrize(
    "role", ["head", "operator", "member", "administrator", "security_officer"]
)
def test_others_find_no_list(client: Client, role: str) -> None:
    assert enter(client, make_officer(role)).get(LIST).status_code == 404


def test_the_list_costs_a_bounded_number_of_queries(
    client: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    officer = make_officer("keeper")
    for _number in range(20):
        make_member(unit=make_cell(parent=officer.unit))
    enter(client, officer)
    with django_assert_max_num_queries(12):
        client.get(LIST)
    with django_assert_max_num_queries(12):
        page = client.get(LIST, {"q": "mau"}, headers={"HX-Request": "true"})
    assert "<html" not in page.content.decode()
    assert "HX-Request" in page.headers["Vary"]


def test_filters_narrow_by_unit_and_status(client: Client) -> None:
    officer = make_officer("keeper")
    one, other = make_cell(parent=officer.unit), make_cell(parent=officer.unit)
    make_member("Lê Một", unit=one)
    make_member("Lê Hai", unit=other, status="du_bi")
    enter(client, officer)

    def shown(**filters: Any) -> set[str]:
        page = client.get(LIST, filters).content.decode()
        return {name for name in ("Lê Một", "Lê Hai") if name in page}

    assert shown(unit=one.pk) == {"Lê Một"}
    assert shown(status="du_bi") == {"Lê Hai"}
    assert shown(status="nonsense", unit="x") == {"Lê Một", "Lê Hai"}


@pytest.mark.parametrize("kind", ["member", "cadre"])
def test_hidden_and_absent_rows_answer_alike(client: Client, kind: str) -> None:
    officer = make_officer("keeper")
    row = (make_member if kind == "member" else make_cadre)(CANARY)
    enter(client, officer)
    for page in ("detail", "edit"):
        hidden = client.get(reverse(f"records:{kind}_{page}", args=[row.pk]))
        absent = client.get(reverse(f"records:{kind}_{page}", args=[row.pk + 1000]))
        assert hidden.status_code == absent.status_code == 404
        assert CANARY not in hidden.content.decode()
    denials = AuditEvent.objects.filter(action="read", decision="denied")
    assert str(row.pk) in set(denials.values_list("object_id", flat=True))


@pytest.mark.parametrize(("cap", "shown"), [(2, True), (1, False)])
def test_sensitive_fields_are_masked_for_whoever_may_not_read_them(
    client: Client, cap: int, shown: bool
) -> None:
    officer = make_user()
    grant_role(officer, "cell_secretary", max_sensitivity=cap)
    member = make_member(
        "Lê An", unit=officer.unit, religion="02", ethnicity="08", personal_id="038085000001"
    )
    page = enter(client, officer).get(reverse("records:member_detail", args=[member.pk]))
    text = page.content.decode()
    for value in ("Công giáo", "Mông", "038085000001"):
        assert (value in text) is shown
    assert ("••••" in text) is not shown


def test_history_is_told_in_sentences_without_hidden_values(client: Client) -> None:
    keeper, secretary = make_officer("keeper"), make_user()
    grant_role(secretary, "cell_secretary", keeper.unit, max_sensitivity=1)
    member = make_member("Lê An", unit=keeper.unit, occupation="Thợ mộc", religion="00")
    edit = reverse("records:member_edit", args=[member.pk])
    enter(client, keeper)
    form = client.get(edit).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {
        "occupation": "Giáo viên",
        "religion": "02",
        "reason": "Khai bổ sung",
        "basis": "Phiếu 3",
    }
    assert client.post(edit, data).status_code == 302
    detail = reverse("records:member_detail", args=[member.pk])
    told = client.get(detail).content.decode()
    assert "“Thợ mộc”" in told
    assert "“Công giáo”" in told
    masked = enter(client, secretary).get(detail).content.decode()
    assert "“Giáo viên”" in masked
    assert "Công giáo" not in masked


def test_a_refused_edit_says_why_beside_the_field_and_changes_nothing(client: Client) -> None:
    keeper = make_officer("keeper")
    member = make_member("Lê An", unit=keeper.unit)
    edit = reverse("records:member_edit", args=[member.pk])
    form = enter(client, keeper).get(edit).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"birth_date": "31/02/1980", "reason": "x", "basis": "y"}
    page = client.post(edit, data)
    assert page.status_code == 422
    assert "birth_date" in page.context["form"].errors
    assert 'aria-invalid="true"' in page.content.decode()
    member.refresh_from_db()
    assert member.edition == "1.1"


def test_only_keepers_get_the_edit_form(client: Client) -> None:
    secretary = make_officer("cell_secretary")
    member = make_member(unit=secretary.unit)
    edit = reverse("records:member_edit", args=[member.pk])
    assert enter(client, secretary).get(edit).status_code == 404
    assert client.post(edit, {"full_name": "x"}).status_code == 404


def test_forged_fields_are_not_taken(client: Client) -> None:
    keeper = make_officer("keeper")
    member = make_member(unit=keeper.unit)
    edit = reverse("records:member_edit", args=[member.pk])
    form = enter(client, keeper).get(edit).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"level": "0", "unit": str(make_unit().pk), "version": "9", "reason": "x", "basis": "y"}
    client.post(edit, data)
    member.refresh_from_db()
    assert (member.level, member.unit_id, member.edition) == (1, keeper.unit_id, "1.1")


def test_a_member_is_led_to_his_own_record(client: Client) -> None:
    cell = make_cell()
    user = make_officer("member", unit=cell)
    other = make_member(CANARY, unit=cell)
    enter(client, user)
    assert client.get(reverse("records:own")).status_code == 200
    member = make_member("Lê Của Mình", unit=cell, religion="02")
    grant_own_record(actor=None, now=NOW, member=member, user=user, reason="Của mình")
    page = client.get(reverse("records:own"), follow=True)
    assert page.redirect_chain[0][0] == reverse("records:member_detail", args=[member.pk])
    assert "Công giáo" in page.content.decode()
    assert client.get(reverse("records:member_detail", args=[other.pk])).status_code == 404


def test_cadres_are_listed_and_changed(client: Client) -> None:
    keeper = make_officer("keeper")
    cadre = make_cadre("Lê Đình Ấn", unit=keeper.unit, managed_centrally=True)
    enter(client, keeper)
    page = client.get(reverse("records:cadre_list"), {"q": "an", "central": "1"})
    assert "Lê Đình Ấn" in page.content.decode()
    edit = reverse("records:cadre_edit", args=[cadre.pk])
    form = client.get(edit).context["form"]
    data = {name: form[name].value() or "" for name in form.fields}
    data |= {"post": "Phó phòng", "managed_centrally": "on", "reason": "Bổ nhiệm", "basis": "QĐ 7"}
    page = client.post(edit, data, follow=True)
    assert "Phó phòng" in page.content.decode()
