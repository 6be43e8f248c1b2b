"""Saved views: kept for one person, as tabs, in his order, and still there when a value is gone."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from campaign.models import SavedView
from campaign.services import delete_view, move_view, rename_view, save_view, set_default_view
from campaign.services.saving import VIEWS_AT_MOST
from security.models import AuditEvent, User
from security.services import RefusedError
from tests.campaign.make import make_task, office_of, owner_of

pytestmark = pytest.mark.django_db
LIST = "campaign:task_list"


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.cookies["django_language"] = "en"
    return client


def names(user: User) -> list[str]:
    return list(
        SavedView.objects.filter(user=user).order_by("position").values_list("name", flat=True)
    )


def three_views() -> tuple[User, list[SavedView]]:
    office = office_of(make_task())
    queries = {"Đỏ": "light=red", "Nhóm 1": "group=1", "Quá hạn": "due=1"}
    return office, [save_view(actor=office, name=name, query=q) for name, q in queries.items()]


# --- services ---------------------------------------------------------------------------


def test_views_keep_the_order_they_are_given() -> None:
    office, views = three_views()
    assert names(office) == ["Đỏ", "Nhóm 1", "Quá hạn"]
    move_view(actor=office, view=views[2], up=True)
    assert names(office) == ["Đỏ", "Quá hạn", "Nhóm 1"]
    move_view(actor=office, view=views[0], up=True)  # at the front already
    move_view(actor=office, view=views[0], up=False)
    assert names(office) == ["Quá hạn", "Đỏ", "Nhóm 1"]
    delete_view(actor=office, view=views[0])
    assert names(office) == ["Quá hạn", "Nhóm 1"]
    assert AuditEvent.objects.filter(action="view.deleted", actor_id=office.pk).count() == 1


def test_the_same_name_replaces_what_it_stood_for() -> None:
    office, views = three_views()
    save_view(actor=office, name=" Đỏ ", query="light=red&light=yellow")
    assert names(office) == ["Đỏ", "Nhóm 1", "Quá hạn"]
    views[0].refresh_from_db()
    assert views[0].query == "light=red&light=yellow"


def test_one_view_at_most_opens_the_list() -> None:
    office, views = three_views()
    for view in views[:2]:
        set_default_view(actor=office, view=view, default=True)
    assert list(SavedView.objects.filter(is_default=True)) == [views[1]]
    set_default_view(actor=office, view=views[1], default=False)
    assert not SavedView.objects.filter(is_default=True).exists()


@pytest.mark.parametrize(
    ("name", "query", "code"),
    [("", "", "name"), ("x" * 61, "", "name"), ("Dài", "q=" + "x" * 1000, "query_long")],
)
def test_what_cannot_be_kept_is_refused(name: str, query: str, code: str) -> None:
    office = office_of(make_task())
    with pytest.raises(RefusedError) as refused:
        save_view(actor=office, name=name, query=query)
    assert refused.value.problems[0].code == code
    assert not SavedView.objects.exists()


def test_not_more_than_some_and_no_name_twice() -> None:
    office, views = three_views()
    for number in range(VIEWS_AT_MOST - 3):
        save_view(actor=office, name=f"K{number}", query="")
    with pytest.raises(RefusedError):
        save_view(actor=office, name="Một nữa", query="")
    with pytest.raises(RefusedError) as refused:
        rename_view(actor=office, view=views[0], name="Nhóm 1")
    assert refused.value.problems[0].code == "name_taken"
    assert names(office)[0] == "Đỏ"


def test_nobody_touches_the_views_of_others() -> None:
    office, views = three_views()
    other = owner_of(make_task())
    for deed in (
        lambda: rename_view(actor=other, view=views[0], name="Khác"),
        lambda: move_view(actor=other, view=views[0], up=False),
        lambda: set_default_view(actor=other, view=views[0], default=True),
        lambda: delete_view(actor=other, view=views[0]),
    ):
        with pytest.raises(RefusedError):
            deed()
    assert names(office) == ["Đỏ", "Nhóm 1", "Quá hạn"]
    assert not SavedView.objects.filter(is_default=True).exists()


# --- pages ------------------------------------------------------------------------------


def test_the_list_is_saved_as_it_stands_and_becomes_a_tab() -> None:
    office = office_of(make_task())
    client = client_of(office)
    wanted = {"name": "Của tôi đang chậm", "query": "light=red&sort=deadline&at=2026-05-20&evil=1"}
    answer = client.post(reverse("campaign:view_save"), wanted)
    assert answer.headers["Location"] == f"{reverse(LIST)}?light=red&sort=deadline"
    page = client.get(answer.headers["Location"])
    assert [(tab.view.name, tab.here) for tab in page.context["views"]] == [
        ("Của tôi đang chậm", True)
    ]
    assert not page.context["may_save"]
    other = client.get(reverse(LIST), {"light": "green"})
    assert [tab.here for tab in other.context["views"]] == [False]
    assert other.context["may_save"]


def test_the_bare_list_opens_with_the_default_and_every_other_address_as_it_says() -> None:
    office, views = three_views()
    set_default_view(actor=office, view=views[0], default=True)
    client = client_of(office)
    assert client.get(reverse(LIST)).headers["Location"] == f"{reverse(LIST)}?light=red"
    assert client.get(reverse(LIST), {"state": ""}).status_code == 200
    save_view(actor=office, name="Tất cả", query="")
    everything = SavedView.objects.get(name="Tất cả")
    set_default_view(actor=office, view=everything, default=True)
    landed = client.get(reverse(LIST), follow=True)
    assert landed.status_code == 200
    assert len(landed.redirect_chain) == 1


def test_a_view_outlives_the_value_it_filters_by() -> None:
    office = office_of(make_task())
    save_view(actor=office, name="Nhóm cũ", query="group=77&unit=XOA")
    page = client_of(office).get(f"{reverse(LIST)}?group=77&unit=XOA")
    assert page.status_code == 200
    assert [tab.here for tab in page.context["views"]] == [True]
    assert all(chip.gone for chip in page.context["chips"])


def test_views_are_arranged_on_their_page() -> None:
    office, views = three_views()
    client = client_of(office)
    first = views[0].pk
    assert (
        client.post(reverse("campaign:view_move", args=[first]), {"to": "back"}).status_code == 302
    )
    assert names(office) == ["Nhóm 1", "Đỏ", "Quá hạn"]
    renamed = client.post(
        reverse("campaign:view_rename", args=[first]), {f"v{first}-name": "Đèn đỏ"}
    )
    assert renamed.status_code == 302
    taken = client.post(reverse("campaign:view_rename", args=[first]), {f"v{first}-name": "Nhóm 1"})
    assert taken.status_code == 422
    assert 'value="Nhóm 1"' in taken.content.decode()  # typed text comes back
    assert (
        client.post(reverse("campaign:view_default", args=[first]), {"default": "1"}).status_code
        == 302
    )
    assert "the list opens with it" in client.get(reverse("campaign:views")).content.decode()
    client.post(reverse("campaign:view_delete", args=[first]))
    assert names(office) == ["Nhóm 1", "Quá hạn"]


def test_a_view_without_a_name_comes_back_with_its_filters() -> None:
    office = office_of(make_task())
    answer = client_of(office).post(
        reverse("campaign:view_save"), {"name": " ", "query": "light=red"}
    )
    assert answer.status_code == 422
    assert 'value="light=red"' in answer.content.decode()
    assert not SavedView.objects.exists()


@pytest.mark.parametrize("verb", ["rename", "move", "default", "delete"])
def test_a_foreign_view_and_an_absent_one_look_alike(verb: str) -> None:
    office, views = three_views()
    client = client_of(owner_of(make_task()))
    for pk in (views[0].pk, 10**9):
        answer = client.post(reverse(f"campaign:view_{verb}", args=[pk]), {f"v{pk}-name": "Khác"})
        assert answer.status_code == 404
    assert names(office) == ["Đỏ", "Nhóm 1", "Quá hạn"]
    assert AuditEvent.objects.filter(decision="denied", object_id=str(views[0].pk)).exists()
