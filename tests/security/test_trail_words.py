"""What the trail's page calls things: no name of a table, no code of a role."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.translation import override

from security import audit
from security.templatetags.trail import names_of_reasons, reason_in_words, kind_in_words
from tests.security.make import make_officer, make_unit
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
