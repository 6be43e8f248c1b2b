"""Words, a file, a link, a date asked for around a task, in each place; and a link that leads out of sight."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from campaign.models import Attachment, Comment, TaskLink
from campaign.services import attach_file, request_deadline
from tests.campaign.make import make_task
from tests.security.make import make_user
from tests.walk.rows import Place, Rows


def around_rows(world: Any, place: Place, rows: Rows) -> dict[str, Any]:
    """``second``: a running task with a request that waits; ``link``: the first waits for it."""
    actor = place.maker or world.users["unit_staff"]
    second = make_task(
        campaign=world.rows["own"].campaign if world.rows else rows.campaign,
        unit=place.unit,
        owner=rows.task.owner,
        now=world.now,
        code=f"H-{place.word[:12]}",
        title=place.text("Việc hai"),
        products=2,
        deadline=world.now + timedelta(days=40),
    )
    second.products.update(title=place.text("Sản phẩm"))
    asked = request_deadline(
        actor=actor,
        task=second,
        deadline=world.now + timedelta(days=60),
        reason=place.text("Chờ số liệu"),
        now=world.now,
    )
    found: dict[str, Any] = {
        "second": second,
        "promised": second.products.first(),
        "asked": asked,
        "comment": Comment.objects.create(
            task=rows.task, text=place.text("Lời"), by=actor, at=world.now
        ),
        "file": _file(place, rows, actor, world),
        "link": _link(rows.task, second, world),
    }
    if not place.hidden:  # whom a unit holds is known to whoever administers it, no row's secret
        found["successor"] = make_user(unit=place.unit, full_name="Người nhận việc")
    if place.hidden:  # what is seen waits for what is not
        _link(world.rows["own"].task, rows.task, world)
    return found


def _file(place: Place, rows: Rows, actor: Any, world: Any) -> Attachment:
    return attach_file(
        actor=actor,
        task=rows.task,
        name=f"{place.word}.pdf",
        chunks=[b"%PDF-1.7 ", place.word.encode()],
        now=world.now,
    )


def _link(task: Any, other: Any, world: Any) -> TaskLink:
    return TaskLink.objects.create(
        task=task, other=other, kind=TaskLink.Kind.DEPENDS_ON, by=None, at=world.now
    )
