"""Products in a real browser: a photo from a phone, a B with a remedy, three clicks to evidence."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import FilePayload, Page, expect

from campaign.models import Acceptance, Product, Submission, Task
from campaign.rules import end_of, start_of
from campaign.services import sweep_lights
from tests.campaign.make import make_campaign, make_task, office_of, owner_of, submit
from tests.campaign.test_views import head_of
from tests.dashboard.test_journeys import overflow, serious

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OpenPage = Callable[..., Page]
PHONE = {"width": 390, "height": 844}
CRITERIA = ["Đủ 07 quy trình", "Có biểu mẫu kèm theo"]
# One grey pixel: enough to be a photo.
PHOTO = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcp"
    "LDAxNDQ0Hyc5PTgyPC4zNDL/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAACf/EABQQAQAAAAAAAAAAAAAAAAAAAAD/"
    "2gAIAQEAAD8AVN//2Q=="
)


def photo(name: str = "anh-hien-truong.jpg", content: bytes = PHOTO) -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": content}


def late_task() -> tuple[Task, Product]:
    """A running task that is two days late, of one product with two criteria."""
    today = timezone.localdate()
    friday = today - timedelta(days=(today.weekday() - 4) % 7 + 7)
    task = make_task(
        campaign=make_campaign(start=friday),
        now=start_of(friday),
        deadline=end_of(today - timedelta(days=2), before=False),
    )
    task.products.update(criteria=CRITERIA, title="Danh mục và sơ đồ quy trình")
    sweep_lights(now=timezone.now())
    return task, task.products.get()


def test_a_submitter_hands_in_from_a_phone_with_a_photo(signed_in: OpenPage) -> None:
    task, product = late_task()
    page = signed_in(owner_of(task), f"/tasks/{task.pk}/", **PHONE)
    page.locator(f"#product-{product.pk}").get_by_role("link", name="Nộp").click()
    assert not serious(page)
    assert overflow(page) == 0
    page.fill("#id_statement", "Danh mục 07 quy trình, bản chính thức")
    page.fill("#id_answer_0", "Đủ 07, ở phụ lục 1")
    page.fill("#id_answer_1", "BM-01 đến BM-09")

    # An empty photo is told at once, and nothing typed is lost.
    page.set_input_files("#id_files_0", photo("trong.jpg", b""))
    expect(page.locator("#id_files_0_refused")).to_contain_text("trong.jpg: Tệp rỗng")
    page.locator("#hand-in button.btn-primary").click()
    assert not Submission.objects.exists()
    page.set_input_files("#id_files_0", photo())
    expect(page.locator("#id_files_0_refused")).to_have_count(0)
    page.locator("#hand-in button.btn-primary").click()

    expect(page.locator(".notice-ok")).to_contain_text("chờ nghiệm thu")
    expect(page.locator("#round-1")).to_contain_text("anh-hien-truong.jpg")
    expect(page.locator("#round-1")).to_contain_text("Đủ 07, ở phụ lục 1")
    submission = product.submissions.get()
    assert [len(one["files"]) for one in submission.criteria] == [1, 0]
    assert not serious(page)
    assert overflow(page) == 0


def test_without_a_script_the_server_tells_and_keeps_the_words(
    signed_in: OpenPage, page: Page
) -> None:
    task, product = late_task()
    page = signed_in(owner_of(task), f"/tasks/{task.pk}/products/{product.pk}/", **PHONE)
    page.route("**/js/handin*", lambda route: route.abort())
    page.reload()
    page.fill("#id_statement", "Bản chính thức")
    page.fill("#id_answer_0", "Đủ 07")
    page.fill("#id_answer_1", "BM-01")
    page.set_input_files("#id_files_1", photo("trong.jpg", b""))
    page.locator("#hand-in button.btn-primary").click()
    expect(page.locator("#id_files_1_error")).to_contain_text("trong.jpg: Tệp rỗng")
    expect(page.locator("#id_answer_0")).to_have_value("Đủ 07")
    assert not serious(page)
    assert not Submission.objects.exists()


def test_a_reviewer_grades_b_with_a_remedy(signed_in: OpenPage) -> None:
    task, _product = late_task()
    submit(task, now=timezone.now())
    page = signed_in(office_of(task), "/tasks/products/?show=waiting")
    page.locator(".ledger-title").click()
    expect(page.locator("#grade-title")).to_be_visible()
    assert not serious(page)
    page.locator("input[name=met_0][value=yes]").check()
    page.locator("input[name=met_1][value=no]").check()
    page.fill("#id_note_1", "Thiếu biểu mẫu BM-03")
    page.locator("input[name=grade][value=A]").check()
    expect(page.locator("#id_remediate_on")).to_be_hidden()
    page.locator("#grade .btn-primary").click()
    expect(page.locator("#id_grade_error")).to_contain_text("mọi tiêu chí đều đạt")
    expect(page.locator("#id_note_1")).to_have_value("Thiếu biểu mẫu BM-03")
    page.locator("input[name=grade][value=B]").check()
    until = timezone.localdate() + timedelta(days=4)
    page.fill("#id_remediate_on", until.isoformat())
    page.locator("#grade .btn-primary").click()
    expect(page.locator("#round-1")).to_contain_text("Thiếu biểu mẫu BM-03")
    expect(page.locator("#round-1")).to_contain_text(until.strftime("%d/%m/%Y"))
    graded = Acceptance.objects.get()
    assert (graded.grade, graded.remediate_by) == ("B", task.owner)
    assert not serious(page)


def test_a_leader_gets_from_the_board_to_the_evidence_in_three_clicks(
    signed_in: OpenPage,
) -> None:
    task, product = late_task()
    owner = signed_in(owner_of(task), f"/tasks/{task.pk}/products/{product.pk}/")
    owner.fill("#id_statement", "Bản chính thức")
    owner.fill("#id_answer_0", "Đủ 07")
    owner.fill("#id_answer_1", "BM-01")
    owner.set_input_files("#id_files_0", photo())
    owner.locator("#hand-in button.btn-primary").click()
    expect(owner.locator("#round-1")).to_be_visible()

    page = signed_in(head_of(task), "/board/")
    page.locator(".ledger-exceptions .ledger-title").first.click()  # 1: the task
    page.locator(f"#product-{product.pk} .ledger-title").click()  # 2: the product
    expect(page.locator("#grade")).to_contain_text("Đủ 07")
    with page.expect_download() as coming:
        page.locator(".file-link").first.click()  # 3: the evidence itself
    assert coming.value.suggested_filename == "anh-hien-truong.jpg"


def test_a_light_says_why_by_keyboard_and_without_a_script(signed_in: OpenPage) -> None:
    task, _product = late_task()
    page = signed_in(head_of(task), "/tasks/products/?show=all", **PHONE)
    page.route("**/*.js", lambda route: route.abort())
    page.reload()
    summary = page.locator("details.why > summary").first
    summary.focus()
    page.keyboard.press("Enter")
    box = page.locator(".why-box").first
    expect(box).to_be_visible()
    expect(box).to_contain_text("muộn 2 ngày")
    assert not serious(page)
    assert overflow(page) == 0


def test_the_office_sees_what_thresholds_would_change_before_it_saves(
    signed_in: OpenPage,
) -> None:
    task, _product = late_task()
    today = timezone.localdate()
    make_task(
        campaign=task.campaign,
        now=timezone.now(),
        deadline=end_of(today + timedelta(days=6), before=False),
        start=today,
    )
    page = signed_in(office_of(task), "/tasks/lights/")
    page.fill("#id_warning_days", "8")
    page.get_by_role("button", name="Xem trước thay đổi").click()
    expect(page.locator("#preview .counts li")).to_have_count(1)
    assert not serious(page)
    page.fill("#id_reason", "Theo kết luận giao ban")
    page.get_by_role("button", name="Áp dụng ngưỡng này").click()
    expect(page.locator(".history")).to_contain_text("Theo kết luận giao ban")
    assert not serious(page)
