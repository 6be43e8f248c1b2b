"""Pieces of the launcher against real servers, in directories with awkward names."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import environ
import psycopg2
import pytest
import redis

from config.launcher import postgres, redis_server, words
from config.launcher.children import Child, ChildDiedError, spawn, tail, wait_for
from config.launcher.keys import Keys, load_keys, read_run_env, save_keys, write_run_env
from config.launcher.places import LauncherError, Places, can_enter, cluster_home, emptied
from config.launcher.ports import answers, free_port, is_free
from config.launcher.servers import is_locked, locked
from tests.config.make import make_places


@pytest.fixture
def places() -> Iterator[Places]:
    """Under /tmp itself: pytest's own directories are closed to PostgreSQL's user."""
    done = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True)
    base = Path(done.stdout.strip())
    yield make_places(base)
    subprocess.run(["rm", "-rf", str(base)], check=True)


@pytest.fixture
def children() -> Iterator[list[Child]]:
    started: list[Child] = []
    yield started
    for child in reversed(started):
        child.stop()


def start_postgres(places: Places, keys: Keys, children: list[Child]) -> postgres.Addresses:
    cluster = postgres.cluster_of(places, throwaway=True)
    return postgres.start(cluster, keys, log=places.log / "postgres.log", children=children)


# --- ports ------------------------------------------------------------------------------


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert not is_free(port)
        assert answers(port)
        assert free_port([port]) != port
    assert free_port([port]) == port


def test_the_first_free_port_of_the_preferred_ones_is_taken() -> None:
    one, other = free_port(), free_port()
    assert free_port([0, one, other]) == one


# --- keys -------------------------------------------------------------------------------


def test_keys_are_random_kept_and_private(places: Places) -> None:
    first = load_keys(places.keys)
    first.postgres_port = 1234
    save_keys(places.keys, first)
    assert load_keys(places.keys) == first
    assert Keys().secret_key != first.secret_key
    assert len(first.secret_key) >= 50
    assert stat.S_IMODE(places.keys.stat().st_mode) == 0o600


def test_run_env_is_what_the_settings_read(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {"SAURO_TEST_URL": "redis://:a-b_c@127.0.0.1:1/0", "SAURO_TEST_DIR": str(places.var)}
    write_run_env(places.run_env, values)
    for name in values:
        monkeypatch.delenv(name, raising=False)
    environ.Env.read_env(places.run_env, overwrite=False)
    assert {name: os.environ.pop(name) for name in values} == values
    assert read_run_env(places.run_env) == values
    assert stat.S_IMODE(places.run_env.stat().st_mode) == 0o600


# --- places -----------------------------------------------------------------------------


def test_the_cluster_lies_under_var_where_its_user_can_go(places: Places) -> None:
    assert cluster_home(places) == places.var / "postgres"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_the_cluster_lies_elsewhere_where_its_user_cannot_go(
    places: Places, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("config.launcher.places.SYSTEM_DATA", places.var)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    inside = Places(places.root, closed / "var")
    inside.make()
    assert not can_enter(inside.var, "postgres")
    home = cluster_home(inside)
    assert home.parent == places.var
    assert home.name.startswith("sauro-")
    assert inside.cluster_pointer.read_text("utf-8").strip() == str(home)
    assert cluster_home(inside) == home
    assert home.owner() == "postgres"


# --- children ---------------------------------------------------------------------------


def sleeper(places: Places, code: str) -> Child:
    return spawn(
        "sleeper",
        [sys.executable, "-c", code],
        log=places.log / "sleeper.log",
        cwd=places.var,
        env=os.environ,
        how=((signal.SIGTERM, 1.0), (signal.SIGKILL, 5.0)),
    )


def test_a_dead_child_is_named_with_the_end_of_its_log(places: Places) -> None:
    child = sleeper(places, "import sys; print('cạn bộ nhớ'); sys.exit(7)")
    child.process.wait(10)
    with pytest.raises(ChildDiedError, match=r"(?s)sleeper ended with status 7.*cạn bộ nhớ"):
        child.check()


def test_waiting_ends_when_the_child_dies(places: Places) -> None:
    child = sleeper(places, "raise SystemExit(1)")
    began = time.monotonic()
    with pytest.raises(ChildDiedError):
        wait_for(lambda: False, what="it", children=[child], timeout=30)
    assert time.monotonic() - began < 10


def test_waiting_has_an_end(places: Places) -> None:
    child = sleeper(places, "import time; time.sleep(60)")
    with pytest.raises(LauncherError, match="it did not answer"):
        wait_for(lambda: False, what="it", children=[child], timeout=0.3)
    child.stop()


def test_stopping_insists_and_takes_grandchildren_along(places: Places) -> None:
    code = (
        "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        "print(p.pid, flush=True); time.sleep(60)"
    )
    child = sleeper(places, code)
    wait_for(lambda: tail(child.log).strip().isdigit(), what="pid", children=[child], timeout=20)
    grandchild = int(tail(child.log))
    child.stop()
    assert child.process.returncode == -signal.SIGKILL
    wait_for(lambda: gone(grandchild), what="end", children=[], timeout=5)


def gone(pid: int) -> bool:
    """No such process, or only its unread exit status is left."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


