"""``bench sweep``: a hundred thousand tasks whose light is due to change, two sweepers, one killed.

Each sweeper is a process of its own that recomputes, writes transitions and tells people, as the
clock's worker does. In the middle one of the two is killed (SIGKILL) and another takes its place,
as the launcher and Compose do. Then the database is asked whether each change and each notice is
there exactly once, and in one letter where its reader wants one: everybody has an address, so all
letters are prepared and wait. What there should be is worked out in SQL, apart from the code under test.

``elapsed_seconds`` is from the start of the first sweeper (with its imports) to the end of the
last; ``load`` is what else the machine had to do in the minute before.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F, QuerySet, Value
from django.db.models.functions import Concat
from django.utils import timezone

from campaign.models import LightTransition, Task
from campaign.services import compare_lights
from config.bench import Result
from config.bench.campaign_rows import populate
from config.bench.database import own_database
from security.models import User

SCALE = 100_000
UNITS = 500
TARGETS = {"elapsed_seconds": 60.0, "wrong": 0.0}
AT_A_TIME = 2
KILLED_AT = 1 / 3  # of the changes
LONGEST = 1800.0
WRONG = (
    *("not_turned", "turned_twice", "unlike_the_rule", "notices_missing", "notices_beyond"),
    *("notices_twice", "untold", "mailed_twice", "unmailed"),
)
# Every change since the population was made that is a turn, with whom it concerns.
_TOLD = """
WITH turn AS (
    SELECT l.id, l.task_id FROM campaign_lighttransition l
    WHERE l.detected_at >= %(begun)s AND l.from_light <> '' AND l.to_light <> ''),
concerned AS (
    SELECT turn.id, t.owner_id AS person FROM turn JOIN campaign_task t ON t.id = turn.task_id
    UNION
    SELECT turn.id, b.deputy_id FROM turn JOIN campaign_task t ON t.id = turn.task_id
        JOIN campaign_block b ON b.id = t.block_id WHERE b.deputy_id IS NOT NULL
    UNION
    SELECT turn.id, g.user_id FROM turn JOIN campaign_task t ON t.id = turn.task_id
        JOIN security_rolegrant g ON g.unit_id = t.unit_id AND g.role_id = 'unit_head'),
should AS (SELECT 'transition:' || id AS event, person FROM concerned),
there AS (SELECT event, user_id AS person FROM dashboard_notice)
SELECT
    (SELECT count(*) FROM should),
    (SELECT count(*) FROM (SELECT * FROM should EXCEPT SELECT * FROM there) missing),
    (SELECT count(*) FROM (SELECT * FROM there EXCEPT SELECT * FROM should) beyond),
    (SELECT count(*) - count(DISTINCT (event, person)) FROM there),
    (SELECT count(*) FROM turn WHERE NOT EXISTS (
        SELECT FROM dashboard_toldevent e WHERE e.key = 'transition:' || turn.id)),
    (SELECT count(*) FROM (SELECT notice_id FROM dashboard_delivery_notices
        GROUP BY notice_id HAVING count(*) > 1) twice),
    (SELECT count(*) FROM dashboard_notice n WHERE n.kind <> 'turned_better' AND NOT EXISTS (
        SELECT FROM dashboard_delivery_notices d WHERE d.notice_id = n.id)),
    (SELECT count(*) FROM dashboard_delivery)
