"""The Compose files: valid, complete, the launcher's own commands, and no secret with a default."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from jsonschema import Draft202012Validator

from config.launcher import commands

ROOT: Path = settings.BASE_DIR
MAIN = ROOT / "docker-compose.yml"
WORKER_HOST = ROOT / "deploy" / "worker-host.yml"
DATA_HOST = ROOT / "deploy" / "data-host.yml"
FILES = [MAIN, WORKER_HOST, DATA_HOST]
SCHEMA = json.loads((Path(__file__).parent / "compose.schema.json").read_text("utf-8"))
VARIABLE = re.compile(r"\$\{([A-Z_]+)([^}]*)\}")
SECRET = re.compile(r"(PASSWORD|_KEY|SECRET|TOKEN)$|AUTH$")


def load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return loaded


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = load(MAIN)["services"]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_the_file_keeps_to_the_schema(path: Path) -> None:
    errors = [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
        for error in Draft202012Validator(SCHEMA).iter_errors(load(path))
    ]
    assert errors == []


def test_the_schema_refuses_what_it_does_not_know() -> None:
    wrong = {"services": {"web": {"image": "x", "comand": ["y"]}}}
    assert not Draft202012Validator(SCHEMA).is_valid(wrong)


def test_the_commands_are_the_launchers(services: dict[str, Any]) -> None:
    assert services["web"]["command"] == commands.web()
    assert services["worker"]["command"] == commands.worker()
    assert services["beat"]["command"] == commands.beat()
    assert services["migrate"]["command"] == commands.prepare()
    assert load(WORKER_HOST)["services"]["worker"]["command"] == commands.worker(remote=True)


def test_the_image_runs_modules_as_the_launcher_does() -> None:
    assert 'ENTRYPOINT ["python", "-m"]' in (ROOT / "Dockerfile").read_text("utf-8")


def test_every_server_has_a_health_check(services: dict[str, Any]) -> None:
    assert services["web"]["healthcheck"]["test"] == ["CMD", "python", "-m", *commands.web_health()]
    in_yaml = commands.worker_health().replace("$", "$$")
    assert services["worker"]["healthcheck"]["test"] == ["CMD-SHELL", in_yaml]
    watched = {name for name, service in services.items() if "healthcheck" in service}
    # beat answers nobody: its container ends with it and is restarted; migrate runs once.
    assert watched == set(services) - {"beat", "migrate"}


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_secret_has_a_default(path: Path) -> None:
    used = VARIABLE.findall(path.read_text("utf-8"))
    optional = {name for name, rest in used if not rest.startswith(":?")}
    plain = {"SAURO_IMAGE", "MAX_SECRECY_LEVEL", "TLS_ISSUER", "FILE_ENCRYPTION"}
    assert optional <= plain | {"BACKUP_DIR", "BACKUP_KEEP"}
    assert not [name for name in optional if SECRET.search(name)]


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_no_secret_is_written_out(path: Path) -> None:
    for name, service in load(path)["services"].items():
        for variable, value in service.get("environment", {}).items():
            if SECRET.search(variable):
                assert VARIABLE.fullmatch(value), f"{name}: {variable}"
            assert not re.search(r"://[^$/@]*:[^$@]+@", value), f"{name}: {variable}"


def test_only_the_proxy_publishes_ports(services: dict[str, Any]) -> None:
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    outside = [name for name, one in services.items() if "outside" in one.get("networks", [])]
    assert outside == ["proxy"]


def test_what_is_named_exists(services: dict[str, Any]) -> None:
    whole = load(MAIN)
    for name, service in services.items():
        assert set(service["networks"]) <= set(whole["networks"]), name
        assert set(service.get("depends_on", [])) <= set(services), name
        for mount in service.get("volumes", []):
            source = mount.split(":", 1)[0]
            there = (
                (ROOT / source).exists() if source.startswith("./") else source in whole["volumes"]
            )
            assert there, mount


def test_web_and_workers_share_keys_and_files(services: dict[str, Any]) -> None:
    same = services["web"]["environment"]
    for name in ("worker", "beat", "migrate"):
        given = dict(services[name]["environment"])
        given.pop("DATABASE_OWNER_URL", None)
        assert given == same
        assert "files:/data" in services[name]["volumes"]
    remote = load(WORKER_HOST)["services"]["worker"]["environment"]
    for key in (
        "SECRET_KEY",
        "FILE_NAME_KEY",
        "FILE_KEYS",
        "FILE_ENCRYPTION",
        "DATA_DIR",
        "MAX_SECRECY_LEVEL",
    ):
        assert remote[key] == same[key]


def test_the_migration_alone_knows_the_owner_of_the_database(services: dict[str, Any]) -> None:
    everywhere = {**services, "remote": load(WORKER_HOST)["services"]["worker"]}
    told = {
        name
        for name, one in everywhere.items()
        if "DATABASE_OWNER" in json.dumps(one.get("environment", {}))
    }
    assert told == {"migrate", "postgres"}
    for name in ("web", "worker", "beat", "remote"):
        address = everywhere[name]["environment"]["DATABASE_URL"]
        assert address.startswith("postgres://sauro_app:${DATABASE_PASSWORD"), name


def test_every_variable_is_one_that_the_settings_read(services: dict[str, Any]) -> None:
    read = (ROOT / "config" / "settings.py").read_text("utf-8")
    for variable in services["migrate"]["environment"]:
        assert f'"{variable}"' in read, variable
