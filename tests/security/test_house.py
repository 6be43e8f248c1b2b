"""House rules of access: no table without its index, no module that reads around the filter."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db import connection

from security.models import Protected
from security.models.protected import protected_models

ROOT = Path(settings.BASE_DIR)
APPS = ("security", "records", "digitization", "campaign", "dashboard")
# Rooms whose code answers a request or runs for somebody: they read for a reader.
ROOMS = ("views", "api", "viewsets", "forms", "access_forms", "selectors", "tasks", "context")
PROTECTED = {model.__name__ for model in protected_models()}
FILTERED = {
    *("visible_to", "visible_or_404", "unread_or_404", "linked_or_404"),
    *("visible_q", "explained_rows"),
}

# file: function → why it may read protected rows without the filter.
ALLOWED = {
    "campaign/api/lights.py": {"lit_up": "ids come from a filtered queryset"},
    "campaign/selectors/trend.py": {"trend_of": "compares all with what the filter shows"},
    "campaign/selectors/board.py": {"_exceptions": "ids come from a filtered queryset"},
    "campaign/selectors/six_clear.py": {"six_lines": "ids come from a filtered queryset"},
    "campaign/selectors/timeline.py": {"bars_of": "ids come from a filtered queryset"},
    "digitization/forms.py": {"clean_code": "a code is unique in the whole installation"},
    "digitization/selectors/counts.py": {
        "fit_counters": "asks whether counts must be fitted",
        "hides_something": "compares all with what the filter shows",
    },
    "digitization/selectors/export.py": {
        "visible_dossier": "user None is the machine's own command line",
        "_exported": "likewise; internal and below only",
    },
    "digitization/selectors/lots.py": {"index_gaps": "the gate judges the lot whole, by number"},
    "digitization/selectors/pages.py": {"surroundings": "ids come from a filtered queryset"},
    "digitization/selectors/search.py": {
        "search_scans": "ids come from a filtered queryset",
        "_by_index": "a condition within a filtered queryset",
    },
    # Querysets that each caller hands to visible_or_404 (tests of those views: hidden rows, 404).
    "digitization/views/dossiers.py": {"dossiers": "handed to a door"},
    "digitization/views/lots.py": {"_lots": "handed to a door"},
    "digitization/views/pages.py": {"_pages": "handed to a door"},
    "digitization/views/pictures.py": {"_pictures": "handed to a door"},
    "digitization/views/programmes.py": {"_programmes": "handed to a door"},
}


@pytest.mark.parametrize("model", protected_models(), ids=lambda model: model._meta.label_lower)
@pytest.mark.django_db
def test_every_protected_table_has_both_composite_indexes(model: type[Protected]) -> None:
    """In the database itself: one range scan by place and level, one walk from the newest on."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT indexdef FROM pg_indexes WHERE tablename = %s", [model._meta.db_table]
        )
        columns = {definition.split("(", 1)[1] for (definition,) in cursor.fetchall()}
    assert any(one.startswith("unit_path, level, id)") for one in columns)
    assert any(one.startswith("created_at DESC, id DESC)") for one in columns)


def test_every_kind_of_row_has_a_name_for_people() -> None:
    assert [m.__name__ for m in apps.get_models() if issubclass(m, Protected)]
    assert [model.__name__ for model in protected_models() if not model.kind_name] == []


def _modules() -> Iterator[Path]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            parts = {*path.relative_to(ROOT).with_suffix("").parts}
            if parts & set(ROOMS) and not parts & {"migrations", "services", "models"}:
                yield path


def test_there_are_modules_to_look_at() -> None:
    assert len(list(_modules())) > 30


def _unfiltered(tree: ast.Module) -> Iterator[tuple[str, int, str]]:
    """(function, line, model) of each ``Model.objects.<reads>`` whose function never filters."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for node in ast.walk(function):
            model = _manager_of(node)
            if isinstance(node, ast.expr) and model and not _filtered(function, node):
                yield function.name, node.lineno, model


def _manager_of(node: ast.AST) -> str:
    """'Member' for ``Member.objects`` and ``Member._default_manager``; else ''."""
    if (
        isinstance(node, ast.Attribute)
        and node.attr in {"objects", "_default_manager", "_base_manager"}
        and isinstance(node.value, ast.Name)
        and node.value.id in PROTECTED
    ):
        return node.value.id
    return ""


def _filtered(function: ast.AST, manager: ast.AST) -> bool:
    """Whether the chain that begins at this manager holds ``visible_to``, or is handed to a door."""
    parents = {child: node for node in ast.walk(function) for child in ast.iter_child_nodes(node)}
    node: ast.AST | None = manager
    while node is not None:
        if isinstance(node, ast.Attribute) and node.attr in FILTERED:
            return True
        if isinstance(node, ast.Call) and _name(node.func) in FILTERED:
            return True
        if isinstance(node, ast.stmt):
            return _name_is_filtered_later(function, node)
        node = parents.get(node)
    return False


def _name_is_filtered_later(function: ast.AST, statement: ast.stmt) -> bool:
    """``rows = Model.objects…`` followed by ``rows.visible_to`` or a door that takes ``rows``."""
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return False
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    names = {target.id for target in targets if isinstance(target, ast.Name)}
    for node in ast.walk(function):
        if isinstance(node, ast.Attribute) and node.attr in FILTERED and _root(node) in names:
            return True
        if isinstance(node, ast.Call) and _name(node.func) in FILTERED:
            given = [*node.args, *(word.value for word in node.keywords)]
            if names & {_root(one) for one in given}:
                return True
    return False


def _name(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _root(node: ast.AST) -> str:
    while isinstance(node, ast.Attribute | ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def test_rooms_that_answer_read_protected_rows_through_the_filter_alone() -> None:
    found = []
    for path in _modules():
        name = str(path.relative_to(ROOT))
        for function, line, model in _unfiltered(ast.parse(path.read_text("utf-8"))):
            if function not in ALLOWED.get(name, {}):
                found.append(f"{name}:{line} {function} reads {model}")
    assert sorted(set(found)) == []


def test_no_exception_outlives_its_reason() -> None:
    """What is allowed is still there: a stale entry would one day cover something new."""
    for name, functions in ALLOWED.items():
        there = {one for one, _line, _model in _unfiltered(ast.parse((ROOT / name).read_text()))}
        assert functions.keys() <= there, name


def test_a_read_around_the_filter_is_found() -> None:
    wrong = "def list_page(request):\n    return Member.objects.filter(pk=1)\n"
    right = "def list_page(request):\n    return Member.objects.visible_to(request.user)\n"
    assert list(_unfiltered(ast.parse(wrong))) == [("list_page", 2, "Member")]
    assert list(_unfiltered(ast.parse(right))) == []
