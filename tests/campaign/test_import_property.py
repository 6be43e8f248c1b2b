"""Whatever a sheet holds, reading it ends with an answer and taking it in is whole or nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from campaign.models import Product, TableImport, Task
from campaign.services.importing import compare_again, preview, receive_table, take_in
from campaign.table_columns import TASK_COLUMNS
from digitization.ocr.workbook import Found, Sheet
from security.models import AuditEvent
from security.services import RefusedError
from tests.campaign.make import NOON, make_task
from tests.campaign.sheets import draft_of, office
from tests.security.make import make_unit

LABELS = [str(column.label) for column in TASK_COLUMNS]
SENSE = st.sampled_from(
    ["V1.1", "V1.2", "BS1", "VPX", "VCX; VPX: phần", "-", "1", "0", "16/05/2026", "31/06/2026",
     "2026-06-20", "ễ" * 201, "<b>", "a\x00b", "\ud800", "Tuần", "week", "x" * 5001, "=1+1", " "]
)  # fmt: skip
VALUE = st.one_of(
    st.tuples(st.just("text"), st.one_of(SENSE, st.text(max_size=30))),
    st.tuples(
        st.just("number"),
        st.one_of(st.integers(-5, 99999), st.floats(allow_nan=False, allow_infinity=False)),
    ),
    st.tuples(st.just("date"), st.dates(date(1900, 1, 1), date(9999, 12, 31)).map(date.isoformat)),
    st.tuples(
        st.just("time"),
        st.datetimes(datetime(1900, 1, 1), datetime(9999, 1, 1), timezones=st.just(UTC)).map(str),  # noqa: DTZ001
    ),
    st.tuples(st.just("truth"), st.booleans()),
    st.tuples(st.sampled_from(["error", "formula"]), st.just("#N/A")),
)
ROW = st.dictionaries(st.integers(1, len(LABELS) + 2), VALUE, min_size=1, max_size=8)
MERGED = st.lists(st.sampled_from(["A1:B1", "B3:C4", "A:C", "zz", "ZZ9:A1", "C2:C2"]), max_size=2)


def sheet_with(head: list[str], rows: list[dict[int, tuple[str, Any]]], merged: list[str]) -> Sheet:
    heading: list[Found] = [(at, "text", label) for at, label in enumerate(head, start=1)]
    body = [
        (number, [(at, *row[at]) for at in sorted(row)]) for number, row in enumerate(rows, start=2)
    ]
    return Sheet(name="x", others=0, merged=merged, rows=[(1, heading), *body])


def frozen() -> list[Any]:
    return [
        list(Task.objects.order_by("pk").values()),
        list(Product.objects.order_by("pk").values()),
        Task.history.count(),
        AuditEvent.objects.exclude(action__startswith="table.").count(),
    ]


class AnySheet(TestCase):
    @settings(max_examples=60, deadline=None)
    @given(st.permutations(LABELS), st.lists(ROW, max_size=6), MERGED)
    def test_no_sheet_raises_and_none_is_half_taken(
        self, head: list[str], rows: list[dict[int, tuple[str, Any]]], merged: list[str]
    ) -> None:
        campaign, unit, manager = office()
        make_unit(parent=campaign.unit, code="VCX")
        draft_of(campaign, unit)
        make_task(campaign=campaign, unit=unit, code="V1.2")
        before = frozen()
        table = receive_table(
            actor=manager, campaign=campaign, name="x.xlsx",
            sheet=sheet_with(head, rows, merged), now=NOON,
        )  # fmt: skip
        assert frozen() == before
        found = preview(table, now=NOON)
        assert all(one.sentence for one in found.problems)
        wanted = [change for change in found.changes if change.kind != "same"]
        try:
            take_in(actor=manager, table=table, now=NOON)
        except RefusedError:
            assert found.problems
            assert frozen() == before
            return
        assert not found.problems
        taken = TableImport.objects.get(pk=table.pk)
        assert len(taken.rows) == len(wanted)
        new = sum(change.task is None for change in wanted)
        assert Task.objects.count() == 2 + new
        # Taking the same in once more would change nothing of what was there.
        again = receive_table(
            actor=manager, campaign=campaign, name="x.xlsx",
            sheet=sheet_with(head, rows, merged), now=NOON + timedelta(minutes=1),
        )  # fmt: skip
        compare_again(actor=manager, table=again, now=NOON)
        kinds = [change.kind for change in preview(again, now=NOON).changes]
        assert "changed" not in kinds
