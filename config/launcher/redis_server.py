"""The installation's own Redis: loopback, a password, every write appended to disk."""

import os
import signal

import redis

from config.launcher.children import Child, spawn, wait_for
from config.launcher.keys import Keys, write_private
from config.launcher.places import Places
from config.launcher.ports import LOOPBACK, free_port
from config.launcher.survivors import clear


def configuration(keys: Keys, *, throwaway: bool = False) -> str:
    """redis.conf; the directory is the process's own (a path with spaces needs no quoting)."""
    lines = [
        f"bind {LOOPBACK}",
        f"port {keys.redis_port}",
        f"requirepass {keys.redis}",
        "dir ./",
        f"appendonly {'no' if throwaway else 'yes'}",
        'save ""',
        "databases 32",
        "daemonize no",
        "maxmemory-policy noeviction",
    ]
    return "\n".join(lines) + "\n"


def url(keys: Keys) -> str:
    return f"redis://:{keys.redis}@{LOOPBACK}:{keys.redis_port}/0"


def start(places: Places, keys: Keys, *, children: list[Child], throwaway: bool = False) -> str:
    """Start the server and wait until it has read its data; returns REDIS_URL.

    The process joins ``children`` before anything can fail, so that it is stopped in any case.
    """
    clear(places.redis, "redis-server", signal.SIGTERM)
    keys.redis_port = free_port([keys.redis_port])
    write_private(places.redis / "redis.conf", configuration(keys, throwaway=throwaway))
    child = spawn(
        "Redis",
        ["redis-server", "redis.conf"],
        log=places.log / "redis.log",
        cwd=places.redis,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LC_ALL": "C.UTF-8"},
    )
    children.append(child)
    wait_for(lambda: _ready(keys), what="Redis", children=[child], timeout=60)
    return url(keys)


def _ready(keys: Keys) -> bool:
    try:
        with redis.Redis.from_url(url(keys), socket_timeout=2) as server:
            return bool(server.ping())
    except redis.exceptions.RedisError:
        return False
