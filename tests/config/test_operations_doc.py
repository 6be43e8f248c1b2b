"""docs/van-hanh.md tells an administrator what to type: all of it must exist as it is written."""

from __future__ import annotations

import re
from functools import cache

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandParser

from security import quarantine
from security.seals.findings import Code
from security.upkeep_rules import BACKUP_WITHIN, DRILL_WITHIN, READ_WITHIN, SHARES

DOC = settings.BASE_DIR / "docs" / "van-hanh.md"
TEXT = DOC.read_text("utf-8")
TYPED = sorted(set(re.findall(r"`manage\.py ([a-z_]+)([^`]*)`", TEXT)))
STATE = settings.BASE_DIR / "config" / "state"


@cache
def parser_of(name: str) -> CommandParser:
    command = load_command_class(get_commands()[name], name)
    assert isinstance(command, BaseCommand)
    return command.create_parser("manage.py", name)


def test_the_guide_names_the_commands_that_an_administrator_needs() -> None:
    assert {name for name, _rest in TYPED} >= {
        "audit_export", "audit_key", "audit_verify", "backup", "bootstrap_admin", "check_files",
        "encrypt_files", "make_file_keys", "migrate", "prepare", "reopen", "restore",
        "restore_drill", "rotate_file_keys", "sweep_files",
    }  # fmt: skip


@pytest.mark.parametrize(("name", "rest"), TYPED, ids=[f"{n}{r}" for n, r in TYPED])
def test_every_command_can_be_typed_as_it_stands(name: str, rest: str) -> None:
    assert name in get_commands()
    arguments = [word.strip(",.") for word in rest.split()]
    typed, left = parser_of(name).parse_known_args(_complete(name, arguments))
    assert left == []
    assert typed is not None


def _complete(name: str, arguments: list[str]) -> list[str]:
    """A command named in passing lacks what it must be given."""
    needs = {"audit_export": ["2026-11", "--out", "x"]}
    return arguments or needs.get(name, [])


def test_every_option_named_alone_belongs_to_a_command_of_its_section() -> None:
    for section in TEXT.split("\n## ")[1:]:
        words = set(re.findall(r"[a-z_]+", section))
        parsers = [parser_of(name) for name in words & set(get_commands())]
        known = {option for parser in parsers for option in parser._option_string_actions}
        # Of bin/run and of docker compose.
        known |= {"--no-demo", "--detach", "--scale", "--rm", "--help"}
        named = set(re.findall(r"(--[a-z][a-z-]+)", section))
        assert named <= known, section.splitlines()[0]


def test_every_command_that_the_screen_recommends_is_explained() -> None:
    shown = {
        found
        for path in STATE.glob("*.py")
        for found in re.findall(r'(?:"manage\.py |of_backups\(")([a-z_]+)', path.read_text("utf-8"))
    }
    assert len(shown) > 5
    assert shown <= {name for name, _rest in TYPED}


def test_every_setting_named_is_one() -> None:
    named = set(re.findall(r"`([A-Z][A-Z0-9]*_[A-Z0-9_]+)(?:=[a-z]+)?`", TEXT))
    assert len(named) > 8
    compose = (settings.BASE_DIR / "docker-compose.yml").read_text("utf-8")
    read = (settings.BASE_DIR / "config" / "settings.py").read_text("utf-8") + compose
    assert [name for name in named if not re.search(rf"\b{name}\b", read)] == []


def test_the_exit_codes_are_those_of_the_verification() -> None:
    section = TEXT.split("\n## 8.")[1].split("\n## ")[0]
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", section, flags=re.MULTILINE)}
    assert told >= {int(code) for code in Code} - {0}
    assert {0, *told} - {int(code) for code in Code} <= {1}


def test_numbers_that_the_guide_tells_are_those_of_the_program() -> None:
    assert f"{READ_WITHIN.days} ngày" in TEXT
    assert f"nằm đó {quarantine.KEPT.days} ngày" in TEXT
    assert quarantine.SAFE_AGE == 24 * 3600
    assert "quá một ngày" in TEXT
    assert SHARES == 30
    assert "một phần ba mươi" in TEXT
    assert f"mặc định {settings.BACKUP_KEEP}" in TEXT
    assert BACKUP_WITHIN.total_seconds() > 24 * 3600
    assert DRILL_WITHIN.days == 92


def test_every_link_leads_somewhere_and_the_guide_is_linked() -> None:
    for link in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (DOC.parent / link).exists(), link
    assert "docs/van-hanh.md" in (settings.BASE_DIR / "README.md").read_text("utf-8")
    guide = settings.BASE_DIR / "docs" / "huong-dan" / "quan-tri.md"
    assert "../van-hanh.md" in guide.read_text("utf-8")
