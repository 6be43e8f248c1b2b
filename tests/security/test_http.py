from __future__ import annotations

import pytest
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory

from security.http import require_action, visible_or_404
from security.models import AuditEvent, StoredFile, Unit, User
from tests.security.make import LONG_AGO, make_officer, make_unit

pytestmark = pytest.mark.django_db


def make_file(unit: Unit, *, level: int = 1) -> StoredFile:
    row: StoredFile = StoredFile.objects.create(
        **unit.placement, level=level, created_at=LONG_AGO, sha256="0" * 64, blob="b", size=1
    )
    return row


def request_of(user: User) -> HttpRequest:
    request = RequestFactory().get("/x")
    request.user = user
    return request


def test_a_visible_row_comes_with_a_line_that_says_why() -> None:
    officer = make_officer("operator")
    row = make_file(officer.unit)
    found = visible_or_404(request_of(officer), StoredFile.objects.all(), pk=row.pk)
    assert found == row
    line = AuditEvent.objects.get(action="read")
    assert (line.decision, line.object_id) == ("allowed", str(row.pk))
    assert line.allowed_by.startswith("role operator")


def test_hidden_and_absent_rows_raise_alike_and_both_are_denials() -> None:
    officer = make_officer("operator")
    row = make_file(make_unit())
    for pk in (row.pk, row.pk + 999):
        with pytest.raises(Http404):
            visible_or_404(request_of(officer), StoredFile.objects.all(), pk=pk)
    lines = AuditEvent.objects.filter(action="read", decision="denied").order_by("id")
    assert [line.object_id for line in lines] == [str(row.pk), str(row.pk + 999)]
    # Nothing of the hidden row itself gets into the line.
    assert [(line.object_level, line.object_path) for line in lines] == [(None, "")] * 2


def test_a_view_opens_only_to_its_action() -> None:
    @require_action("records.view")
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse("in")

    assert view(request_of(make_officer("keeper"))).status_code == 200
    with pytest.raises(Http404):
        view(request_of(make_officer("operator")))
    assert AuditEvent.objects.get(action="records.view").decision == "denied"
