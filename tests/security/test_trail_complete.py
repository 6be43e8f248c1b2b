"""Nothing is changed past the trail: every service, task and command that writes leads to a line.

Read from the sources: from each public function of the services packages, from each task and each
command, the calls that can be followed must come to ``audit.record``. What writes nothing of
anybody's, or is written down by whoever calls it, is listed with its reason.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("campaign", "config", "dashboard", "digitization", "records", "security")
Name = tuple[str, str]  # module, function
RECORD: Name = ("security.audit", "record")

# Public functions of services that lead to no line, and why.
PART = "part of a service that writes the line"
WITHOUT_A_LINE = {
    "campaign.services.bulk.apply_changes": "the service of each task writes its line",
    "campaign.services.bulk.preview_changes": "a change that is taken back",
    "campaign.services.importing.ask_to_take_in": "a worker takes the table in and writes the lines",
    "campaign.services.importing.preview": "only compares",
    "campaign.services.lights.begin": PART,
    "campaign.services.lights.leave_board": PART,
    "campaign.services.lights.settle": PART,
    "campaign.services.plan_parts.load_parts": PART,
    "campaign.services.policies.preview_policy": "only counts",
    "campaign.services.sending.do_once": "around a service that writes its line",
    "digitization.services.exports.end": PART,
    "records.services.creating.build": "a row in memory",
    "records.services.creating.save_version": PART,
    "security.services.approvals.load_standing": "reference data; load_reference writes the line",
    "security.services.sessions.clear_dead_sessions": "sessions that were over already",
    "security.services.sessions.forget_attempts": "counters of failed sign-ins, themselves told",
    "security.services.tokens.note_use": "when a token was last used; each use has its line",
}
# Tasks that change nothing of anybody's.
TASKS_WITHOUT = {
    "dashboard.tasks.send_letters": "letters of codes and links; deliveries are their log",
    "dashboard.tasks.tell_people": "notices of facts that have their lines",
    "digitization.tasks.requeue_expired": "a page waits again; when it is read there is a line",
    "security.tasks.clear_sessions": "sessions that were over already",
    "security.tasks.make_audit_partitions": "room for the trail itself",
    "security.tasks.seal_trail": "seals, not rows",
    "security.tasks.tell_alarms": "a line of the log, a letter",
}
COMMANDS_WITHOUT = {
    "bench": "a scratch database",
    "migrate": "tables",
    "prepare": "calls load_reference and migrate",
    "audit_key": "a key beside the database, before there is a trail",
    "audit_verify": "only compares",
    "make_file_keys": "keys beside the database, before there is a file",
}


@dataclass
class Module:
    name: str
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imported: dict[str, Name] = field(default_factory=dict)  # local name → (module, name)
    modules: dict[str, str] = field(default_factory=dict)  # local name → module
    methods: dict[str, list[ast.FunctionDef]] = field(default_factory=dict)
    bases: dict[str, list[ast.expr]] = field(default_factory=dict)


@cache
def modules() -> dict[str, Module]:
    found = {}
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            if ".migrations." not in name:
                found[name] = _read(name, ast.parse(path.read_text("utf-8")))
    return found


def _read(name: str, tree: ast.Module) -> Module:
    module = Module(name)
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                module.imported[alias.asname or alias.name] = (node.module, alias.name)
        elif isinstance(node, ast.ClassDef):
            module.methods[node.name] = [f for f in node.body if isinstance(f, ast.FunctionDef)]
            module.bases[node.name] = node.bases
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            module.functions[node.name] = node
    return module


def resolved(module: Module, call: ast.expr) -> Name | None:
    """The function of the product that this expression names."""
    if isinstance(call, ast.Name):
        if call.id in module.functions or call.id in module.methods:
            return module.name, call.id
        return _origin(module.imported.get(call.id))
    if isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
        owner = module.imported.get(call.value.id)
        if owner is not None:
            return _origin((f"{owner[0]}.{owner[1]}", call.attr))
        if call.value.id == "self":
            return module.name, f"self.{call.attr}"
    return None


def _origin(name: Name | None) -> Name | None:
    """Through the packages that only hand a name on."""
    while name is not None and name != RECORD and name[0] in modules():
        module = modules()[name[0]]
        if name[1] in module.functions or name[1] in module.methods:
            return name
        name = module.imported.get(name[1])
    return name


def mentioned(name: Name) -> Iterator[Name]:
    """Functions that this one calls or hands on."""
    module = modules().get(name[0])
    if module is None:
        return
    for node in [*_bodies(module, name[1]), *module.bases.get(name[1], [])]:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name | ast.Attribute):
                found = resolved(module, inner)
                if found is not None and found != name:
                    yield found


def _bodies(module: Module, name: str) -> list[ast.FunctionDef]:
    if name in module.functions:
        return [module.functions[name]]
    if name in module.methods:
        return module.methods[name]
    return [f for all_ in module.methods.values() for f in all_ if f"self.{f.name}" == name]


def leads_to_a_line(name: Name) -> bool:
    seen, todo = {name}, [name]
    while todo:
        for found in mentioned(todo.pop()):
            if found == RECORD:
                return True
            if found not in seen:
                seen.add(found)
                todo.append(found)
    return False


def services() -> Iterator[Name]:
    """Public functions of the services packages that take who acts."""
    for name, module in modules().items():
        if ".services" not in name or name.startswith("config."):
            continue
        for function in module.functions.values():
            keywords = {one.arg for one in function.args.kwonlyargs}
            if not function.name.startswith("_") and keywords & {"actor", "now", "by"}:
                yield name, function.name


def tasks() -> Iterator[Name]:
    for name, module in modules().items():
        for function in module.functions.values():
            for mark in function.decorator_list:
                target = mark.func if isinstance(mark, ast.Call) else mark
                if isinstance(target, ast.Name) and target.id == "shared_task":
                    yield name, function.name


def commands() -> Iterator[Name]:
    for name, module in modules().items():
        if ".management.commands." in name and "Command" in module.methods:
            yield name, "Command"


def label(name: Name) -> str:
    return f"{name[0]}.{name[1]}"


def test_every_service_leads_to_a_line() -> None:
    found = {label(one) for one in services() if not leads_to_a_line(one)}
    assert found == set(WITHOUT_A_LINE)
    assert len(list(services())) > 60


def test_every_task_leads_to_a_line_or_changes_nothing() -> None:
    found = {label(one) for one in tasks() if not leads_to_a_line(one)}
    assert found == set(TASKS_WITHOUT)


def test_every_command_leads_to_a_line_or_changes_nothing() -> None:
    found = {one[0].rpartition(".")[2] for one in commands() if not leads_to_a_line(one)}
    assert found == set(COMMANDS_WITHOUT)


def test_the_search_itself_finds_what_does_not_lead_there() -> None:
    assert leads_to_a_line(("digitization.services.lots", "accept_lot"))
    assert leads_to_a_line(("digitization.tasks", "recognise_next"))
    assert not leads_to_a_line(("digitization.services.lots", "locked"))
