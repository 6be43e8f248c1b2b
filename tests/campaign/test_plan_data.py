"""The real plan: every count, date and number as printed in plan 03-KH/BCĐ of 15/5/2026."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from campaign.planfile.checking import check
from campaign.planfile.reading import read
from campaign.planfile.rows import TaskRow, task_rows
from campaign.rules import last_day

PLAN = Path(settings.BASE_DIR) / "campaign" / "data" / "plan_45.yaml"


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    document = read(PLAN.read_text("utf-8"))
    check(document)
    assert document.problems == []
    data: dict[str, Any] = document.data
    return data


@pytest.fixture(scope="module")
def rows(plan: dict[str, Any]) -> dict[str, TaskRow]:
    return {row.code: row for row in task_rows(plan)}


def test_counts(plan: dict[str, Any], rows: dict[str, TaskRow]) -> None:
    assert len(plan["groups"]) == 8
    assert len(plan["phases"]) == 7
    assert Counter(row.kind for row in rows.values()) == {"group": 13, "week": 16, "milestone": 45}
    assert len(rows) == 74
    assert len(plan["matrix"]) == 8
    assert sum(cell is not None for row in plan["matrix"] for cell in row["cells"]) == 45
    assert len(plan["products"]) == 14
    assert len(plan["blocks"]) == 7
    assert len(plan["support_lines"]) == 3
    assert len(plan["briefings"]) == 7
    assert len(plan["processes"]["priority"]) == 7
    assert len(plan["processes"]["extended"]) == 7
    assert sum(len(p.get("children", [])) for p in plan["processes"]["extended"]) == 17
    assert len(plan["reference"]["standardisation_steps"]) == 7
    assert len(plan["reference"]["ai_principles"]) == 6
    assert len(plan["reference"]["ticket_form"]) == 8
    assert len(plan["units"]) == 16


def test_period_and_weeks(plan: dict[str, Any]) -> None:
    assert (plan["campaign"]["start"], plan["campaign"]["end"]) == ("2026-05-15", "2026-06-30")
    assert [(p["start"], p["end"]) for p in plan["phases"]] == [
        ("2026-05-15", "2026-05-21"),
        ("2026-05-22", "2026-05-28"),
        ("2026-05-29", "2026-06-04"),
        ("2026-06-05", "2026-06-11"),
        ("2026-06-12", "2026-06-18"),
        ("2026-06-19", "2026-06-25"),
        ("2026-06-26", "2026-06-30"),
    ]
    assert all(date.fromisoformat(p["start"]).weekday() == 4 for p in plan["phases"])


def test_briefings_are_thursdays_and_the_closing_one(plan: dict[str, Any]) -> None:
    days = [date.fromisoformat(b["day"]) for b in plan["briefings"]]
    assert days == [
        date(2026, 5, 21),
        date(2026, 5, 28),
        date(2026, 6, 4),
        date(2026, 6, 11),
        date(2026, 6, 18),
        date(2026, 6, 25),
        date(2026, 6, 30),
    ]
    assert all(day.weekday() == 3 for day in days[:-1])
    assert [b.get("closing", False) for b in plan["briefings"]] == [False] * 6 + [True]


GROUP_LEADS = {
    "V1.1": "VP",
    "V2.1": "VCNV",
    "V3.1": "VP",
    "V3.2": "VCSDDV",
    "V3.3": "VCB",
    "V4.1": "VCSDDV",
    "V4.2": "VCB",
    "V4.3": "VP",
    "V5.1": "VP",
    "V6.1": "CBVCTNB",
    "V6.2": "VP",
    "V7.1": "VP",
    "V8.1": "VP",
}


def test_group_rows(plan: dict[str, Any], rows: dict[str, TaskRow]) -> None:
    printed = {row["code"]: row["lead"] for row in plan["tasks"] if row["kind"] == "group"}
    assert printed == GROUP_LEADS
    for code in GROUP_LEADS:
        row = rows[code]
        assert row.group == int(code[1])
        assert row.start == date(2026, 5, 15)
        assert row.deadline is not None
        assert last_day(row.deadline) == date(2026, 6, 30)


WEEK_ROWS = {  # lead, last day of the checkpoint, number of products of the row itself
    "W1.1": ("VP", date(2026, 5, 21), 4),
    "W2.1": ("CBVCTNB", date(2026, 5, 28), 3),
    "W2.2": ("VP", date(2026, 5, 28), 2),
    "W2.3": ("VCSDDV", date(2026, 5, 28), 1),
    "W3.1": ("VP", date(2026, 6, 4), 1),
    "W3.2": ("VCSDDV", date(2026, 6, 4), 1),
    "W4.1": ("VCSDDV", date(2026, 6, 11), 1),
    "W5.1": ("VP", date(2026, 6, 18), 2),
    "W6.1": ("VCSDDV", date(2026, 6, 25), 1),
    "W6.2": ("VP", date(2026, 6, 25), 2),
    "W6.3": ("VP", date(2026, 6, 25), 4),
    "W7.1": ("VP", date(2026, 6, 30), 1),
    "W7.2": ("VCB", date(2026, 6, 30), 1),
    "W7.3": ("CBVCTNB", date(2026, 6, 30), 1),
    "W7.4": ("VCSDDV", date(2026, 6, 30), 1),
    "W7.5": ("VP", date(2026, 6, 30), 4),
}


@pytest.mark.parametrize("code", WEEK_ROWS)
def test_week_rows(code: str, rows: dict[str, TaskRow]) -> None:
    lead, day, products = WEEK_ROWS[code]
    row = rows[code]
    assert row.lead == lead
    assert row.week == int(code[1])
    assert row.deadline is not None
    assert last_day(row.deadline) == day
    assert row.deadline_assumed == (code == "W6.3")
    assert sum(not p.checklist_code for p in row.products) == products


CHECKLIST = {  # task it hangs on, last day in time, printed words
    "S1": ("W1.1", date(2026, 5, 20), "Trước 21/5"),
    "S2": ("W1.1", date(2026, 5, 30), "Trước 31/5"),
    "S3": ("W2.1", date(2026, 5, 24), "Trước 25/5"),
    "S4": ("W3.1", date(2026, 5, 30), "Trước 31/5/2026"),
    "S5": ("W2.2", date(2026, 5, 24), "Trước 25/5"),
    "S6": ("V2.1", date(2026, 6, 3), "Trước 04/6"),
    "S7a": ("W4.1", date(2026, 6, 12), "Trước 13/6"),
    "S7b": ("W5.1", date(2026, 6, 19), "Trước 20/6"),
    "S8": ("W3.2", date(2026, 6, 24), "Trước 25/6"),
    "S9": ("W6.1", date(2026, 6, 24), "Trước 25/6"),
    "S10": ("W6.3", date(2026, 6, 29), "Trước 30/6"),
    "S11": ("W2.1", date(2026, 6, 22), "Trước 23/6"),
    "S12": ("W6.2", date(2026, 6, 24), "Trước 25/6"),
    "S13": ("W7.5", date(2026, 6, 30), "30/6"),
}


@pytest.mark.parametrize("code", CHECKLIST)
def test_mandatory_products(code: str, rows: dict[str, TaskRow]) -> None:
    task, day, printed = CHECKLIST[code]
    product = next(p for p in rows[task].products if p.checklist_code == code)
    assert product.deadline is not None
    assert last_day(product.deadline) == day
    assert product.deadline_text == printed
    assert product.criteria


def test_fourteen_products_stand_under_thirteen_numbers(plan: dict[str, Any]) -> None:
    assert [p.get("number", "") for p in plan["products"]] == [
        *("1", "2", "3", "4", "5", "6", "7", "", "8", "9", "10", "11", "12", "13"),
    ]


MATRIX: list[list[str | None]] = [
    ["Khởi động", "Duy trì", "Duy trì", "Duy trì", "Duy trì", "Duy trì", "Tổng kết"],
    ["Chốt quy chế", "Chốt phân công", "Rà soát bổ sung", None, None, None, None],
    [
        *(None, "Lập danh mục", "Sơ đồ hóa", "Đầu bài số", "Kiểm thử yêu cầu", "Hoàn thiện"),
        "Nghiệm thu",
    ],
    [
        *("Khung dữ liệu", "Làm sạch mẫu", "Đối soát", "Quy chế cập nhật", "Hoàn thiện"),
        *("Nghiệm thu", None),
    ],
    ["Chuẩn bị", "Quy trình", "Hướng dẫn", "Tập huấn", "Triển khai thử", "Tổng hợp", None],
    ["Rà soát", "Phương án", "Kiểm thử", "Bổ sung", "Hoàn thiện", "Nghiệm thu", None],
    [
        *("Danh sách tổ", "Tài liệu", "Tập huấn 1", "Tập huấn 2", "Tập huấn 3", "AI cơ bản"),
        "Tổng kết",
    ],
    [
        *(None, "Chuẩn bị dữ liệu không mật", "Đầu bài AI", "Đào tạo và thử nghiệm"),
        *("Kế hoạch Quý III", None, None),
    ],
]


def test_the_progress_matrix_in_the_plans_own_words(
    plan: dict[str, Any], rows: dict[str, TaskRow]
) -> None:
    assert [row["cells"] for row in plan["matrix"]] == MATRIX
    for row in rows.values():
        if row.kind == "milestone" and row.matrix_row and row.week:
            words = MATRIX[row.matrix_row - 1][row.week - 1]
            assert [p.title for p in row.products] == [words] == [row.focus]
            assert row.deadline is not None
            assert last_day(row.deadline).isoformat() == plan["phases"][row.week - 1]["end"]


def test_milestones_follow_the_lead_of_their_group_task(rows: dict[str, TaskRow]) -> None:
    leads = {row.matrix_row: row.lead for row in rows.values() if row.kind == "milestone"}
    assert leads == {1: "VP", 2: "VP", 3: "VCSDDV", 4: "VP", 5: "VP", 6: "VP", 7: "VP", 8: "VP"}


def test_blocks(plan: dict[str, Any], rows: dict[str, TaskRow]) -> None:
    assert [b["standing_unit"] for b in plan["blocks"]] == [
        *("VP", "VCSDDV", "CBVCTNB", "VCB", "VNCKH", "VP", "VCDV"),
    ]
    assert [b["checkpoints"] for b in plan["blocks"]] == [
        ["2026-05-21", "weekly", "2026-06-30"],
        ["2026-06-04", "2026-06-20", "2026-06-25"],
        ["2026-06-18", "2026-06-30"],
        ["2026-06-18", "2026-06-30"],
        ["2026-06-25", "2026-06-30"],
        ["2026-05-21", "2026-06-25"],
        ["weekly"],
    ]
    assert all(row.block for row in rows.values())
    assert rows["V7.1"].block == rows["W6.2"].block == rows["M7.3"].block == 6
    assert rows["V8.1"].block == rows["M8.3"].block == 5


def test_support_lines(plan: dict[str, Any]) -> None:
    lines = plan["support_lines"]
    assert [line["hours"] for line in lines] == [24, 24, 72]
    assert [line.get("hours_many_units") for line in lines] == [None, 48, None]
    assert [line.get("escalates_to") for line in lines] == [2, 3, None]


def test_assignments_are_complete_and_name_only_people_of_the_file(
    plan: dict[str, Any], rows: dict[str, TaskRow]
) -> None:
    people = {person["username"] for person in plan["people"]}
    assert {"truongban", "photruong", "vanphong", "donvi", "chuyenvien"} <= people
    assert {row.owner for row in rows.values()} <= people
    assert all(row.owner and row.responsibility and row.process for row in rows.values())
    collective = {u["code"] for u in plan["units"] if u.get("collective")}
    assert not {row.lead for row in rows.values()} & (collective | {None})
    assert {b["deputy"] for b in plan["assignments"]["blocks"]} <= people


def test_the_schema_is_json() -> None:
    schema = json.loads((PLAN.parent / "plan.schema.json").read_text("utf-8"))
    assert schema["additionalProperties"] is False
