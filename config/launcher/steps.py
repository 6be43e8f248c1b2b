"""What must be in place before the web process starts; each step is skipped when nothing changed."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from config.launcher import commands
from config.launcher.children import open_log, tail
from config.launcher.places import LauncherError, Places

# Pages that are not shown, and notes for developers.
NOT_SERVED = (
    *("rest_framework", "guardian", "django_celery_beat"),
    *("*.md", "*.toml", "vendor.lock.json"),
)


@dataclass(frozen=True)
class State:
    """What ``manage.py prepare`` found: whether anybody is in the database, and what it is."""

    empty: bool
    demo: bool


def manage(
    name: str, command: list[str], *, places: Places, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run ``python -m …`` to its end, its errors into ``var/log/NAME.log``; raise if it failed."""
    log = places.log / f"{name}.log"
    out = open_log(log)
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=places.root,
        env=dict(env),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=out,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LauncherError(
            f"{' '.join(command)} failed. The end of {log}:\n{done.stdout[-2000:]}\n{tail(log, 30)}"
        )
    return done


def prepare(places: Places, env: Mapping[str, str]) -> State:
    """Migrations and reference data; its last line of output says what the database is."""
    done = manage("prepare", commands.prepare(), places=places, env=env)
    state = json.loads(done.stdout.strip().splitlines()[-1])
    return State(empty=state["empty"], demo=state["demo"])


def compile_catalogues(root: Path) -> None:
    """``*.po`` → ``*.mo`` where the compiled one is missing or older."""
    for po in sorted((root / "locale").glob("*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            continue
        done = subprocess.run(
            ["msgfmt", "--check-format", "-o", str(mo), str(po)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise LauncherError(f"msgfmt could not compile {po}:\n{done.stderr}")


def fingerprint(files: Iterable[Path]) -> str:
    """Changes when a file comes, goes, or is written."""
    digest = hashlib.sha256()
    for file in sorted(files):
        facts = file.stat()
        digest.update(f"{file}\0{facts.st_size}\0{facts.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def collect_static(places: Places, env: Mapping[str, str]) -> None:
    """Hashed and compressed copies of the static files under ``var/static``."""
    sources = [p for p in (places.root / "static").rglob("*") if p.is_file()]
    now = fingerprint([*sources, places.root / "uv.lock"])
    stamp = places.var / "static.stamp"
    collected = places.var / "static" / "staticfiles.json"
    if collected.exists() and stamp.exists() and stamp.read_text("ascii") == now:
        return
    ignored = [part for name in NOT_SERVED for part in ("--ignore", name)]
    command = ["manage", "collectstatic", "--noinput", "--clear", "-v", "0", *ignored]
    manage("static", command, places=places, env=env)
    stamp.write_text(now, "ascii")
