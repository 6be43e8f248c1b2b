"""House rule of the history: no writing room goes past it.

``update()``, ``bulk_create``, ``bulk_update`` and ``delete`` of a queryset write no version. So every
such call must begin at the manager of a model that keeps no history (``Page.objects…``), or be
listed below with the reason why it may stand. What cannot be told is a finding: a related manager,
a queryset handed in, a manager reached through a variable.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings

from security.models.protected import protected_models

ROOT = Path(settings.BASE_DIR)
APPS = ("campaign", "config", "dashboard", "digitization", "records", "security")
PAST_THE_HISTORY = frozenset(
    {
        "update", "delete", "bulk_create", "bulk_update", "_raw_delete", "aupdate", "adelete",
        "abulk_create", "abulk_update",
    }
)  # fmt: skip
# They save row by row, so a version is written, but nobody has signed the row for it.
UNSIGNED = frozenset({"create", "get_or_create", "update_or_create"})
MANAGERS = frozenset({"objects", "_default_manager", "_base_manager"})
MODELS = {model.__name__: model for model in apps.get_models(include_auto_created=True)}
# Whatever comes from these is updated in memory: a hash, an environment.
NO_TABLES = frozenset({"hashlib", "hmac", "os", "digest"})
HISTORIED = {name for name, model in MODELS.items() if hasattr(model, "history")}

# file: function → why nothing is lost.
ALLOWED = {
    "records/registers.py": {"save": "the register's own service, held under the name update"},
    # Columns without a history.
    "campaign/services/lights.py": {
        "settle": "the stored light: excluded from the history, its own table tells it",
    },
    "campaign/services/policies.py": {"set_policy": "when the stored light is looked at next"},
    "campaign/services/agreeing.py": {"remove_product": "one row, signed: its history is written"},
    # Rows without a history, reached otherwise than by the name of their model.
    "campaign/services/granting.py": {"_sync": "grants: ended, never rewritten"},
    "campaign/services/plan_tasks.py": {"_partners": "partners of a task"},
    "digitization/services/pages.py": {"retry_failed": "jobs of pages"},
    # Of a page the history keeps what people make of it (MACHINE_WRITTEN is left out).
    "digitization/reading.py": {"write_result": "columns that the machine writes"},
    "digitization/services/receiving.py": {"_add_pages": "as they came: nobody wrote anything yet"},
    "security/services/invitations.py": {"invite": "sign-in links", "drop_links": "sign-in links"},
    "security/services/secrecy.py": {"store_decision": "only where the model has no history"},
    "dashboard/notices/letterbox.py": {"put_in": "which notices a letter tells"},
    "dashboard/notices/choosing.py": {"mark_read": "notices", "mark_unread": "notices"},
    # No rows at all.
    "campaign/selectors/trend.py": {"_counts": "counters"},
    "security/alarms.py": {"tell": "a mark in the cache"},
    "security/database_roles.py": {"_owners_session": "terms of a connection"},
    "config/bench/keeping.py": {"_measure": "figures of a bench"},
    "config/keeping/retention.py": {"_needed": "names of files"},
    # Made-up rows in a scratch database that is dropped with its measurement.
    "config/bench/campaign_rows.py": {"_copies": "a bench"},
}


def calls(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """(function, line, call) of every write that may go past a history."""
    for node in tree.body:
        for function in ast.walk(node):
            if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                continue
            for call in ast.walk(function):
                if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
                    continue
                name = call.func.attr
                model = model_of(call.func.value, function)
                loses = name in PAST_THE_HISTORY and (model is None or model in HISTORIED)
                if loses or (name in UNSIGNED and model in HISTORIED):
                    yield function.name, call.lineno, f"{model or 'unknown'}.{name}"


def model_of(node: ast.AST, function: ast.AST, depth: int = 0) -> str | None:
    """Name of the model whose manager this chain begins at; None where it cannot be told."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS:
            owner = node.value
            known = isinstance(owner, ast.Name) and owner.id in MODELS
            return owner.id if known and isinstance(owner, ast.Name) else None
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Name) and node.id in NO_TABLES:
        return node.id
    if isinstance(node, ast.Name) and depth < 3:
        return _assigned(node.id, function, depth)
    return None


def _assigned(name: str, function: ast.AST, depth: int) -> str | None:
    """The model of a variable, if every assignment in the function says the same one."""
    found = set()
    for node in ast.walk(function):
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets = [node.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            value = node.value  # type: ignore[attr-defined]
            found.add(model_of(value, function, depth + 1))
    return found.pop() if len(found) == 1 else None


def modules() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = str(path.relative_to(ROOT))
            if "/migrations/" not in name:
                yield name, ast.parse(path.read_text("utf-8"))


def test_the_models_with_a_history_are_those_known_here() -> None:
    assert {
        *("Person", "Member", "Cadre", "Task", "Product", "IndexValue"),
        *("Programme", "DocumentType", "Lot", "Dossier", "Document", "Page"),
    } == HISTORIED


def test_every_kind_of_record_has_a_history() -> None:
    without = {model.__name__ for model in protected_models()} - HISTORIED
    assert without == {"StoredFile"}  # its bytes never change; its level is told by Classification


def test_nothing_writes_past_the_history() -> None:
    found = [
        f"{name}:{line} {function} {call}"
        for name, tree in modules()
        for function, line, call in calls(tree)
        if function not in ALLOWED.get(name, {})
    ]
    assert sorted(set(found)) == []


def test_no_permission_outlives_its_reason() -> None:
    there: dict[str, set[str]] = {}
    for name, tree in modules():
        there[name] = {function for function, _line, _call in calls(tree)}
    for name, functions in ALLOWED.items():
        assert functions.keys() <= there[name], name


def test_each_way_past_the_history_is_found() -> None:
    def first(line: str) -> list[str]:
        return [
            call for _f, _l, call in calls(ast.parse(f"def f(row, rows, model):\n    {line}\n"))
        ]

    assert first("Member.objects.filter(pk=1).update(status='x')") == ["Member.update"]
    assert first("Task._default_manager.all().delete()") == ["Task.delete"]
    assert first("Product.objects.bulk_create([])") == ["Product.bulk_create"]
    assert first("rows = Cadre.objects.all(); rows.bulk_update([], ['x'])") == ["Cadre.bulk_update"]
    assert first("row.products.all().update(title='x')") == ["unknown.update"]
    assert first("rows.delete()") == ["unknown.delete"]
    assert first("model._default_manager.filter().update(level=2)") == ["unknown.update"]
    assert first("IndexValue.objects.update_or_create(key='x')") == ["IndexValue.update_or_create"]
    assert first("OcrJob.objects.filter(pk=1).update(state='x')") == []
    assert first("bulk_create_with_history([], Member)") == []
