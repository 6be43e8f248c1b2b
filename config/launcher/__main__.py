"""``python -m config.launcher run|with-servers|probe``: what bin/run, bin/test and bin/bench call."""

import argparse
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path

from config.launcher import run as running
from config.launcher import steps
from config.launcher.keys import read_run_env
from config.launcher.places import LauncherError, Places, here
from config.launcher.servers import Servers, is_locked, locked, start_servers
from config.launcher.signals import AskedToStop, obey


def arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/run", description="Sáu Rõ on this machine")
    subs = parser.add_subparsers(dest="command", required=True)
    run = subs.add_parser("run", help="start everything and watch it")
    run.add_argument("--no-demo", action="store_true", help="start empty, for real use")
    run.add_argument(
        "--port", type=int, help="port of the web address (else 8000 or the next free)"
    )
    servers = subs.add_parser("with-servers", help="run a command beside own PostgreSQL and Redis")
    servers.add_argument("--var", type=Path, help="directory of the servers' data")
    servers.add_argument("--throwaway", action="store_true", help="fast, not safe against a crash")
    servers.add_argument("--join", action="store_true", help="use the servers of a running bin/run")
    servers.add_argument("rest", nargs=argparse.REMAINDER, metavar="-- COMMAND …")
    subs.add_parser("build", help="compile messages and collect static files (for an image)")
    probe = subs.add_parser("probe", help="exit 0 if the address answers 200")
    probe.add_argument("url")
    return parser.parse_args(given)


def with_servers(places: Places, options: argparse.Namespace) -> int:
    """Run ``rest`` with the servers' addresses in its environment; its exit status."""
    command = options.rest[1:] if options.rest[:1] == ["--"] else options.rest
    places.make()
    if options.join and is_locked(places):
        env = {**Servers(places).environment(), **read_run_env(places.run_env)}
        return subprocess.run(command, env=env, check=False).returncode
    with locked(places):
        servers = Servers(places)
        try:
            start_servers(servers, throwaway=options.throwaway)
            steps.compile_catalogues(places.root)
            return _foreground(command, servers.environment())
        finally:
            servers.stop()


def _foreground(command: list[str], env: dict[str, str]) -> int:
    """Run in the terminal's own process group: Ctrl-C reaches the command as well."""
    process = subprocess.Popen(command, env=env)
    try:
        return process.wait()
    except AskedToStop:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
        raise


def build(places: Places) -> int:
    """What an image carries ready-made; needs neither database nor broker."""
    places.make()
    steps.compile_catalogues(places.root)
    keys = {"SECRET_KEY": "only-to-build", "FILE_NAME_KEY": "only-to-build"}
    steps.collect_static(places, {**os.environ, **keys})
    return 0


def probe(url: str) -> int:
    """A health check from inside a container: the name and scheme that the settings accept."""
    host = os.environ.get("ALLOWED_HOSTS", "localhost").split(",")[0].strip()
    request = urllib.request.Request(  # noqa: S310 (http on the own machine)
        url, headers={"Host": host, "X-Forwarded-Proto": "https"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return 0 if answer.status == 200 else 1
    except urllib.error.URLError:
        return 1


def main(given: Sequence[str]) -> int:
    options = arguments(given)
    if options.command == "probe":
        return probe(options.url)
    obey()
    places = here()
    try:
        if options.command == "build":
            return build(places)
        if options.command == "run":
            running.run(places, running.Wish(demo=not options.no_demo, port=options.port))
            return 0
        if options.var is not None:
            places = Places(places.root, options.var.resolve())
        return with_servers(places, options)
    except AskedToStop:
        return 0 if options.command == "run" else 130
    except LauncherError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
