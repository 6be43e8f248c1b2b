"""What the trail's page calls things: no name of a table, no code of a role."""

from __future__ import annotations

import ast
import re
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from security import audit
from security.actions import EVENTS, LABELS
from security.models import AuditEvent
from security.reasons import said
from security.story import event_in_words, told
from security.templatetags.trail import kind_in_words, names_of_reasons, reason_in_words
from tests.security.make import make_officer, make_unit
from tests.security.test_trail_complete import APPS, ROOT
from tests.security.test_views import enter


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("records.member", "Member's record"),
        ("security.rolegrant", "Given role"),
        ("unknown.table", "unknown.table"),
    ],
)
def test_a_thing_is_called_by_its_name(label: str, words: str) -> None:
    with override("en"):
        assert kind_in_words(label) == words


@pytest.mark.django_db
def test_the_page_says_role_and_unit_not_their_codes() -> None:
    unit = make_unit(name="Đảng bộ xã Bến Đá")
    officer = make_officer("security_officer", unit=unit)
    reason = f"role keeper on unit {unit.pk} (grant 7)"
    audit.record("read", actor=officer, object_type="security.user", allowed_by=reason)
    page = enter(officer).get(reverse("security:trail")).content.decode()
    assert f"Người giữ hồ sơ, {unit.name}" in page
    assert reason not in page


@pytest.mark.django_db
def test_other_reasons_are_words_too() -> None:
    names = names_of_reasons([])
    with override("en"):
        assert reason_in_words("emergency access 3", names) == "Emergency access"
        assert reason_in_words("object grant", names) == "Opened for this person or unit"
        assert reason_in_words("something new", names) == "something new"


# --- house rules ------------------------------------------------------------------------


def events_in_the_code() -> set[str]:
    """Every name that a call of ``audit.record``, or a helper that hands one on, writes."""
    names = set()
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call) and node.args:
                    called = ast.unparse(node.func)
                    if called.endswith(("audit.record", "_write_down", "_said", "tell", "_store")):
                        names |= set(_names(node.args[0]))
    return names


def _names(node: ast.expr) -> list[str]:
    said = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    return [one for one in said if isinstance(one, str) and re.fullmatch(r"[a-z]+\.[a-z_]+", one)]


def test_every_event_of_the_code_has_words() -> None:
    names = events_in_the_code()
    assert len(names) > 70
    assert names - EVENTS.keys() - LABELS.keys() == set()


def test_every_event_has_vietnamese_words() -> None:
    for name in [*EVENTS, *LABELS]:
        with override("en"):
            english = event_in_words(name)
        with override("vi"):
            assert event_in_words(name) != english, name


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("term 1f09aa77b2c3d4e5", "không lưu từ đã tìm"),
        ("3 pages", "3 trang"),
        ("product 7: A", "sản phẩm 7, xếp loại A"),
        ("on behalf of user 12", "thay cho người số 12"),
        ("ab" * 32, "mã băm abababab…"),
        ("1 -> 2; Theo kết luận", "từ Nội bộ thành Mật: Theo kết luận"),
        ("Thanh tra quý IV", "Thanh tra quý IV"),
    ],
)
def test_notes_of_services_are_words(reason: str, words: str) -> None:
    with override("vi"):
        assert said(reason) == words


def line(action: str, kind: str = "", number: str = "", **other: Any) -> AuditEvent:
    return AuditEvent(
        at=timezone.now(), actor_id=7, action=action, object_type=kind, object_id=number,
        object_ids=other.pop("ids", []), decision="allowed", reason=other.pop("reason", ""),
        address=other.pop("address", "10.0.0.1"), session="s", request=other.pop("request", ""),
    )  # fmt: skip


def test_the_lists_of_one_page_are_one_doing_and_oneself_needs_no_number() -> None:
    events = [
        line("signin", "security.user", "7"),
        line("list", "digitization.lot", ids=[1, 2], request="a"),
        line("list", "digitization.dossier", ids=[3], request="a"),
        line("read", "digitization.page", "4"),
        line("read", "digitization.page", "5"),
        line("list", "digitization.lot", ids=[1], request="b", address="10.0.0.9"),
    ]
    with override("vi"):
        ((day),) = told(reversed(events))
        sentences = [doing.sentence for doing in day.doings]
    assert sentences == [
        "Đăng nhập",
        "Liệt kê: Lô – 2 dòng; Hồ sơ – 1 dòng",
        "Xem: Trang 4, 5",
        "Liệt kê: Lô – 1 dòng",
    ]
    assert [doing.moved for doing in day.doings] == [True, False, False, True]


def test_a_refused_page_is_told_in_words() -> None:
    with override("vi"):
        assert "security:" not in event_in_words("security:grant_end")
