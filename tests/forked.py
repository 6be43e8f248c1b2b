"""What a forked child of a test needs first."""

from __future__ import annotations

from django.db import connections

INHERITED: list[object] = []  # kept and never closed: the sockets are the parent's


def take_own_connection() -> None:
    """Give the child a connection of its own before it asks the database anything.

    A child that dies while it uses its parent's leaves locks of its own there for good. And while
    a browser's loop runs in the parent, Django keeps a second connection for code in a loop; none
    runs in a child, so it would find the first one, which no transaction of the test knows.
    """
    INHERITED.append(connections["default"])
    connections["default"] = connections.create_connection("default")
