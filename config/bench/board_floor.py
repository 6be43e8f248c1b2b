"""The figures of the pages in plain SQL: the least that any program would have to ask for them."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection

_CAMPAIGN = "(SELECT id FROM campaign_campaign ORDER BY start DESC, id DESC LIMIT 1)"
_ON_BOARD = f"t.campaign_id = {_CAMPAIGN} AND t.state IN ('active', 'done')"
_SEVERITY = """CASE t.light WHEN 'red' THEN 0 WHEN 'yellow' THEN 1 WHEN 'green' THEN 2
    WHEN 'grey' THEN 2 ELSE 3 END"""
# A line: the task with its people, its newest report, its judgement.
_LINE = """
SELECT t.id, t.code, t.title, t.light, t.start, t.deadline, t.late_days, t.next_change_at,
    u.name, o.full_name, b.no, d.full_name, r.percent, j.light, j.reason
FROM picked JOIN campaign_task t USING (id)
JOIN security_unit u ON u.id = t.unit_id
LEFT JOIN security_user o ON o.id = t.owner_id
LEFT JOIN campaign_block b ON b.id = t.block_id
LEFT JOIN security_user d ON d.id = b.deputy_id
LEFT JOIN LATERAL (SELECT percent FROM campaign_progressreport r WHERE r.task_id = t.id
    ORDER BY at DESC, id DESC LIMIT 1) r ON true
LEFT JOIN LATERAL (SELECT light, reason FROM campaign_judgement j WHERE j.task_id = t.id
    AND j.at <= now() AND j.expires_at > now() ORDER BY at DESC, id DESC LIMIT 1) j ON true
"""
# What each product of the picked tasks went through.
_PRODUCTS = """
SELECT p.id, p.task_id, p.title, p.checklist_code, p.deadline, s.round, s.at, a.at, a.grade,
    a.remediate_until
FROM picked JOIN campaign_product p ON p.task_id = picked.id
LEFT JOIN campaign_submission s ON s.product_id = p.id
LEFT JOIN campaign_acceptance a ON a.submission_id = s.id
"""


def _picked(limit: int, *, only: str = "true", order: str = "") -> str:
    order = order or f"{_SEVERITY}, coalesce(t.presses_at, t.deadline), t.id"
    return (
        f"WITH picked AS (SELECT t.id FROM campaign_task t WHERE {_ON_BOARD} AND {only} "  # noqa: S608
        f"ORDER BY {order} LIMIT {limit})"
    )


_COUNT = f"SELECT count(*) FROM campaign_task t WHERE {_ON_BOARD}"  # noqa: S608
_UNITS = f"""
SELECT u.code, u.name, t.light, count(*) FROM campaign_task t JOIN security_unit u ON u.id = t.unit_id
WHERE {_ON_BOARD} GROUP BY 1, 2, 3
"""  # noqa: S608
_COUNTS = f"""
SELECT t.light, t.group_id, t.block_id, u.code, u.name, t.matrix_row_id, t.phase_id, t.kind,
    count(*), count(*) FILTER (WHERE t.late_days > 0), count(*) FILTER (WHERE t.deadline <= now()),
    min(t.next_change_at), min(t.focus), min(t.id)
FROM campaign_task t JOIN security_unit u ON u.id = t.unit_id WHERE {_ON_BOARD}
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
"""  # noqa: S608
_WEEK = f"""
SELECT l.from_light, l.to_light, count(*) FROM campaign_lighttransition l
JOIN campaign_task t ON t.id = l.task_id
WHERE t.campaign_id = {_CAMPAIGN} AND l.effective_at > now() - interval '7 days' GROUP BY 1, 2
"""  # noqa: S608
_PRESSING = _picked(12, only="t.light IN ('red', 'yellow')")
# What an XLSX or a matrix says a task lacks, over all of them.
_GAPS = f"""
SELECT count(*), count(*) FILTER (WHERE t.title = ''), count(*) FILTER (WHERE t.owner_id IS NULL),
    count(*) FILTER (WHERE t.responsibility = ''), count(*) FILTER (WHERE t.process = ''),
    count(*) FILTER (WHERE t.start IS NULL OR t.deadline IS NULL),
    count(*) FILTER (WHERE NOT EXISTS (SELECT FROM campaign_product p WHERE p.task_id = t.id))
FROM campaign_task t WHERE t.campaign_id = {_CAMPAIGN} AND t.state IN ('draft', 'active', 'done')
"""  # noqa: S608
_PARTNERS = """
SELECT p.task_id, u.name, p.role, p.part FROM picked JOIN campaign_taskunit p ON p.task_id = picked.id
JOIN security_unit u ON u.id = p.unit_id
"""
_LINKS = """
SELECT l.task_id, l.other_id, l.kind FROM picked JOIN campaign_tasklink l ON l.task_id = picked.id
"""
# Headings of the sections: tasks of each colour, from when to when.
_SECTIONS = f"""
SELECT g.no, g.name, t.light, count(*), min(t.start), max(t.deadline) FROM campaign_task t
LEFT JOIN campaign_taskgroup g ON g.id = t.group_id WHERE {_ON_BOARD} GROUP BY 1, 2, 3 ORDER BY 1
"""  # noqa: S608
_BY_TIME = """(SELECT g.no FROM campaign_taskgroup g WHERE g.id = t.group_id), t.start, t.deadline,
    t.id"""

FLOORS: dict[str, tuple[str, ...]] = {
    "board": (_COUNTS, _WEEK, _PRESSING + _LINE, _PRESSING + _PRODUCTS),
    "list": (_COUNT, _UNITS, _picked(50) + _LINE, _picked(50) + _PRODUCTS),
    "matrix": (
        *(_COUNT, _UNITS, _GAPS, _picked(50) + _LINE),
        *(_picked(50) + _PRODUCTS, _picked(50) + _PARTNERS),
    ),
    "progress": (_COUNTS,),
    "units": (_COUNTS,),
    "timeline": (
        *(_SECTIONS, _UNITS, _picked(200, order=_BY_TIME) + _LINE),
        *(_picked(200, order=_BY_TIME) + _PRODUCTS, _picked(200, order=_BY_TIME) + _LINKS),
    ),
}


def asked(name: str) -> Callable[[], object]:
    """The figures of one page, fetched."""

    def ask() -> object:
        rows = []
        with connection.cursor() as cursor:
            for statement in FLOORS[name]:
                cursor.execute(statement)
                rows.append(cursor.fetchall())
        return rows

    return ask