"""


def run(*, scale: int | None = None, **_options: Any) -> Result:
    """In a database of its own. ``scale``: tasks that are due to change."""
    tasks = scale or SCALE
    now = timezone.now()
    with own_database("bench_sweep") as name:
        populate(tasks, UNITS, now, shine_due)
        _all_told()
        User.objects.update(email=Concat(F("username"), Value("@example.invalid")))
        begun = timezone.now()
        due = set(Task.objects.due_for_sweep(begun).values_list("pk", flat=True))
        taken = _swept(name, begun, len(due))
        found = _checked(begun, due)
    wrong = sum(found[key] for key in WRONG)
    ratios = {"elapsed_seconds": taken["elapsed_seconds"], "wrong": float(wrong)}
    return Result(
        name="sweep",
        scale=tasks,
        figures={"due": len(due), **taken, **found},
        floors={},
        ratios=ratios,
        targets=TARGETS,
        ok=all(ratios[key] <= target for key, target in TARGETS.items()),
    )


def _all_told() -> None:
    """What the population brought along is old news."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO dashboard_toldevent (key, at)"
            " SELECT 'transition:' || id, now() FROM campaign_lighttransition"
            " UNION ALL SELECT 'handover:' || id, now() FROM campaign_handover"
        )


def shine_due(task: Task, number: int, now: datetime) -> None:
    """Each task as it was a moment before its next change: two thirds towards yellow, the others
    towards red. All reported 95 %, so that nothing but the calendar turns them."""
    minutes = timedelta(minutes=1 + number % 60)
    red = number % 3 == 2
    task.state, task.late_days = Task.State.ACTIVE, 0
    task.light = "yellow" if red else "green"
    task.next_change_at = now - minutes
    task.start = timezone.localdate(now - timedelta(weeks=3))
    task.deadline = task.next_change_at + timedelta(days=0 if red else 3)


# --- running ----------------------------------------------------------------------------


def _swept(database: str, begun: datetime, due: int) -> dict[str, float]:
    """Two at a time until both found nothing left; one killed when a third was written."""
    load, cpu = os.getloadavg()[0], os.times()
    started, killed_after = time.monotonic(), 0.0
    here = [_sweeper(database) for _ in range(AT_A_TIME)]
    while any(one.poll() is None for one in here):
        time.sleep(0.2)
        took = time.monotonic() - started
        if not killed_after and _turned(begun).count() >= due * KILLED_AT:
            here[0].send_signal(signal.SIGKILL)
            here[0].wait()
            killed_after = took
            here.append(_sweeper(database))
        if took > LONGEST:
            raise RuntimeError("the sweepers did not come to an end")
    if not killed_after or any(one.returncode for one in here[1:]):
        raise RuntimeError("none was killed, or another failed")
    elapsed, spent = time.monotonic() - started, os.times()
    return {
        "elapsed_seconds": round(elapsed, 1),
        "killed_after_seconds": round(killed_after, 1),
        "sweepers_cpu_seconds": round(
            spent.children_user + spent.children_system - cpu.children_user - cpu.children_system, 1
        ),
        "load": round(load, 1),
    }


def _sweeper(database: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "config.bench.sweeper", database]
    return subprocess.Popen(command, cwd=settings.BASE_DIR)


def _turned(begun: datetime) -> QuerySet[LightTransition]:
    return LightTransition.objects.filter(detected_at__gte=begun)


# --- checking ---------------------------------------------------------------------------


def _checked(begun: datetime, due: set[int]) -> dict[str, int]:
    # A task of the plan itself may turn yellow and red at once; each of both is one change.
    change = ("task_id", "from_light", "to_light", "effective_at")
    turned = list(_turned(begun).values_list(*change))
    with connection.cursor() as cursor:
        cursor.execute(_TOLD, {"begun": begun})
        should, missing, beyond, twice, untold, mailed_twice, unmailed, letters = cursor.fetchone()
    return {
        "transitions": len(turned),
        "notices": should,
        "not_turned": len(due - {task for task, *_rest in turned}),
        "turned_twice": len(turned) - len(set(turned)),
        "unlike_the_rule": sum(len(c.differences) for c in compare_lights(now=timezone.now())),
        "notices_missing": missing,
        "notices_beyond": beyond,
        "notices_twice": twice,
        "untold": untold,
        "mailed_twice": mailed_twice,
        "unmailed": unmailed,
        "letters": letters,
    }
