"""``bin/run``: everything up, an address to open, then watching until Ctrl-C or a death."""

import http.client
import os
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import quote

from config.launcher import commands, steps, words
from config.launcher.children import GENTLY, Child, Stop, spawn, tail, wait_for
from config.launcher.places import LauncherError, Places, emptied
from config.launcher.ports import LOOPBACK, free_port, is_free
from config.launcher.servers import Servers, locked, note, start_servers
from config.launcher.signals import TERM_THEN_QUIT

USUAL_PORTS = range(8000, 8100)
SIGN_IN, HEALTH = "/accounts/login/", "/healthz"
# Closed: restored from a backup and not opened again yet (config.keeping); it runs all the same.
OK, SERVER_ERROR, CLOSED = 200, 500, 503
PROBE_EVERY = 10.0  # seconds
PROBES_FAILED_IS_DEAD = 3


@dataclass(frozen=True)
class Wish:
    """What was asked on the command line."""

    demo: bool
    port: int | None


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


@contextmanager
def stage(text: str) -> Iterator[None]:
    """One line per stage of the start, with its seconds when it is through."""
    began = time.monotonic()
    sys.stdout.write(f"{text} … ")
    sys.stdout.flush()
    yield
    say(f"{time.monotonic() - began:.1f} s")


def chosen_port(wish: Wish) -> int:
    """The wished port, which must be free; else the first free one from 8000 on."""
    if wish.port is None:
        return free_port(USUAL_PORTS)
    if not is_free(wish.port):
        raise LauncherError(f"Port {wish.port} is taken by another program. Try another --port.")
    return wish.port


def run(places: Places, wish: Wish) -> None:
    """Start, tell, watch. Raises LauncherError when something fails or dies; always tidies up."""
    began = time.monotonic()
    places.make()
    with locked(places):
        port = chosen_port(wish)
        servers = Servers(places)
        try:
            demo = start_all(servers, wish, port)
            note(places, f"http://localhost:{port} (process {os.getpid()})")
            say(f"Ready after {time.monotonic() - began:.1f} s. Logs: {places.log}")
            say(words.closing(places, port, demo=demo))
            watch(servers.children, port)
        finally:
            say("\nStopping …")
            servers.stop()
            say("Stopped.")


def start_all(servers: Servers, wish: Wish, port: int) -> bool:
    """Servers, schema and data, then the three processes, until web and worker answer.

    Returns whether the database holds the demonstration.
    """
    places = servers.places
    with stage("PostgreSQL and Redis"):
        start_servers(servers)
    env = servers.environment()
    with stage("Schema, reference data, messages, static files"), ThreadPoolExecutor() as pool:
        static = pool.submit(steps.collect_static, places, env)
        steps.compile_catalogues(places.root)
        state = steps.prepare(places, env)
        static.result()
    demo = state.demo or (wish.demo and load_demo(places, env, state))
    tell_addresses(servers, port, demo=demo)
    with stage("Web, worker and beat"):
        start_processes(servers, port)
        await_pages(servers, port)
    return demo


def tell_addresses(servers: Servers, port: int, *, demo: bool) -> None:
    """Where links lead to; the demonstration's e-mails are files under ``var/mail``: its people
    do not exist."""
    known = {"SITE_URL": f"http://localhost:{port}"}
    if demo:
        known["EMAIL_URL"] = f"filemail://{quote(str(servers.places.var / 'mail'))}"
    servers.add({name: os.environ.get(name) or value for name, value in known.items()})


def await_pages(servers: Servers, port: int) -> None:
    """Wait for the sign-in page and for a healthy answer; an error page ends the wait at once."""

    def shows_sign_in() -> bool:
        status = status_of(port, SIGN_IN)
        if status == SERVER_ERROR:
            log = servers.places.log / "web.log"
            raise LauncherError(f"{SIGN_IN} answers {status}. The end of {log}:\n{tail(log, 30)}")
        return status in {OK, CLOSED}

    children = servers.children
    wait_for(shows_sign_in, what=SIGN_IN, children=children, timeout=120)
    wait_for(lambda: status_of(port, HEALTH) == OK, what=HEALTH, children=children, timeout=120)


def load_demo(places: Places, env: Mapping[str, str], state: steps.State) -> bool:
    """Demonstration data, and never into a database that somebody uses in earnest."""
    if not state.empty:
        say("The database holds data of its own: no demonstration data are added.")
        return False
    with stage("Demonstration data (only this first time)"):
        steps.manage("demo", ["manage", "demo"], places=places, env=env)
    return True


def start_processes(servers: Servers, port: int) -> None:
    """Web, worker and beat side by side."""
    wanted: tuple[tuple[str, list[str], Stop], ...] = (
        ("worker", commands.worker(), TERM_THEN_QUIT),
        ("beat", commands.beat(), GENTLY),
        ("web", commands.web(f"{LOOPBACK}:{port}"), GENTLY),
    )
    env = {**servers.application(), "TMPDIR": str(emptied(servers.places.scratch))}
    for name, command, how in wanted:
        servers.children.append(
            spawn(
                name,
                [sys.executable, "-m", *command],
                log=servers.places.log / f"{name}.log",
                cwd=servers.places.root,
                env=env,
                how=how,
            )
        )


def status_of(port: int, path: str, timeout: float = 10.0) -> int:
    """HTTP status of a GET on the loopback; 0 where nothing answers."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=timeout)
    try:
        connection.request("GET", path, headers={"Host": "localhost"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def watch(children: list[Child], port: int) -> None:
    """Return never: raise when a child ends, or when the web process stops answering."""
    failed, next_probe = 0, time.monotonic() + PROBE_EVERY
    while True:
        for child in children:
            child.check()
        if time.monotonic() >= next_probe:
            failed = 0 if status_of(port, SIGN_IN) in {OK, CLOSED} else failed + 1
            next_probe = time.monotonic() + PROBE_EVERY
        if failed >= PROBES_FAILED_IS_DEAD:
            raise LauncherError(
                f"Port {port} has not answered {failed} times in a row; see the logs of web."
            )
        time.sleep(0.3)
