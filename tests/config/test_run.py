"""``bin/run`` itself, as somebody who has just cloned the project would use it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from django.conf import settings

from config.launcher.keys import read_run_env
from config.launcher.ports import free_port, is_free
from tests.config.make import AWKWARD

pytestmark = pytest.mark.long

ROOT: Path = settings.BASE_DIR
READY = re.compile(r"Ready after ([0-9.]+) s")
# What the surrounding test run sets must not reach a fresh installation.
FOREIGN = (
    *(
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "CELERY_BROKER_URL",
        "SECRET_KEY",
        "FILE_NAME_KEY",
    ),
    *("FILE_KEYS", "FILE_KEYS_FILE", "FILE_ENCRYPTION"),
    *("VAR_DIR", "DATA_DIR", "STATIC_STORAGE", "DJANGO_SETTINGS_MODULE", "VIRTUAL_ENV"),
)


def copy_of_the_project(into: Path) -> Path:
    """What a clone of the present state would hold: tracked and new files, nothing ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)
    return into


@pytest.fixture(scope="module")
def project() -> Iterator[Path]:
    """A clone where everybody may enter, under a name with spaces, accents and quotes."""
    made = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True)
    base = Path(made.stdout.strip())
    base.chmod(0o755)
    yield copy_of_the_project(base / AWKWARD)
    shutil.rmtree(base)


def plain_environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in FOREIGN}


