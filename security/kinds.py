"""The kinds of protected rows there are, for screens and reports of the floor below them.

The security floor imports no app; it finds their models in Django's registry. Each says by class
attributes how it is called and where its page is (``security.models.Protected``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from security.models.protected import Protected, protected_models


@lru_cache(maxsize=1)
def view_actions() -> frozenset[str]:
    """Actions that open rows for reading; the only ones that an emergency can open."""
    return frozenset(model.view_action for model in protected_models())


def kind_called(label: str) -> type[Protected] | None:
    """The protected model with this ``app_label.model``, or None."""
    return next((one for one in protected_models() if one._meta.label_lower == label), None)


def grant_model(model: type[Protected], holder: str) -> Any:
    """The table of ``user_grants`` or ``unit_grants`` of this model; None if it has none."""
    for relation in model._meta.related_objects:
        if relation.get_accessor_name() == holder:
            return relation.related_model
    return None