# --- one at a time ----------------------------------------------------------------------


def test_a_second_launcher_is_told_of_the_first(places: Places) -> None:
    code = (
        "import sys, time; from pathlib import Path;"
        "from config.launcher.places import ROOT, Places;"
        "from config.launcher.servers import locked;"
        "lock = locked(Places(ROOT, Path(sys.argv[1])));"
        "lock.__enter__(); print('in', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(places.var)], stdout=subprocess.PIPE, cwd=places.root
    ) as first:
        assert first.stdout is not None
        first.stdout.readline()
        assert is_locked(places)
        with (
            pytest.raises(LauncherError, match=f"Already running here: process {first.pid}"),
            locked(places),
        ):
            pass
        first.kill()
    with locked(places):
        pass
    assert not is_locked(places)


# --- PostgreSQL and Redis ---------------------------------------------------------------


def test_postgres_starts_keeps_its_data_and_has_no_superuser_for_the_product(
    places: Places, children: list[Child]
) -> None:
    keys = load_keys(places.keys)
    url = start_postgres(places, keys, children)
    with psycopg2.connect(url.owner) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE EXTENSION unaccent; CREATE EXTENSION pg_trgm; CREATE TABLE kept ()")
        cursor.execute("SELECT lower('ĐẢNG'), current_setting('is_superuser')")
        assert cursor.fetchone() == ("đảng", "off")
    connection.close()
    children.pop().stop()
    again = start_postgres(places, keys, children)
    assert again == url
    with psycopg2.connect(again.owner) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('kept') IS NOT NULL")
        assert cursor.fetchone() == (True,)
    connection.close()


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE mine ()",
        "CREATE DATABASE mine",
        "CREATE ROLE mine",
        "SET ROLE sauro",
        "SET session_replication_role = replica",
        "SELECT pg_read_file('PG_VERSION')",
        "ALTER ROLE sauro PASSWORD 'mine'",
    ],
)
def test_the_applications_role_is_nobody_in_the_cluster(application: str, sql: str) -> None:
    connection = psycopg2.connect(application)
    connection.autocommit = True
    with (
        contextlib.closing(connection),
        connection.cursor() as cursor,
        pytest.raises(psycopg2.errors.InsufficientPrivilege),
    ):
        cursor.execute(sql)


@pytest.fixture(scope="module")
def application() -> Iterator[str]:
    """DATABASE_URL of a cluster just made."""
    done = subprocess.run(["mktemp", "-d"], capture_output=True, text=True, check=True)
    places = make_places(Path(done.stdout.strip()))
    children: list[Child] = []
    yield start_postgres(places, load_keys(places.keys), children).application
    children.pop().stop()
    subprocess.run(["rm", "-rf", done.stdout.strip()], check=True)


