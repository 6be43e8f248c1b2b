"""Child processes: started apart from the terminal, watched, stopped in order."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from config.launcher.places import LauncherError

LOG_LIMIT = 5_000_000  # bytes; a larger log is set aside at the next start
PR_SET_PDEATHSIG = 1
TAIL_LINES = 15
# What is sent to stop a child, and how many seconds it then has.
Stop = Sequence[tuple[signal.Signals, float]]
GENTLY: Stop = ((signal.SIGTERM, 15.0), (signal.SIGKILL, 5.0))


class ChildDiedError(LauncherError):
    """A server or a worker ended on its own; the message carries the end of its log."""


@dataclass
class Child:
    """One running process and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path
    how: Stop

    def stop(self) -> None:
        """Ask, wait, insist; leaves nothing of its process group behind."""
        for number, patience in self.how:
            if self.process.poll() is not None:
                break
            self.process.send_signal(number)
            try:
                self.process.wait(patience)
            except subprocess.TimeoutExpired:
                continue
        kill_group(self.process.pid)

    def check(self) -> None:
        """Raise ChildDiedError if it is no longer running."""
        code = self.process.poll()
        if code is not None:
            how = f"was killed by signal {-code}" if code < 0 else f"ended with status {code}"
            raise ChildDiedError(f"{self.name} {how}. The end of {self.log}:\n{tail(self.log)}")


def tail(log: Path, lines: int = TAIL_LINES) -> str:
    """The last lines of a log, indented."""
    if not log.exists():
        return "  (empty)"
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - 20_000))
        text = file.read().decode("utf-8", "replace")
    return "\n".join(f"  {line}" for line in text.splitlines()[-lines:]) or "  (empty)"


def kill_group(group: int) -> None:
    """SIGKILL to whatever is left of a process group that a child led."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def dies_with_parent(number: signal.Signals) -> Callable[[], None]:
    """For ``preexec_fn``: the kernel sends ``number`` should the launcher itself be killed."""
    libc = ctypes.CDLL(None, use_errno=True)

    def ask_kernel() -> None:
        libc.prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0)

    return ask_kernel


def open_log(path: Path) -> int:
    """A log to append to; an overlong one is set aside as ``NAME.1``."""
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def spawn(
    name: str,
    command: Sequence[str],
    *,
    log: Path,
    cwd: Path,
    env: Mapping[str, str],
    user: str | None = None,
    how: Stop = GENTLY,
) -> Child:
    """Start a process in a session of its own (Ctrl-C reaches the launcher alone), output to log.

    ``user`` changes to that system user first (root only).
    """
    out = open_log(log)
    try:
        process = subprocess.Popen(
            list(command),
            cwd=cwd,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            preexec_fn=dies_with_parent(how[0][0]),
        )
    finally:
        os.close(out)
    return Child(name, process, log, how)


def wait_for(
    ready: Callable[[], bool], *, what: str, children: Sequence[Child], timeout: float
) -> None:
    """Poll until ``ready()``; raise as soon as one of ``children`` has died, or after timeout."""
    until = time.monotonic() + timeout
    while not ready():
        for child in children:
            child.check()
        if time.monotonic() > until:
            ends = "\n".join(f"The end of {c.log}:\n{tail(c.log)}" for c in children)
            raise LauncherError(f"{what} did not answer within {timeout:.0f} seconds.\n{ends}")
        time.sleep(0.2)