def outcome(project: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in the project that ends on its own."""
    return subprocess.run(
        command,
        cwd=project,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Run:
    """One ``bin/run``: its output so far, its end."""

    def __init__(self, project: Path, *options: str) -> None:
        self.project = project
        self.port = free_port()
        self.output = project.parent / "output.txt"
        self.began = time.monotonic()
        with self.output.open("wb") as out:
            self.process = subprocess.Popen(
                ["bin/run", "--port", str(self.port), *options],
                cwd=project,
                env=plain_environment(),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def text(self) -> str:
        return self.output.read_text("utf-8")

    def until_ready(self, timeout: float = 240) -> float:
        """Seconds from the command to the ready address."""
        while "Ctrl-C stops it" not in self.text():
            assert self.process.poll() is None, self.text()
            assert time.monotonic() - self.began < timeout, self.text()
            time.sleep(0.2)
        return time.monotonic() - self.began

    def end(self, number: signal.Signals | None = None, timeout: float = 60) -> int:
        """The exit status, after ``number`` was sent."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(timeout)

    def status(self, path: str) -> int:
        connection = http.client.HTTPConnection("localhost", self.port, timeout=20)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status


def processes_of(project: Path) -> dict[int, str]:
    """Processes that were started from the project or work in it: id and command line."""
    found = {}
    for process in Path("/proc").iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            line = os.fsdecode((process / "cmdline").read_bytes()).replace("\0", " ")
            place = os.fsdecode((process / "cwd").readlink())
        except OSError:
            continue
        if f"{project}/" in line or f"{place}/".startswith(f"{project}/"):
            found[int(process.name)] = line
    return found


def crowding() -> float:
    """How many times slower things are because others compute on this machine as well."""
    return max(1.0, max(os.getloadavg()) / (os.cpu_count() or 1))


def query(project: Path, statement: str, *, role: str = "DATABASE_OWNER_URL") -> list[Any]:
    connection = psycopg2.connect(read_run_env(project / "var" / "run.env")[role])
    with contextlib.closing(connection), connection, connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def environments(project: Path) -> dict[str, dict[str, str]]:
    """What web, worker and beat were started with, by process."""
    found = {}
    for pid, line in processes_of(project).items():
        if any(name in line for name in (" worker ", " beat ", "gunicorn")):
            given = (Path("/proc") / str(pid) / "environ").read_bytes()
            pairs = (os.fsdecode(part).partition("=") for part in given.split(b"\0") if part)
            found[line] = {name: value for name, _, value in pairs}
    return found


def must_act_as_the_application(project: Path) -> None:
    """The three processes do not know the owner; whoever is connected is the application, who
    writes the trail and can neither change it nor switch its triggers off."""
    for line, given in environments(project).items():
        assert given["DATABASE_URL"].startswith("postgres://sauro_app:"), line
        assert given["DATABASE_OWNER_URL"] == "", line
    everybody = "SELECT DISTINCT usename FROM pg_stat_activity WHERE datname = 'sauro'"
    assert query(project, everybody, role="DATABASE_URL") == [("sauro_app",)]
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'security_auditevent'"
    assert query(project, owner, role="DATABASE_URL") == [("sauro",)]
    for sql in (
        "DELETE FROM security_auditevent",
        "ALTER TABLE security_auditevent DISABLE TRIGGER append_only",
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            query(project, sql, role="DATABASE_URL")
    ready = outcome(project, ".venv/bin/python", "manage.py", "check", "--deploy")
    assert "no issues" in ready.stdout or "identified" in ready.stderr
    assert "(roles." not in ready.stderr


def test_from_a_fresh_clone_to_ctrl_c_and_again(project: Path) -> None:
    first = Run(project, "--no-demo")
    try:
        seconds = first.until_ready()
        assert first.status("/accounts/login/") == 200
        assert first.status("/healthz") == 200
        assert f"http://localhost:{first.port}" in first.text()
        assert "bootstrap_admin" in first.text()
        assert not (project / "var" / "demo-password").exists()
        must_act_as_the_application(project)
        query(project, "CREATE TABLE kept ()")
        beside = outcome(project, ".venv/bin/python", "manage.py", "check", "--database", "default")
        assert beside.returncode == 0

        another = outcome(project, "bin/run", "--no-demo")
        assert another.returncode == 1
        assert f"Already running here: http://localhost:{first.port}" in another.stderr
    finally:
        status = first.end(signal.SIGINT)
    assert status == 0
    assert processes_of(project) == {}
    assert is_free(first.port)
    assert first.text().rstrip().endswith("Stopped.")

    second = Run(project, "--no-demo")
    again = second.until_ready()
    query(project, "DROP TABLE kept")
    worker = next(pid for pid, line in processes_of(project).items() if " worker " in line)
    os.kill(worker, signal.SIGKILL)
    assert second.end() == 1
    assert "worker was killed by signal 9" in second.text()
    assert processes_of(project) == {}
    assert seconds < 60 * crowding()
    assert again < 20 * crowding()


def test_a_launcher_that_is_killed_takes_its_children_along(project: Path) -> None:
    run = Run(project, "--no-demo")
    run.until_ready()
    run.end(signal.SIGKILL)
    until = time.monotonic() + 30
    while processes_of(project) and time.monotonic() < until:
        time.sleep(0.2)
    assert processes_of(project) == {}
    after = Run(project, "--no-demo")
    after.until_ready()
    assert after.end(signal.SIGTERM) == 0


def test_a_taken_port_is_said(project: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = outcome(project, "bin/run", "--no-demo", "--port", str(port))
    assert done.returncode == 1
    assert f"Port {port} is taken" in done.stderr
    assert processes_of(project) == {}


def test_without_root_and_sudo_the_exact_command_is_said(project: Path, tmp_path: Path) -> None:
    """A machine on which only the shell's own tools are there."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "ls", "grep", "cat", "apt-get"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/false")
    (tools / "id").write_text("#!/bin/sh\necho 1000\n", "ascii")
    (tools / "id").chmod(0o755)
    done = subprocess.run(
        [shutil.which("sh") or "/bin/sh", "bin/run"],
        cwd=project,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    command = done.stderr.strip().splitlines()[-1]
    assert command.strip().startswith("apt-get update && apt-get install -y")
    for package in (
        "python3-venv",
        "redis-server",
        "tesseract-ocr-vie",
        "poppler-utils",
        "gettext",
    ):
        assert package in command.split()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_under_a_directory_that_only_root_may_enter(project: Path, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    closed = copy_of_the_project(tmp_path / "chỉ root")
    (closed / ".venv").symlink_to(project / ".venv")
    run = Run(closed, "--no-demo")
    home = None
    try:
        run.until_ready()
        home = Path((closed / "var" / "postgres.location").read_text("utf-8").strip())
        assert home.parent == Path("/var/lib")
        assert run.status("/healthz") == 200
    finally:
        status = run.end(signal.SIGINT)
        if home is not None:
            shutil.rmtree(home)
    assert status == 0
    assert processes_of(closed) == {}