def test_a_cluster_of_before_gets_the_applications_role_at_the_next_start(
    places: Places, children: list[Child]
) -> None:
    """Its keys know one password of the database less."""
    keys = load_keys(places.keys)
    url = start_postgres(places, keys, children)
    connection = psycopg2.connect(url.owner)
    connection.autocommit = True
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE kept ()")
    superuser = psycopg2.connect(
        host="127.0.0.1", port=keys.postgres_port, user=postgres.SUPERUSER,
        password=keys.database_owner, dbname="postgres",
    )  # fmt: skip
    superuser.autocommit = True
    with contextlib.closing(superuser), superuser.cursor() as cursor:
        cursor.execute("DROP ROLE sauro_app")
    children.pop().stop()
    save_keys(places.keys, keys)
    old = {k: v for k, v in json.loads(places.keys.read_text("utf-8")).items() if "_app" not in k}
    places.keys.write_text(json.dumps(old), "utf-8")

    again = start_postgres(places, load_keys(places.keys), children)
    assert again.owner == url.owner
    with contextlib.closing(psycopg2.connect(again.application)) as one, one.cursor() as cursor:
        cursor.execute("SELECT current_user, to_regclass('kept') IS NOT NULL")
        assert cursor.fetchone() == ("sauro_app", True)


@pytest.mark.parametrize("made_before", [True, False])
def test_the_containers_script_makes_both_roles_and_may_run_again(
    places: Places, children: list[Child], made_before: bool
) -> None:
    """``made_before``: there is the owner's role alone, as the script of earlier made it."""
    keys = load_keys(places.keys)
    port = urlsplit(start_postgres(places, keys, children).owner).port
    superuser = psycopg2.connect(
        host="127.0.0.1",
        port=port,
        user="postgres",
        password=keys.database_owner,
        dbname="postgres",
    )
    superuser.autocommit = True
    dropped = ["ROLE sauro_app"] if made_before else ["DATABASE sauro", "ROLE sauro_app, sauro"]
    with contextlib.closing(superuser), superuser.cursor() as cursor:
        for what in dropped:
            cursor.execute(f"DROP {what}")
    given = {
        "PGHOST": "127.0.0.1", "PGPORT": str(port), "PGPASSWORD": keys.database_owner,
        "DATABASE_OWNER_PASSWORD": "first-'", "DATABASE_PASSWORD": "second",
    }  # fmt: skip
    for _time in range(2):
        script = ["sh", str(places.root / "deploy" / "create-database.sh")]
        subprocess.run(script, env={**os.environ, **given}, check=True, capture_output=True)
    for user, password in (("sauro", "first-'"), ("sauro_app", "second")):
        one = psycopg2.connect(
            host="127.0.0.1", port=port, user=user, password=password, dbname="sauro"
        )
        with contextlib.closing(one), one.cursor() as cursor:
            cursor.execute(
                "SELECT current_user, pg_get_userbyid(datdba), current_setting('is_superuser')"
                " FROM pg_database WHERE datname = 'sauro'"
            )
            assert cursor.fetchone() == (user, "sauro", "off")


def test_postgres_wants_the_password(places: Places, children: list[Child]) -> None:
    keys = load_keys(places.keys)
    url = start_postgres(places, keys, children)
    for address in (url.owner, url.application):
        login, _at, place = address.rpartition("@")
        user = login.rpartition(":")[0]
        with pytest.raises(psycopg2.OperationalError, match="password"):
            psycopg2.connect(f"{user}:wrong@{place}")


def test_postgres_starts_after_a_crash(places: Places, children: list[Child]) -> None:
    keys = load_keys(places.keys)
    start_postgres(places, keys, children)
    crashed = children.pop()
    os.killpg(crashed.process.pid, signal.SIGKILL)
    crashed.process.wait(10)
    # The number in the stale file may since belong to somebody else: here, to this very process.
    pid_file = postgres.cluster_of(places).data / "postmaster.pid"
    lines = pid_file.read_bytes().split(b"\n")
    pid_file.write_bytes(b"\n".join([str(os.getpid()).encode(), *lines[1:]]))
    start_postgres(places, keys, children)


def test_a_server_that_outlived_its_launcher_is_stopped_first(
    places: Places, children: list[Child]
) -> None:
    keys = load_keys(places.keys)
    start_postgres(places, keys, children)
    survivor = children[0]
    start_postgres(places, keys, children)
    assert survivor.process.wait(10) == 0


