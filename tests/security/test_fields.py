"""One rule for fields, proven on the registers: whatever the caps, no door shows more."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from records.fields import RecordField, field_of, fields_of, readable_fields
from records.models import Cadre, Member, Person
from records.services import load_code_lists
from security.fields import HiddenFieldError, may_read, where_readable
from security.models import AuditEvent, User
from tests.records.make import make_cadre, make_member
from tests.security.make import grant_role, make_classified, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
MEMBERS = "/api/v1/members/"

# Every field holds a value that occurs nowhere else on the pages.
MEMBER_VALUES = {
    "status": "chinh_thuc",
    "profile_number": "712345THU",
    "card_number": "71.234567",
    "admission_decision_date": "2001-01-11",
    "joined_date": "2001-02-12",
    "joined_cell": "Chi bộ nơi kết nạp",
    "official_date": "2002-02-12",
    "official_cell": "Chi bộ nơi chính thức",
    "exempted_date": "2019-09-19",
}
PERSON_VALUES = {
    "gender": "2",
    "other_names": "Bí danh Sao Mai",
    "birth_date": "1971-03-13",
    "personal_id": "038171000017",
    "religion": "02",
    "ethnicity": "08",
    "phone": "0987654321",
    "native_place": "Quê ở Thử Xá",
    "permanent_address": "Số 17 phố Thường Trú",
    "current_address": "Số 71 phố Hiện Ở",
    "occupation": "Nghề thử nghiệm",
}
# What stands on a page where the value is shown.
TOKENS = {
    **MEMBER_VALUES,
    **PERSON_VALUES,
    "status": "Đảng viên chính thức",
    "religion": "Công giáo",
    "ethnicity": "Mông",
    "admission_decision_date": "11/01/2001",
    "joined_date": "12/02/2001",
    "official_date": "12/02/2002",
    "exempted_date": "19/09/2019",
    "birth_date": "13/03/1971",
}
UNTOLD = {"gender", "full_name"}  # "Nữ" and the name stand for other things, too


def reader(*caps: tuple[int, int], unit: Any, role: str = "keeper") -> User:
    user = make_user(clearance=1, unit=unit)
    for level, sensitivity in caps:
        grant_role(user, role, unit, max_level=level, max_sensitivity=sensitivity)
    return user


def make_full(unit: Any, **fields: Any) -> Member:
    values: dict[str, Any] = {**MEMBER_VALUES, **PERSON_VALUES, **fields}
    return make_member("Lê Thị Kín", unit=unit, **values)


def readable(user: User, row: Member | Cadre) -> set[str]:
    """The rule once more, naively: some one role covers row and field."""
    person = row.person

    def holds(one: RecordField) -> bool:
        holder = max(row.level, person.level) if one.register is Person else row.level
        private = max(row.sensitivity, person.sensitivity) if one.register is Person else 0
        level = max(one.level, holder)
        sensitivity = max(one.sensitivity, row.sensitivity, private)
        return any(
            grant.max_level >= level and grant.max_sensitivity >= sensitivity
            for grant in user.role_grants.all()
        )

    return {one.key for one in fields_of(type(row)) if holds(one)}


def told(html: str) -> set[str]:
    said = unescape(re.sub(r"<[^>]+>", " ", html))
    return {key for key, token in TOKENS.items() if key not in UNTOLD and token in said}


def keys_of(html: str) -> set[str]:
    return set(re.findall(r'name="([a-z_]+)"', html))


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    caps=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 2)), max_size=3, unique=True),
    level=st.integers(0, 1),
    sensitivity=st.integers(1, 2),
)
def test_no_door_shows_more_than_the_readable_fields(
    caps: list[tuple[int, int]], level: int, sensitivity: int
) -> None:
    Member.objects.all().delete()
    Person.objects.all().delete()
    unit = make_unit()
    member = make_full(unit, level=level, sensitivity=sensitivity)
    user = reader(*caps, unit=unit)
    client = Client(HTTP_ACCEPT_LANGUAGE="vi")
    client.force_login(user)
    detail = client.get(reverse("records:member_detail", args=[member.pk]))
    if not any(one >= level and other >= sensitivity for one, other in caps):
        assert detail.status_code == 404
        return
    allowed = readable(user, member)
    assert readable_fields(user, member, fields_of(Member)) == allowed
    assert "full_name" in allowed
    assert told(detail.content.decode()) <= allowed
    ledger = client.get(reverse("records:member_list"), headers={"HX-Request": "true"})
    assert told(ledger.content.decode()) <= allowed  # without the filter's choices
    form = client.get(reverse("records:member_edit", args=[member.pk])).content.decode()
    assert keys_of(form) & TOKENS.keys() <= allowed
    assert told(form) <= allowed
    listed = client.get(MEMBERS).json()["results"]
    single = client.get(f"{MEMBERS}{member.pk}/").json()
    names = {one.key for one in fields_of(Member)}
    assert [names & row.keys() - allowed for row in [*listed, single]] == [set()] * 2
    assert single.keys() & names == allowed
    assert set(single["masked"]) == names - allowed
    # And what may be read is there: the test would pass on an empty page otherwise.
    assert told(detail.content.decode()) == (allowed & TOKENS.keys()) - UNTOLD


def test_the_mask_is_one_for_all_values(client: Client) -> None:
    unit = make_unit()
    long, empty = make_full(unit), make_member("Lê Văn Trống", unit=unit)
    user = reader((1, 1), unit=unit)
    client.force_login(user)
    masks = []
    for member in (long, empty):
        html = client.get(reverse("records:member_detail", args=[member.pk])).content.decode()
        masks.append(re.findall(r"<dd>(<span class=\"muted\">••••.*?</span>\s*)</dd>", html))
    assert masks[0] == masks[1]
    assert len(masks[0]) == len(
        [one for one in fields_of(Member) if one.key not in readable(user, long)]
    )


def test_a_classified_person_hides_his_fields_in_a_register_below() -> None:
    member = make_member(personal_id="038085000001")
    keeper = make_officer("keeper", unit=member.unit)
    before = readable_fields(keeper, member, fields_of(Member))
    make_classified(member.person, 2)
    after = readable_fields(keeper, member, fields_of(Member))
    assert before - after == {one.key for one in fields_of(Member) if one.register is Person}


def test_a_warning_tells_nothing_of_a_field_that_is_masked(client: Client) -> None:
    unit = make_unit()
    member = make_member(unit=unit, card_number="038085000002", personal_id="038085000001")
    address = reverse("records:member_detail", args=[member.pk])
    warned = "usually equals"
    for caps, shown in (((1, 2), True), ((1, 1), False)):
        client.force_login(reader(caps, unit=unit))
        html = client.get(address, HTTP_ACCEPT_LANGUAGE="en").content.decode()
        assert ("thường trùng" in html or warned in html) is shown, html


# --- search, filter, order --------------------------------------------------------------


def test_rows_are_searched_only_where_the_field_may_be_read() -> None:
    here, there = make_unit(), make_unit()
    mine, theirs = make_member(unit=here), make_member(unit=there)
    personal_id = field_of(Member, "personal_id")
    user = make_user()
    rows = Member.objects.all()
    grant_role(user, "keeper", here, max_sensitivity=2)
    assert set(where_readable(user, rows.visible_to(user), personal_id)) == {mine}
    grant_role(user, "keeper", there, max_sensitivity=1)
    assert set(rows.visible_to(user)) == {mine, theirs}
    assert set(where_readable(user, rows.visible_to(user), personal_id)) == {mine}
    low = reader((1, 1), unit=here)
    with pytest.raises(HiddenFieldError) as refused:
        where_readable(low, rows, personal_id)
    assert refused.value.keys == ["personal_id"]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/records/members/", {"status": "chinh_thuc"}),
        ("/records/members/", {"q": "712345THU"}),
        ("/records/members/", {"q": "71.234567"}),
        ("/records/cadres/", {"central": "1"}),
        (MEMBERS, {"status": "chinh_thuc"}),
        (MEMBERS, {"q": "712345THU"}),
        (MEMBERS, {"ordering": "personal_id"}),
        (MEMBERS, {"personal_id": "038171000017"}),
        (MEMBERS, {"religion__startswith": "0"}),
    ],
)
def test_asking_by_a_hidden_field_is_refused_and_written_down(
    client: Client, path: str, query: dict[str, str]
) -> None:
    unit = make_unit()
    make_full(unit, level=0)
    make_cadre(unit=unit)
    client.force_login(reader((0, 2), unit=unit))  # public rows only: every field is above
    assert client.get(path).status_code == 200
    before = AuditEvent.objects.filter(decision="denied").count()
    answer = client.get(path, query)
    assert answer.status_code == 400
    assert "Lê Thị Kín" not in answer.content.decode()
    assert AuditEvent.objects.filter(decision="denied").count() == before + 1
    assert not AuditEvent.objects.filter(reason__contains="712345").exists()


def test_whoever_may_read_the_field_may_ask_by_it(client: Client) -> None:
    unit = make_unit()
    make_full(unit)
    client.force_login(reader((1, 2), unit=unit))
    for path, query in (
        ("/records/members/", {"status": "chinh_thuc"}),
        ("/records/members/", {"q": "712345THU"}),
        (MEMBERS, {"q": "712345THU"}),
    ):
        answer = client.get(path, query)
        assert answer.status_code == 200
        found = answer.json()["results"] if path == MEMBERS else "Lê Thị Kín" in _said(answer)
        assert found


def _said(answer: Any) -> str:
    return str(answer.content.decode())


def test_versions_above_ones_caps_are_not_in_the_history() -> None:
    member = make_member()
    keeper = make_officer("keeper", unit=member.unit)
    assert may_read(keeper, member, 1, 2)
    assert not may_read(keeper, member, 2, 1)
    assert not may_read(make_officer("operator", unit=member.unit), member, 0, 0)


@pytest.fixture(autouse=True)
def _code_lists() -> None:
    load_code_lists()
