"""House rule of forms: one place says 422, and puts choices that no page offered on the trail."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("security", "records", "digitization", "campaign", "dashboard", "config")
DOOR = "security/http.py"
# file: function → why it says 422 itself.
ALLOWED = {
    "digitization/views/pages.py": {"text": "a text and its version, no form with choices"},
    "security/api/refusals.py": {"refusal": "what a service refused of a JSON body, no form"},
    "security/middleware.py": {"_shows_something": "looks at answers, gives none"},
}


def _own_status(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """(function, line) of each 422 written out."""
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                said = getattr(node, "value", None), getattr(node, "attr", None)
                if said == (422, None) or said[1] == "UNPROCESSABLE_ENTITY":
                    yield function.name, node.lineno  # type: ignore[attr-defined]


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            if "migrations" not in path.parts:
                yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def test_no_view_says_422_for_a_form_by_itself() -> None:
    """Use ``security.http.form_status(request, form)``: it writes forged choices down."""
    found = [
        f"{name}:{line} {function}"
        for name, tree in _trees()
        for function, line in _own_status(tree)
        if name != DOOR and function not in ALLOWED.get(name, {})
    ]
    assert found == []


def test_no_exception_outlives_its_reason() -> None:
    there = {name: {function for function, _line in _own_status(tree)} for name, tree in _trees()}
    for name, functions in ALLOWED.items():
        assert functions.keys() <= there[name], name
    assert there[DOOR] == {"form_status"}


def test_a_status_of_ones_own_is_found() -> None:
    for wrong in ("return render(r, t, status=422)", "return HTTPStatus.UNPROCESSABLE_ENTITY"):
        assert list(_own_status(ast.parse(f"def page(r):\n    {wrong}\n"))) == [("page", 2)]
    right = "def page(r):\n    return render(r, t, status=form_status(r, form))\n"
    assert list(_own_status(ast.parse(right))) == []
