"""Whoever searches the trail by kind of event finds every event under one of the kinds."""

from __future__ import annotations

from security.actions import EVENT_GROUPS, EVENTS
from security.event_groups import GROUPS, group_called

# Refusals of whole requests are found by the decision, not by a kind.
BY_DECISION = {"request.refused", "request.forged", "request.denied"}


def test_every_event_belongs_to_a_kind_that_can_be_chosen() -> None:
    lost = {name for name in EVENTS if not any(group.holds(name) for group in GROUPS)}
    assert lost == BY_DECISION & set(EVENTS)
    assert {group.code for group in GROUPS} == set(EVENT_GROUPS) - {""}


def test_what_keeps_the_installation_is_one_kind() -> None:
    keeping = group_called("keeping")
    assert keeping is not None
    assert all(keeping.holds(name) for name in ("backup.made", "files.swept", "file.mended"))
    assert not keeping.holds("file.received")
