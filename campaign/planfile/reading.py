"""YAML with line numbers: duplicate keys are errors, dates stay text, only true/false are booleans.

PyYAML alone would let the second of two equal keys win, read ``no:`` as *false* and raise at the
first impossible date instead of listing all.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

Path = tuple[str | int, ...]


@dataclass(frozen=True)
class FileProblem:
    """One error of a plan file. line: 1-based, 0 where none applies; key: dotted path."""

    line: int
    key: str
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "file"
        return f"{place}: {self.key}: {self.message}" if self.key else f"{place}: {self.message}"


@dataclass
class Document:
    """What a file says, and where it says it."""

    data: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[FileProblem] = field(default_factory=list)

    def problem(self, path: Path, message: str) -> None:
        self.problems.append(FileProblem(self.line(path), dotted(path), message))

    def line(self, path: Path) -> int:
        """Line of this place, or of the nearest one around it."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 0)


class _Loader(yaml.SafeLoader):
    pass


_DROPPED = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp"}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _DROPPED]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:true|false)$"), ["t", "f"])

# "\0" and halves of a surrogate pair, which YAML can write with a backslash: no database takes them.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def dotted(path: Path) -> str:
    """``('tasks', 3, 'lead')`` → ``tasks[3].lead``."""
    out = ""
    for part in path:
        out += f"[{part}]" if isinstance(part, int) else f".{part}" if out else part
    return out


def read(text: str) -> Document:
    """Parse; syntax errors and duplicate keys become problems of the document."""
    document = Document()
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            document.problem((), "the file is empty")
        else:
            document.data = _value(node, (), document, loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        document.problems.append(FileProblem(line, "", error.problem or "not readable as YAML"))
    except (yaml.YAMLError, RecursionError):
        document.problems.append(FileProblem(0, "", "not readable as YAML"))
    finally:
        loader.dispose()
    return document


def _value(node: yaml.Node, path: Path, document: Document, loader: _Loader) -> Any:
    document.lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, path, document, loader)
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), document, loader) for i, item in enumerate(node.value)]
    value = loader.construct_object(node, deep=True)
    if isinstance(value, str) and _UNSTORABLE.search(value):
        document.problem(path, "holds a character that cannot be stored")
    return value


def _mapping(
    node: yaml.MappingNode, path: Path, document: Document, loader: _Loader
) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here = (*path, key)
        if key in found:
            document.problems.append(
                FileProblem(key_node.start_mark.line + 1, dotted(here), "the key is there twice")
            )
        found[key] = _value(value_node, here, document, loader)
        document.lines[here] = key_node.start_mark.line + 1
    return found
