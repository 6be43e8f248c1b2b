"""A product's page: handing in criterion by criterion with files, grading, rounds."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from campaign.models import Acceptance, Attachment, Product, Submission, Task
from security.models import AuditEvent, StoredFile
from tests.campaign.make import office_of, owner_of, submit
from tests.campaign.test_views import client_of, head_of, running
from tests.security.make import grant_role, make_user

pytestmark = pytest.mark.django_db
CRITERIA = ["Đủ 07 quy trình", "Có biểu mẫu kèm theo"]
PDF = b"%PDF-1.4 evidence"


def asked() -> tuple[Task, Product]:
    task = running()
    task.products.update(criteria=CRITERIA)
    return task, task.products.get()


def url(name: str, task: Task, pk: int) -> str:
    return reverse(f"campaign:{name}", args=[task.pk, pk])


def answers(**more: Any) -> dict[str, Any]:
    return {
        "statement": "Danh mục và sơ đồ",
        "of_0": CRITERIA[0],
        "answer_0": "07 quy trình ở phụ lục 1",
        "of_1": CRITERIA[1],
        "answer_1": "Biểu mẫu BM-01 đến BM-09",
        **more,
    }


def pdf(name: str = "phu-luc-1.pdf", content: bytes = PDF) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "application/pdf")


def hand_in(task: Task, product: Product, **more: Any) -> Submission:
    client = client_of(owner_of(task))
    assert client.post(url("submit", task, product.pk), answers(**more)).status_code == 302
    return product.submissions.get(acceptance=None)


def verdicts(**more: Any) -> dict[str, Any]:
    return {"met_0": "yes", "note_0": "", "met_1": "yes", "note_1": "", "grade": "A", **more}


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


# --- handing in -------------------------------------------------------------------------


def test_each_criterion_gets_its_statement_and_its_evidence() -> None:
    task, product = asked()
    submission = hand_in(task, product, files_0=[pdf()], files=[pdf("toan-bo.pdf")], link="HS-12")
    assert [one["criterion"] for one in submission.criteria] == CRITERIA
    assert submission.criteria[1]["statement"] == "Biểu mẫu BM-01 đến BM-09"
    first = Attachment.objects.get(pk__in=submission.criteria[0]["files"])
    assert (first.name, first.submission) == ("phu-luc-1.pdf", submission)
    assert submission.criteria[1]["files"] == []
    assert submission.attachments.count() == 2
    assert first.stored.unit_path == task.unit_path
    page = client_of(head_of(task)).get(url("product", task, product.pk)).content.decode()
    for text in (*CRITERIA, "07 quy trình ở phụ lục 1", "phu-luc-1.pdf", "toan-bo.pdf", "HS-12"):
        assert text in page


@pytest.mark.parametrize(
    ("file", "said"),
    [
        (pdf("trong.pdf", b""), "trong.pdf: Tệp rỗng"),
        (pdf("virus.exe"), "virus.exe: "),
        (pdf("anh.jpg"), "anh.jpg: Đây không phải tệp JPG"),
        (pdf("bang.xlsx", b"MZ\x90"), "bang.xlsx: Đây không phải tệp XLSX"),
    ],
    ids=["empty", "kind", "renamed", "program"],
)
def test_a_bad_file_tells_why_and_nothing_typed_is_lost(
    file: SimpleUploadedFile, said: str
) -> None:
    task, product = asked()
    client = client_of(owner_of(task))
    file.seek(0)
    sent = answers(files_1=[file], files=[pdf()], link="HS-77")
    answer = client.post(url("submit", task, product.pk), sent)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert said in page
    assert 'id="id_files_1_error"' in page
    for typed in ("Danh mục và sơ đồ", "07 quy trình ở phụ lục 1", "BM-01 đến BM-09", "HS-77"):
        assert typed in page
    assert not Submission.objects.exists()
    assert not Attachment.objects.exists()
    assert not StoredFile.objects.exists()


def test_a_criterion_without_a_word_is_refused_and_the_rest_comes_back() -> None:
    task, product = asked()
    client = client_of(owner_of(task))
    answer = client.post(url("submit", task, product.pk), answers(answer_1="  "))
    assert answer.status_code == 422
    assert 'id="id_answer_1_error"' in answer.content.decode()
    assert "07 quy trình ở phụ lục 1" in answer.content.decode()
    assert not Submission.objects.exists()


def test_who_may_not_hand_in_is_told_and_the_trail_knows() -> None:
    task, product = asked()
    head = head_of(task)
    client = client_of(head)
    assert "data-hand-in" not in client.get(url("product", task, product.pk)).content.decode()
    answer = client.post(url("submit", task, product.pk), answers())
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Submission.objects.exists()
    denied = AuditEvent.objects.filter(actor_id=head.pk, decision="denied")
    assert denied.get().action == "campaign:submit"


def test_html_in_a_statement_stays_text() -> None:
    task, product = asked()
    hand_in(task, product, answer_0="<img src=x onerror=alert(1)>")
    page = client_of(head_of(task)).get(url("product", task, product.pk)).content.decode()
    assert "<img src=x" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page


def test_the_second_of_two_hand_ins_is_told_and_keeps_its_words() -> None:
    task, product = asked()
    hand_in(task, product)
    client = client_of(owner_of(task))
    answer = client.post(url("submit", task, product.pk), answers(statement="Bản của tôi"))
    assert answer.status_code == 422
    assert "Bản của tôi" in answer.content.decode()
    assert product.submissions.count() == 1


# --- grading ----------------------------------------------------------------------------


def test_a_reviewer_goes_through_the_criteria() -> None:
    task, product = asked()
    submission = hand_in(task, product, files_0=[pdf()])
    office = client_of(office_of(task))
    page = office.get(url("product", task, product.pk)).content.decode()
    grade = page[page.index('id="grade"') :]
    assert grade.index("07 quy trình ở phụ lục 1") < grade.index("phu-luc-1.pdf")
    assert grade.index("phu-luc-1.pdf") < grade.index('name="met_0"')
    answer = office.post(url("accept", task, submission.pk), verdicts(note="Tốt"))
    assert answer.status_code == 302
    acceptance = Acceptance.objects.get()
    assert acceptance.criteria == [
        {"criterion": CRITERIA[0], "met": True, "note": ""},
        {"criterion": CRITERIA[1], "met": True, "note": ""},
    ]
    task.refresh_from_db()
    assert (task.state, task.light) == ("done", "done")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        (verdicts(met_1="no", note_1="Thiếu BM-03"), "grade"),
        (verdicts(met_1="no", grade="C"), "note_1"),
        (verdicts(met_0="", grade="A"), "met_0"),
        (verdicts(grade="B"), "note"),
        (verdicts(grade="B", note="Làm lại"), "remediate_on"),
        (verdicts(grade="B", note="Làm lại", remediate_on="2020-01-01"), "remediate_on"),
        (verdicts(grade=""), "grade"),
    ],
    ids=["A-unmet", "unmet-why", "unseen", "B-why", "B-when", "B-past", "no-grade"],
)
def test_a_grade_that_does_not_hold_is_refused_at_its_field(
    sent: dict[str, Any], field: str
) -> None:
    task, product = asked()
    submission = hand_in(task, product)
    answer = client_of(office_of(task)).post(url("accept", task, submission.pk), sent)
    assert answer.status_code == 422
    assert f'id="id_{field}_error"' in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_b_with_a_remedy_then_a_second_round_and_both_stay_readable() -> None:
    task, product = asked()
    submission = hand_in(task, product)
    office = client_of(office_of(task))
    sent = verdicts(
        met_1="no",
        note_1="Thiếu BM-03",
        grade="B",
        remediate_on=in_days(5).isoformat(),
        remediate_by=task.owner_id,
    )
    assert office.post(url("accept", task, submission.pk), sent).status_code == 302
    task.refresh_from_db()
    assert (task.state, task.light) == ("active", "yellow")
    owner = client_of(owner_of(task))
    page = owner.get(url("product", task, product.pk)).content.decode()
    assert "Thiếu BM-03" in page
    assert in_days(5).strftime("%d/%m/%Y") in page
    again = hand_in(task, product, answer_1="Đã bổ sung BM-03")
    assert office.post(url("accept", task, again.pk), verdicts()).status_code == 302
    page = owner.get(url("product", task, product.pk)).content.decode()
    assert [int(n) for n in re.findall(r'id="round-(\d+)"', page)] == [2, 1]
    assert "Thiếu BM-03" in page
    assert "Đã bổ sung BM-03" in page
    task.refresh_from_db()
    assert task.state == "done"


def test_the_submitters_unit_is_told_that_another_grades() -> None:
    task, product = asked()
    submission = hand_in(task, product)
    chief = make_user(unit=task.unit)
    grant_role(chief, "unit_head")
    client = client_of(chief)
    page = client.get(url("product", task, product.pk)).content.decode()
    assert 'name="grade"' not in page
    assert "đơn vị khác" in page
    answer = client.post(url("accept", task, submission.pk), verdicts())
    assert answer.status_code == 422
    assert "Đơn vị không tự nghiệm thu sản phẩm của mình" in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_a_person_who_left_gets_no_remedies() -> None:
    task, product = asked()
    submission = hand_in(task, product)
    gone = make_user(unit=task.unit, is_active=False)
    sent = verdicts(
        grade="C", note="Làm lại", remediate_on=in_days(3).isoformat(), remediate_by=gone.pk
    )
    answer = client_of(office_of(task)).post(url("accept", task, submission.pk), sent)
    assert answer.status_code == 422
    assert 'id="id_remediate_by_error"' in answer.content.decode()
    assert not Acceptance.objects.exists()


def test_a_hand_in_of_before_is_graded_by_the_products_own_criteria() -> None:
    task, product = asked()
    submission = submit(task, now=timezone.now())  # one statement for all of them
    office = client_of(office_of(task))
    page = office.get(url("product", task, product.pk)).content.decode()
    assert 'name="met_1"' in page
    assert office.post(url("accept", task, submission.pk), verdicts()).status_code == 302


def test_the_page_costs_the_same_with_more_rounds(django_assert_max_num_queries: Any) -> None:
    task, product = asked()
    office = client_of(office_of(task))
    sent = {"grade": "C", "remediate_on": in_days(2).isoformat(), "remediate_by": task.owner_id}
    for _ in range(3):
        submission = hand_in(task, product, files_0=[pdf()], files=[pdf("b.pdf")])
        office.post(url("accept", task, submission.pk), verdicts(note="Chưa đạt", **sent))
    assert product.submissions.count() == 3
    office.get(url("product", task, product.pk))
    with django_assert_max_num_queries(26):
        office.get(url("product", task, product.pk))
