"""The product's own processes, said once.

The launcher, docker-compose.yml and the tests start exactly these; a test compares. Each is what
follows ``python -m``, so that no path in a script's first line matters.
"""

APP = "config"
QUEUES = "ocr,assemble,default"
# Where the backups' directory is: on the machine of the database and the files, no other.
KEEPING = "keeping"


def web(bind: str = "0.0.0.0:8000") -> list[str]:
    """Gunicorn with threads. ``bind`` is host:port; the launcher passes a loopback address."""
    return [
        "gunicorn",
        "config.wsgi:application",
        f"--bind={bind}",
        "--workers=2",
        "--threads=4",
        "--timeout=120",
        "--preload",
        "--no-control-socket",
        "--worker-tmp-dir=/dev/shm",
        "--access-logfile=-",
        "--access-logformat=%(t)s %(m)s %(s)s %(b)s %(M)sms",
    ]


def worker(concurrency: int | None = None, *, remote: bool = False) -> list[str]:
    """Celery worker of all queues; as many tasks at a time as there are cores, unless told.

    remote: on a further machine, which has no backups' directory.
    """
    command = [
        "celery",
        f"--app={APP}",
        "worker",
        f"--queues={QUEUES if remote else f'{QUEUES},{KEEPING}'}",
        "--loglevel=INFO",
        "--without-mingle",
    ]
    return command if concurrency is None else [*command, f"--concurrency={concurrency}"]


def beat() -> list[str]:
    """The clock: exactly one per installation."""
    return ["celery", f"--app={APP}", "beat", "--loglevel=INFO", "--pidfile="]


def web_health() -> list[str]:
    """Health check of a web container: its own answer only; ``/healthz`` watches the whole."""
    return ["config.launcher", "probe", "http://127.0.0.1:8000/accounts/login/"]


def worker_health() -> str:
    """Health check of a worker container, for a shell: this very worker answers a ping."""
    return f"python -m celery --app={APP} inspect ping --timeout=10 --destination=celery@$HOSTNAME"


def prepare() -> list[str]:
    """Migrations and reference data; does nothing where they are in place."""
    return ["manage", "prepare"]
