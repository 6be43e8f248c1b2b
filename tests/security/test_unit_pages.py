"""The pages of the organisation tree: within one's reach, level by level, told before it is done."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from security.models import AuditEvent, StoredFile, Unit, User
from tests.security.make import LONG_AGO, grant_role, make_officer, make_unit, make_user

pytestmark = pytest.mark.django_db
UNITS = reverse("security:units")


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def page_of(name: str, unit: Unit) -> str:
    return reverse(f"security:{name}", args=[unit.pk])


def make_branch() -> tuple[User, Unit, Unit, Unit]:
    """An administrator of a root with two units, the first of which has one below it."""
    admin = make_officer("administrator", unit=make_unit(name="Ban Gốc"))
    one = make_unit(parent=admin.unit, code="MOT", name="Vụ Một")
    two = make_unit(parent=admin.unit, code="HAI", name="Vụ Hai")
    below = make_unit(parent=one, code="PHONG", name="Phòng Dưới")
    return admin, one, two, below


def test_the_tree_opens_level_by_level_and_shows_only_ones_reach() -> None:
    admin, one, _two, below = make_branch()
    other = make_unit(name="Đơn vị ngoài")
    client = enter(admin)
    page = client.get(UNITS).content.decode()
    assert one.name in page
    assert below.name not in page
    assert other.name not in page
    level = client.get(page_of("unit_children", one)).content.decode()
    assert below.name in level
    assert "<html" not in level
    assert below.name in client.get(UNITS, {"q": "phong duoi"}).content.decode()
    assert other.name not in client.get(UNITS, {"q": "don vi ngoai"}).content.decode()


def test_a_look_through_the_tree_is_on_the_trail_and_the_words_are_not() -> None:
    admin, one, _two, _below = make_branch()
    client = enter(admin)
    client.get(UNITS)
    assert AuditEvent.objects.get(action="list").object_ids == [admin.unit_id]
    client.get(UNITS, {"q": one.name})
    client.get(reverse("security:unit_search"), {"q": one.name})
    lines = AuditEvent.objects.filter(action="search", object_type="security.unit")
    assert [line.object_ids for line in lines] == [[one.pk]] * 2
    assert one.name not in str([line.reason for line in lines])


@pytest.mark.parametrize(
    "name", ["unit", "unit_children", "unit_edit", "unit_move", "unit_dissolve"]
)
def test_a_foreign_unit_answers_like_an_absent_one(name: str) -> None:
    admin, *_rest = make_branch()
    foreign = make_unit()
    client = enter(admin)
    assert client.get(page_of(name, foreign)).status_code == 404
    assert client.get(reverse(f"security:{name}", args=[10**9])).status_code == 404
    if name not in {"unit", "unit_children"}:
        assert client.post(page_of(name, foreign), {"reason": "x"}).status_code == 404
    assert AuditEvent.objects.filter(action="read", decision="denied").count() >= 2
    for role in ("security_officer", "head", "member"):
        stranger = enter(make_officer(role, unit=admin.unit))
        assert stranger.get(page_of(name, admin.unit)).status_code == 404


def test_a_unit_is_created_and_renamed_by_form() -> None:
    admin, one, *_rest = make_branch()
    client = enter(admin)
    new = reverse("security:unit_new")
    said = {"parent": "MOT", "name": "Phòng Ba", "code": "BA", "kind": "office"}
    assert client.post(new, said | {"parent": make_unit().code}).status_code == 422
    assert client.post(new, said | {"code": "MOT"}).status_code == 422
    assert client.post(new, said | {"kind": "planet"}).status_code == 422
    assert client.post(new, said | {"path": "/", "collective": "on"}).status_code == 302
    made = Unit.objects.get(code="BA")
    assert (made.parent, made.collective) == (one, False)
    edit = page_of("unit_edit", made)
    changed = {"name": "Phòng Bốn", "kind": "cell", "reason": ""}
    assert client.post(edit, changed).status_code == 422
    assert client.post(edit, changed | {"reason": "QĐ 8", "code": "BON"}).status_code == 302
    made.refresh_from_db()
    assert (made.name, made.kind, made.code) == ("Phòng Bốn", "cell", "BA")


def test_a_move_is_shown_in_numbers_and_words_before_it_is_done() -> None:
    admin, one, two, below = make_branch()
    grant_role(make_user(unit=two), "keeper", two)
    grant_role(make_user(unit=one), "keeper", one)
    grant_role(make_user(unit=below), "unit_staff", below)
    StoredFile.objects.create(
        **below.placement, created_at=LONG_AGO, sha256="0" * 64, blob="b", size=1
    )
    client = enter(admin)
    address = page_of("unit_move", below)
    shown = client.get(address, {"parent": "HAI"})
    preview = shown.context["preview"]
    assert (preview.units, preview.people, preview.roles, preview.rows) == (1, 1, 1, 1)
    assert preview.rows_at_most == 100
    assert [(one.unit, one.roles) for one in preview.gaining] == [(two, 1)]
    assert [(lost.unit, lost.roles) for lost in preview.losing] == [(one, 1)]
    assert Unit.objects.get(pk=below.pk).parent == one
    assert client.post(address, {"parent": "HAI", "reason": ""}).status_code == 422
    assert Unit.objects.get(pk=below.pk).parent == one
    assert client.post(address, {"parent": "HAI", "reason": "Sáp nhập"}).status_code == 302
    assert Unit.objects.get(pk=below.pk).parent == two


def test_an_impossible_move_is_refused_before_anything_is_previewed() -> None:
    admin, one, _two, below = make_branch()
    foreign = make_unit()
    client = enter(admin)
    for target in (below.code, admin.unit.code, foreign.code, "", "NOWHERE"):
        shown = client.get(page_of("unit_move", one), {"parent": target})
        assert shown.status_code == 422, target
        assert "preview" not in shown.context
        posted = client.post(page_of("unit_move", one), {"parent": target, "reason": "x"})
        assert posted.status_code == 422
    assert Unit.objects.get(pk=one.pk).parent == admin.unit
    assert client.post(
        page_of("unit_move", admin.unit), {"parent": "MOT", "reason": "x"}
    ).status_code in {404, 422}


def test_a_unit_that_still_holds_something_says_what_and_stays() -> None:
    admin, one, two, _below = make_branch()
    client = enter(admin)
    assert page_of("unit_dissolve", one) not in client.get(page_of("unit", one)).content.decode()
    assert client.post(page_of("unit_dissolve", one), {"reason": "x"}).status_code == 422
    assert Unit.objects.get(pk=one.pk).dissolved_on is None
    assert page_of("unit_dissolve", two) in client.get(page_of("unit", two)).content.decode()
    assert client.post(page_of("unit_dissolve", two), {"reason": "Sáp nhập"}).status_code == 302
    assert Unit.objects.get(pk=two.pk).dissolved_on is not None
    assert page_of("unit_move", two) not in client.get(page_of("unit", two)).content.decode()


def test_a_wide_level_is_shown_in_pages_and_asks_a_bounded_number_of_times(
    django_assert_max_num_queries: object,
) -> None:
    admin, *_rest = make_branch()
    Unit.objects.bulk_create(
        Unit(
            id=10**6 + n,
            code=f"R{n}",
            name=f"Chi bộ {n}",
            parent=admin.unit,
            path=f"{admin.unit.path}{10**6 + n}/",
        )
        for n in range(150)
    )
    client = enter(admin)
    with django_assert_max_num_queries(12):  # type: ignore[operator]
        level = client.get(page_of("unit_children", admin.unit)).content.decode()
    assert level.count("<li>") == 101
    second = client.get(page_of("unit", admin.unit), {"page": "2"})
    assert len(second.context["page"].object_list) == 52
    for odd in ("0", "-1", "x", "9" * 30):
        assert client.get(page_of("unit", admin.unit), {"page": odd}).status_code == 200