def test_data_of_an_absent_version_are_named(places: Places) -> None:
    data = cluster_home(places) / "data"
    data.mkdir()
    (data / "PG_VERSION").write_text("9.1\n", "ascii")
    with pytest.raises(LauncherError, match=r"PostgreSQL 9\.1, which is not installed"):
        postgres.binaries(data)


def test_a_broken_first_attempt_is_never_used(places: Places) -> None:
    cluster = postgres.cluster_of(places, throwaway=True)
    (cluster.home / "data.new").mkdir()
    (cluster.home / "data.new" / "half").touch()
    postgres.initialise(cluster, "secret")
    assert (cluster.data / "PG_VERSION").exists()
    assert not (cluster.home / "password.new").exists()


def test_redis_wants_its_password_and_keeps_what_was_queued(
    places: Places, children: list[Child]
) -> None:
    keys = load_keys(places.keys)
    url = redis_server.start(places, keys, children=children)
    with redis.Redis.from_url(url) as server:
        server.rpush("ocr", "job")
    with (
        pytest.raises(redis.exceptions.AuthenticationError),
        redis.Redis(port=keys.redis_port) as stranger,
    ):
        stranger.ping()
    # The password is on no command line, where every user of the machine could read it.
    pid = children[0].process.pid
    assert keys.redis not in Path(f"/proc/{pid}/cmdline").read_text("utf-8")
    children.pop().stop()
    with redis.Redis.from_url(redis_server.start(places, keys, children=children)) as server:
        assert server.lrange("ocr", 0, -1) == [b"job"]


def test_given_servers_are_used_instead_of_own_ones(places: Places) -> None:
    given = {
        "VAR_DIR": str(places.var),
        "DATABASE_URL": "postgres://someone@db.example:5432/sauro",
        "REDIS_URL": "redis://broker.example:6379/0",
    }
    code = "import json, os; print(json.dumps(dict(os.environ)))"
    done = subprocess.run(
        [sys.executable, "-m", "config.launcher", "with-servers", "--", sys.executable, "-c", code],
        cwd=places.root,
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert {name: seen[name] for name in given} == given
    assert read_run_env(places.run_env)["DATABASE_URL"] == given["DATABASE_URL"]
    assert not (places.var / "postgres").exists()


def test_the_exit_status_of_the_command_is_passed_on(places: Places) -> None:
    """And own servers are gone when it ends."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "config.launcher", "with-servers", "--throwaway"),
            *("--var", str(places.var), "--", "sh", "-c", "exit 3"),
        ],
        cwd=places.root,
        env=environment,
        check=False,
    )
    assert done.returncode == 3
    keys = load_keys(places.keys)
    assert is_free(keys.postgres_port)
    assert is_free(keys.redis_port)


# --- the last lines ---------------------------------------------------------------------


def test_what_a_killed_worker_left_behind_is_gone_at_the_next_start(places: Places) -> None:
    left = emptied(places.scratch) / "ocr-left" / "page.pgm"
    left.parent.mkdir()
    left.write_bytes(b"a page")
    assert list(emptied(places.scratch).iterdir()) == []
    assert places.scratch.stat().st_mode & 0o777 == 0o700


def test_the_last_lines_say_where_to_go_as_whom_and_what_to_click(places: Places) -> None:
    (places.var / "demo-password").write_text("abc-def\n", "utf-8")
    lines = words.closing(places, 8017, demo=True).splitlines()
    assert "http://localhost:8017" in lines[-3]
    assert "truongban" in lines[-2]
    assert "abc-def" in lines[-2]
    assert "red" in lines[-1]
    assert all(any(name in line for line in lines) for name in ("sohoa", "chuyenvien", "quantri"))


def test_no_sign_in_is_shown_where_there_is_no_demonstration(places: Places) -> None:
    """Not even with a password file left behind by an attempt that failed."""
    (places.var / "demo-password").write_text("abc-def\n", "utf-8")
    text = words.closing(places, 8017, demo=False)
    assert "abc-def" not in text
    assert "truongban" not in text
    assert "bootstrap_admin" in text
