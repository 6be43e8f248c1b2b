"""Who changed what of programmes, lots, dossiers and pages, in sentences."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from digitization.models import DocumentType, Dossier, Lot, Page, Programme
from digitization.selectors.changes import (
    changes_of,
    lot_changes,
    page_changes,
    programme_changes,
)
from digitization.services import (
    assign_lot,
    classify_file,
    correct_text,
    reject_lot,
    reopen_lot,
    set_expected,
    set_focal_person,
)
from security.history import Change
from security.levels import Sensitivity
from security.models import User
from security.services.secrecy import Basis, classify
from tests.digitization.make import make_dossier, make_pages, make_room
from tests.security.make import make_officer, make_user

pytestmark = pytest.mark.django_db
NOW = timezone.now()
LONG = (
    "Theo kết luận rà soát độ mật của tổ công tác, trang này ghi quan hệ gia đình và sức khỏe. " * 3
)


def sentences(changes: list[Change]) -> str:
    return "\n".join(sentence for change in changes for sentence in change.sentences)


def enter(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_a_programmes_changes_name_who_and_what_it_was_before() -> None:
    room = make_room()
    leader = make_user(unit=room.unit, full_name="Trần Thị Đầu Mối")
    code = room.programme.types.filter(expected_count=10).get().code
    set_focal_person(actor=room.keeper, programme=room.programme, person=leader, now=NOW)
    set_expected(actor=room.keeper, programme=room.programme, counts={code: 12}, now=NOW)
    changes = programme_changes(room.keeper, Programme.objects.get())
    told = sentences(changes)
    assert f"từ “{room.keeper}” thành “Trần Thị Đầu Mối”" in told
    assert "từ “10” thành “12”" in told
    assert {change.who for change in changes} == {str(room.keeper)}
    body = enter(room.keeper).get(reverse("digitization:programme", args=[room.programme.pk]))
    assert "từ “10” thành “12”" in body.content.decode()


def test_a_lots_ways_are_told_with_their_reasons() -> None:
    room = make_room()
    other = make_officer("operator", unit=room.unit, full_name="Lê Văn Quét")
    assign_lot(actor=room.keeper, lot=room.lot, operator=other, now=NOW)
    reject_lot(actor=room.inspector, lot=room.lot, now=NOW, reason="Thiếu trang " + "x" * 200)
    reopen_lot(actor=other, lot=room.lot, now=NOW)
    changes = lot_changes(room.keeper, Lot.objects.get())
    told = sentences(changes)
    assert "thành “Lê Văn Quét”" in told
    assert any(one.reason.startswith("Thiếu trang") for one in changes)
    assert {str(room.keeper), str(other), str(room.inspector)} == {one.who for one in changes}
    body = enter(room.keeper).get(reverse("digitization:lot", args=[room.lot.pk]))
    assert "thành “Lê Văn Quét”" in body.content.decode()


def test_a_papers_type_is_told_before_and_after() -> None:
    room = make_room()
    dossier = make_dossier(room)
    (page,) = make_pages(dossier)
    first, second = room.programme.types.all()[:2]
    for type_ in (first, second):
        page.source.refresh_from_db()
        classify_file(actor=room.operator, source=page.source, type_=type_, now=NOW)
    told = sentences(changes_of(room.operator, Dossier.objects.get()))
    assert first.name in told
    assert f"từ “{first.name}” thành “{second.name}”" in told


def test_a_correction_is_told_line_by_line_and_nothing_is_lost() -> None:
    room = make_room()
    (page,) = make_pages(make_dossier(room), text="Ho va ten\nNguyen Van An\nHa Noi")
    for text in ("Họ và tên\nNguyen Van An\nHa Noi", "Họ và tên\nNguyễn Văn Ân\nHa Noi"):
        page.refresh_from_db()
        correct_text(actor=room.operator, page=page, text=text, version=page.version, now=NOW)
    page = Page.objects.get()
    told = sentences(page_changes(room.operator, page))
    assert "Dòng 1: từ “Ho va ten” thành “Họ và tên”" in told
    assert "Dòng 2: từ “Nguyen Van An” thành “Nguyễn Văn Ân”" in told
    assert "Ha Noi" not in told
    assert page.text == "Ho va ten\nNguyen Van An\nHa Noi"
    body = enter(room.operator).get(reverse("digitization:page", args=[page.pk])).content.decode()
    assert "Dòng 2" in body


def test_many_changed_lines_are_counted_and_not_listed() -> None:
    room = make_room()
    text = "\n".join(f"x{number}\n=" for number in range(20))
    (page,) = make_pages(make_dossier(room), text=text)
    changed = text.replace("x", "y")
    correct_text(actor=room.operator, page=page, text=changed, version=1, now=NOW)
    (change,) = page_changes(room.operator, Page.objects.get())
    assert len(change.sentences) == 7
    assert "14" in change.sentences[-1]


def test_what_was_secret_then_is_not_told_now() -> None:
    """A version counts with the level that it had, not with that of the row today."""
    room = make_room()
    dossier = make_dossier(room)
    (page,) = make_pages(dossier, text="a")
    correct_text(actor=room.operator, page=page, text="Chữ từ thời còn mật", version=1, now=NOW)
    Page.history.filter(id=page.pk).update(level=2)
    page.refresh_from_db()
    correct_text(actor=room.operator, page=page, text="b", version=page.version, now=NOW)
    page.refresh_from_db()
    assert "thời còn mật" not in sentences(page_changes(room.operator, page))
    Lot.history.filter(id=room.lot.pk).update(level=2, code="Tên mật")
    assert "Tên mật" not in sentences(lot_changes(room.operator, room.lot))


def test_a_paper_found_sensitive_says_so_in_its_pages_history() -> None:
    room = make_room()
    dossier = make_dossier(room)
    (page,) = make_pages(dossier)
    type_ = room.programme.types.all()[0]
    DocumentType.objects.filter(pk=type_.pk).update(sensitivity=Sensitivity.SENSITIVE)
    type_.refresh_from_db()
    classify_file(actor=room.operator, source=page.source, type_=type_, now=NOW)
    assert list(Page.history.values_list("sensitivity", "history_user__username")) == [
        (Sensitivity.SENSITIVE, room.operator.username)
    ]


def test_a_long_reason_for_a_level_fits_into_the_history() -> None:
    room = make_room()
    dossier = make_dossier(room)
    Dossier.objects.filter(pk=dossier.pk).update(level=0)
    dossier.refresh_from_db()
    basis = Basis("Luật", (NOW + timedelta(days=90)).date(), LONG)
    classify(actor=room.keeper, row=dossier, level=1, basis=basis, now=NOW)
    assert Dossier.objects.get().level == 1
    assert authors(dossier)[-1] == room.keeper.username


def authors(row: Dossier) -> list[str]:
    versions = row.history.order_by("history_id")
    return [str(one.history_user.username) for one in versions]
