"""What is agreed on a task, and what stands around it: words, files, links, dates, hand-overs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from tests.walk.doors.campaign import DECIDERS, MANAGERS, WORKERS
from tests.walk.register import TASK_VIEWERS, Door, Kwargs, roles
from tests.walk.rows import Rows

HANDERS = roles("head", "deputy", "office", "unit_head")
FILERS = WORKERS


def _others(those: frozenset[str]) -> dict[str, int]:
    """They see the task and are told, on it, that their role does not allow this."""
    return dict.fromkeys(TASK_VIEWERS - those, 422)


def _task(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk}


def _second(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.second.pk}


def _draft(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.draft.pk}


def _asked(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.second.pk, "asked": rows.asked.pk}


def _comment(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "comment": rows.comment.pk}


def _file(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "file": rows.file.pk}


def _link(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.task.pk, "link": rows.link.pk}


def _promised(rows: Rows) -> dict[str, Any]:
    return {"pk": rows.second.pk, "product": rows.promised.pk}


def _mixed(kwargs: Kwargs) -> Any:
    """An own task with somebody else's part."""
    return lambda own, other: {**kwargs(other), "pk": kwargs(own)["pk"]}


def _in_days(days: int) -> str:
    return (date.today() + timedelta(days=days)).isoformat()  # noqa: DTZ011 - any day near will do


def _edited(rows: Rows) -> dict[str, Any]:
    task = rows.draft
    return {
        "title": "Tên mới",
        "kind": task.kind,
        "owner": task.owner.username,
        "unit": task.unit.code,
        "version": task.version,
    }


def _deed(name: str, who: frozenset[str], kwargs: Kwargs, **more: Any) -> Door:
    """A POST on a task's page: refused there to whoever sees the task and may not."""
    return Door(f"campaign:{name}", who, kwargs, "POST", 302, seen=_others(who), **more)


def _form(name: str, kwargs: Kwargs | None, data: Kwargs, **more: Any) -> tuple[Door, Door]:
    """A page of whoever runs the campaign, and its POST."""
    return (
        Door(f"campaign:{name}", MANAGERS, kwargs, **more),
        Door(f"campaign:{name}", MANAGERS, kwargs, "POST", 302, data=data, **more),
    )


DOORS = (
    Door("campaign:task_detail", TASK_VIEWERS, _second),
    Door("campaign:task_detail", TASK_VIEWERS, _task, query="?story=words"),
    Door("campaign:drafts", MANAGERS),
    *_form("task_new", None, lambda rows: {
        "title": "Việc mới", "kind": "week", "unit": rows.task.unit.code,
    }),
    *_form("task_edit", _draft, _edited),
    *_form("task_products", _second, lambda rows: {"title": "Thêm"}),
    *_form(
        "product_edit",
        _promised,
        lambda rows: {"title": "Tên khác", "version": rows.second.version},
        crossed=(_mixed(_promised),),
    ),
    *_form("links", _second, lambda rows: {"kind": "technical_part", "other": rows.task.code}),
    *_form("partners", _second, lambda rows: {"version": rows.second.version}),
    *_form("split", _second, lambda rows: {"title": "Phần", "unit": rows.task.unit.code}),
    Door(
        "campaign:product_remove", MANAGERS, _promised, "POST", 302, crossed=(_mixed(_promised),)
    ),
    Door("campaign:unlink", MANAGERS, _link, "POST", 302, crossed=(_mixed(_link),)),
    _deed("cancel", MANAGERS, _second, data=lambda rows: {"cancel-reason": "Trùng"}),
    Door("campaign:hand_over", HANDERS, _second),
    Door(
        "campaign:hand_over",
        HANDERS,
        _second,
        "POST",
        302,
        data=lambda rows: {
            "owner": rows.successor.username,
            "unit": rows.task.unit.code,
            "reason": "Nghỉ phép",
        },
    ),
    _deed(
        "ask_deadline",
        WORKERS,
        _task,
        data=lambda rows: {"ask-day": _in_days(60), "ask-reason": "Chờ"},
    ),
    _deed("approve_deadline", DECIDERS, _asked, crossed=(_mixed(_asked),)),
    _deed(
        "refuse_deadline",
        DECIDERS,
        _asked,
        data=lambda rows: {"refuse-reason": "Không"},
        crossed=(_mixed(_asked),),
    ),
    # Its own asker alone.
    _deed("withdraw_deadline", roles("unit_staff"), _asked, crossed=(_mixed(_asked),)),
    _deed("comment", TASK_VIEWERS, _task, data=lambda rows: {"text": "Xem @di-head"}),
    _deed("withdraw_comment", roles("unit_staff"), _comment, crossed=(_mixed(_comment),)),
    Door("campaign:callable_people", TASK_VIEWERS, _task, query="?q=canary"),
    Door("campaign:callable_people", TASK_VIEWERS, _task, query="?q="),
    Door("campaign:people_search", HANDERS, query="?owner=canary"),
    _deed("file_remove", MANAGERS | roles("unit_staff"), _file, crossed=(_mixed(_file),)),
    Door("campaign:file", TASK_VIEWERS, _file, status=302, crossed=(_mixed(_file),)),
    # Opens by a link that "campaign:file" has just made, and by nothing else.
    Door(
        "campaign:file_bytes",
        TASK_VIEWERS,
        lambda rows: {"pk": rows.file.pk},
        elsewhere="tests/campaign/test_task_pages_files.py",
    ),
    # A file comes as a form of several parts.
    Door(
        "campaign:attach", FILERS, _task, "POST", 302,
        elsewhere="tests/campaign/test_task_pages_files.py",
    ),
)  # fmt: skip
