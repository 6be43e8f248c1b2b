"""The pages of a table on its way in: who opens them, what they show, what they refuse."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from openpyxl import Workbook, load_workbook

from campaign import tasks
from campaign.models import TableImport, Task
from campaign.services import edit_task
from campaign.services.importing import preview
from campaign.views import imports
from security.models import AuditEvent
from tests.campaign.make import NOON, make_task
from tests.campaign.sheets import draft_of, office, received, upload, workbook
from tests.security.make import grant_role, make_unit, make_user

pytestmark = pytest.mark.django_db
HERE = "/tasks/import/"


def good() -> Workbook:
    return workbook(
        ("V1.1", "Tên mới", None), (None, "Việc mới", "VPX"), keys=("code", "title", "unit")
    )


def test_an_office_uploads_mends_and_takes_in(client: Client) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    client.force_login(manager)
    assert client.get(HERE).status_code == 200
    wrong = workbook(
        ("V1.1", "=A1", None), (None, "Việc mới", "XYZ"), keys=("code", "title", "unit")
    )
    answer = client.post(HERE, {"file": upload(wrong, "sai.xlsx")})
    table = TableImport.objects.get()
    assert answer["Location"] == f"{HERE}{table.pk}/"
    page = client.get(answer["Location"]).content.decode()
    assert "B2" in page
    assert "C3" in page
    assert f"{HERE}{table.pk}/apply/" not in page
    refused = client.post(f"{HERE}{table.pk}/apply/")
    assert refused.status_code == 422
    listed = client.get(f"{HERE}{table.pk}/problems.xlsx")
    sheet: Any = load_workbook(BytesIO(listed.content)).active
    assert [row[0].value for row in sheet.iter_rows()][-2:] == ["B2", "C3"]

    answer = client.post(HERE, {"file": upload(good())})
    page = client.get(answer["Location"]).content.decode()
    assert "Lập danh mục" in page
    assert "Tên mới" in page
    assert Task.objects.get().title == "Lập danh mục"
    answer = client.post(answer["Location"] + "apply/")
    assert answer.status_code == 302
    assert set(Task.objects.values_list("title", flat=True)) == {"Tên mới", "Việc mới"}
    page = client.get(answer["Location"]).content.decode()
    assert "BS1" in page
    again = client.post(answer["Location"] + "apply/")
    assert again.status_code == 422
    assert Task.objects.count() == 2


def test_a_file_that_is_no_table_brings_the_form_back(client: Client) -> None:
    _campaign, _unit, manager = office()
    client.force_login(manager)
    for content, name in ((b"a;b", "a.xlsx"), (b"", "b.xlsx"), (b"PK", "c.csv")):
        answer = client.post(HERE, {"file": upload(content, name)})
        assert answer.status_code == 422
        assert "invalid-feedback" in answer.content.decode() or "error" in answer.content.decode()
    assert client.post(HERE, {}).status_code == 422
    assert not TableImport.objects.exists()


def test_somebody_elses_table_does_not_exist(client: Client) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    table = received(manager, campaign, good())
    other = make_user(unit=campaign.unit)
    grant_role(other, "office", campaign.unit)
    client.force_login(other)
    for path, method in (
        ("", client.get), ("problems.xlsx", client.get), ("apply/", client.post),
        ("again/", client.post), ("drop/", client.post),
    ):  # fmt: skip
        assert method(f"{HERE}{table.pk}/{path}").status_code == 404
    denied = AuditEvent.objects.filter(decision="denied", object_type="campaign.tableimport")
    assert denied.count() == 5
    staff = make_user(unit=unit)
    grant_role(staff, "unit_staff", unit)
    client.force_login(staff)
    assert client.get(HERE).status_code == 404
    assert client.get(f"{HERE}{table.pk}/").status_code == 404
    assert b"import/" not in client.get("/tasks/").content
    table.refresh_from_db()
    assert table.state == "read"


def test_a_change_in_between_is_asked_about_again(client: Client) -> None:
    campaign, unit, manager = office()
    task = draft_of(campaign, unit)
    table = received(manager, campaign, good())
    edit_task(actor=manager, task=task, version=1, now=NOON, title="Giữa chừng")
    client.force_login(manager)
    refused = client.post(f"{HERE}{table.pk}/apply/")
    assert refused.status_code == 422
    assert "V1.1" in refused.content.decode()
    assert client.post(f"{HERE}{table.pk}/again/").status_code == 302
    assert client.post(f"{HERE}{table.pk}/apply/").status_code == 302
    task.refresh_from_db()
    assert task.title == "Tên mới"


def test_a_long_table_goes_to_a_worker_and_the_page_looks_again(
    client: Client, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    table = received(manager, campaign, good())
    sent: list[int] = []
    monkeypatch.setattr(imports, "AT_ONCE", 1)
    monkeypatch.setattr(tasks.take_in_table, "delay", sent.append)
    client.force_login(manager)
    with django_capture_on_commit_callbacks(execute=True):
        assert client.post(f"{HERE}{table.pk}/apply/").status_code == 302
    assert sent == [table.pk]
    page = client.get(f"{HERE}{table.pk}/").content.decode()
    assert 'hx-trigger="load delay:2s"' in page
    assert Task.objects.count() == 1
    tasks.take_in_table(table.pk)
    part = client.get(f"{HERE}{table.pk}/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert "hx-trigger" not in part
    assert "BS1" in part


def test_dropping_leaves_the_tasks_and_forgets_the_cells(client: Client) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit)
    table = received(manager, campaign, good())
    client.force_login(manager)
    assert client.post(f"{HERE}{table.pk}/drop/").status_code == 302
    assert client.get(f"{HERE}{table.pk}/").status_code == 200
    assert client.post(f"{HERE}{table.pk}/drop/").status_code == 422
    table.refresh_from_db()
    assert table.rows == []
    assert Task.objects.get().title == "Lập danh mục"


def test_the_page_asks_a_fixed_number_of_questions(
    client: Client, django_assert_max_num_queries: Any
) -> None:
    campaign, unit, manager = office()
    for i in range(60):
        draft_of(campaign, unit, f"V{i}")
    book = workbook(*((f"V{i}", f"Tên {i}") for i in range(60)), keys=("code", "title"))
    table = received(manager, campaign, book)
    client.force_login(manager)
    client.get(f"{HERE}{table.pk}/")
    with django_assert_max_num_queries(24):
        page = client.get(f"{HERE}{table.pk}/").content.decode()
    assert "Tên 49" in page
    assert "Tên 50" not in page
    assert "Tên 59" in client.get(f"{HERE}{table.pk}/?show=changed&page=2").content.decode()


def test_a_table_that_was_downloaded_comes_back_as_no_change(client: Client) -> None:
    campaign, unit, manager = office()
    draft_of(campaign, unit, note="Ghi chú; có dấu: phẩy\nhai dòng", risk="=1+1")
    task = make_task(campaign=campaign, unit=unit, code="V1.2", title="- Việc có gạch đầu dòng")
    task.task_units.create(unit=make_unit(parent=campaign.unit), role="co_leads", part="phần A; B")
    client.force_login(manager)
    content = client.get(f"/tasks/tables/six.xlsx?campaign={campaign.code}").content
    table = received(manager, campaign, content)
    assert table.problems == []
    assert [change.kind for change in preview(table, now=NOON).changes] == ["same", "same"]
    edit_task(actor=manager, task=task, version=1, now=NOON, title="Giữa chừng")
    client.post(HERE, {"file": upload(content)})
    late = TableImport.objects.order_by("-pk")[0]
    assert [one["code"] for one in late.problems] == ["old_version"]
