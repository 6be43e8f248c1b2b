"""Comments, whom an @ may call, and the story of a task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from campaign.models import Comment, Task
from campaign.selectors.story import story_of
from campaign.services import (
    add_comment,
    attach_file,
    edit_task,
    hand_over,
    link_tasks,
    refuse_deadline,
    report_progress,
    request_deadline,
    withdraw_comment,
)
from tests.campaign.make import make_draft, office_of, owner_of
from tests.campaign.test_views import client_of, head_of, running, url
from tests.security.make import grant_role, make_user

pytestmark = pytest.mark.django_db


def test_a_comment_calls_by_sign_in_name_and_stands_on_the_page() -> None:
    task = running()
    owner, head = owner_of(task), head_of(task)
    answer = client_of(head).post(
        url("comment", task), {"text": f"@{owner.username} gửi số liệu\nhôm nay"}
    )
    assert answer.headers["Location"].endswith("#comments")
    row = Comment.objects.get()
    assert list(row.mentions.all()) == [owner]
    page = client_of(owner).get(url("task_detail", task)).content.decode()
    assert "gửi số liệu<br>hôm nay" in page
    assert url("withdraw_comment", task, row.pk) not in page


def test_an_empty_comment_is_refused_at_its_field() -> None:
    task = running()
    answer = client_of(owner_of(task)).post(url("comment", task), {"text": " \n"})
    assert answer.status_code == 422
    assert 'id="id_text_error"' in answer.content.decode()


def test_words_are_withdrawn_by_their_author_alone() -> None:
    task = running()
    owner = owner_of(task)
    row = add_comment(actor=owner, task=task, text="Nói nhầm", now=timezone.now())
    path = url("withdraw_comment", task, row.pk)
    assert client_of(head_of(task)).post(path).status_code == 422
    assert client_of(owner).post(path).status_code == 302
    page = client_of(owner).get(url("task_detail", task)).content.decode()
    assert "Nói nhầm" not in page
    Comment.objects.filter(pk=row.pk).update(
        withdrawn_at=None, at=timezone.now() - timedelta(days=2)
    )
    late = client_of(owner).post(path)
    assert late.status_code == 422
    assert 'role="alert"' in late.content.decode()


def test_only_people_who_may_see_the_task_are_suggested() -> None:
    task = running()
    owner = owner_of(task)
    owner.full_name = "Trần Thị Hạnh"
    owner.save(update_fields=["full_name"])
    seeing = make_user(unit=task.unit, full_name="Lê Văn Hành")
    grant_role(seeing, "unit_staff", task.unit)
    blind = make_user(full_name="Hoàng Hanh")  # elsewhere
    grant_role(blind, "unit_staff", blind.unit)
    make_user(unit=task.unit, full_name="Hanh Không Vai")  # here, without a role
    left = make_user(unit=task.unit, full_name="Hanh Đã Nghỉ", is_active=False)
    grant_role(left, "unit_staff", task.unit)
    head = client_of(head_of(task))
    path = url("callable_people", task)
    people = head.get(path, {"q": "hanh"}).json()["people"]
    assert [one["username"] for one in people] == [owner.username, seeing.username]
    assert head.get(path, {"q": "%"}).json() == {"people": []}
    first = head.get(path, {"q": ""}).json()["people"]
    assert first[0]["name"] == "Trần Thị Hạnh"
    assert client_of(blind).get(path, {"q": "hanh"}).status_code == 404


def lived(task: Task) -> Task:
    """A task around which a lot has happened."""
    now = timezone.now()
    step = iter(range(1, 20))

    def later() -> object:
        return now + timedelta(seconds=next(step))

    owner, office, head = owner_of(task), office_of(task), head_of(task)
    other = make_draft(campaign=task.campaign, unit=task.unit)
    report_progress(actor=owner, task=task, percent=30, note="Xong phần đầu", now=later())  # type: ignore[arg-type]
    said = add_comment(actor=owner, task=task, text="Lời rút lại", now=later())  # type: ignore[arg-type]
    withdraw_comment(actor=owner, comment=said, now=later())  # type: ignore[arg-type]
    add_comment(actor=head, task=task, text="Cần xong sớm", now=later())  # type: ignore[arg-type]
    asked = request_deadline(
        actor=owner,
        task=task,
        deadline=now + timedelta(days=80),
        reason="Chờ",
        now=later(),  # type: ignore[arg-type]
    )
    refuse_deadline(actor=head, asked=asked, reason="Không lùi", now=later())  # type: ignore[arg-type]
    link_tasks(actor=office, task=task, other=other, kind="depends_on", now=later())  # type: ignore[arg-type]
    row = Task.objects.get(pk=task.pk)
    edit_task(actor=office, task=row, version=row.version, now=later(), risk="Thiếu người")  # type: ignore[arg-type]
    second = make_user(unit=task.unit)
    hand_over(actor=office, task=row, owner=second, reason="Nghỉ phép", now=later())  # type: ignore[arg-type]
    return Task.objects.get(pk=task.pk)


def test_the_story_tells_everything_in_its_order_and_nothing_twice() -> None:
    task = lived(running())
    reader = head_of(task)
    story = story_of(reader, task)
    events = [one for day in [*story.days, *story.earlier] for one in day.events]
    kinds = [one.kind for one in events]
    assert kinds[:9] == [
        "handover", "change", "link", "request", "request", "comment", "comment", "report",
        *kinds[8:9],
    ]  # fmt: skip
    assert story.total == len(events)
    notes = " ".join(one.note for one in events)
    for words in ("Nghỉ phép", "Không lùi", "Cần xong sớm", "Xong phần đầu"):
        assert notes.count(words) == 1, words
    assert "Lời rút lại" not in notes
    # The owner changed by the hand-over: the row's own change is not told beside it.
    assert sum("người" in str(one.details).lower() for one in events if one.kind == "change") <= 1


@pytest.mark.parametrize(
    ("chapter", "kinds"),
    [
        ("work", {"report", "light"}),
        ("decisions", {"request", "link", "handover"}),
        ("words", {"comment"}),
        ("changes", {"change"}),
    ],
)
def test_a_chapter_shows_its_kinds_alone(chapter: str, kinds: set[str]) -> None:
    task = lived(running())
    story = story_of(head_of(task), task, chapter=chapter)
    assert {one.kind for day in story.days for one in day.events} == kinds
    page = client_of(head_of(task)).get(url("task_detail", task), {"story": chapter})
    assert page.status_code == 200


def test_the_page_of_a_task_that_lived_is_there_for_each_who_sees_it() -> None:
    task = lived(running())
    for user in (head_of(task), office_of(task), owner_of(task)):
        client = client_of(user)
        page = client.get(url("task_detail", task)).content.decode()
        assert "Cần xong sớm" in page
        part = client.get(url("task_detail", task), HTTP_HX_REQUEST="true").content.decode()
        assert "<html" not in part
        assert "Cần xong sớm" in part
    listed = client_of(office_of(task)).get(reverse("campaign:drafts"))
    assert listed.status_code == 200


def test_the_page_asks_as_often_however_much_was_said_and_attached() -> None:
    task = lived(running())
    head = client_of(head_of(task))
    now, owner = timezone.now(), owner_of(task)

    def more(number: int) -> None:
        for one in range(number):
            text = f"Lời {one} @{owner.username}"
            add_comment(actor=head_of(task), task=task, text=text, now=now)
            attach_file(actor=owner, task=task, name=f"{one}.pdf", chunks=[b"%PDF-1.7"], now=now)
            other = make_draft(campaign=task.campaign, unit=task.unit)
            link_tasks(actor=office_of(task), task=task, other=other, kind="depends_on", now=now)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert head.get(url("task_detail", task)).status_code == 200
        return len(found)

    more(1)
    few = asked()
    more(6)
    assert asked() == few
