"""What Linux offers a process for its own confinement, and Python does not: prctl and Landlock.

Landlock (Linux 5.13 and later) takes files away from a process that it has the right to open: keys,
other people's pages, sources of configuration. Where the kernel has none, nothing happens; limits,
the clean environment and the private directory hold anyway.
"""

import ctypes
import os
import signal
import struct
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

_LIBC = ctypes.CDLL(None, use_errno=True)
_DIE_WITH_PARENT, _SUBREAPER, _NO_NEW_PRIVILEGES = 1, 36, 38

# Numbers of the kernel's interface, the same on every architecture.
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION, _RULE_PATH_BENEATH = 1, 1
_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_READ = _EXECUTE | _READ_FILE | _READ_DIR
# Rights on files that each version of the interface knows; an older kernel refuses newer bits.
_FILE_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1}
_NEWEST_FILE_RIGHTS = (1 << 16) - 1
_NO_TCP_SINCE, _TCP = 4, 3
_SCOPED_SINCE, _SCOPES = 6, 3  # no signals to, and no abstract sockets of, processes outside

# Programs, libraries, fonts, language models; nothing an installation keeps to itself.
_SYSTEM = (
    *("/usr", "/bin", "/lib", "/lib64", "/opt", "/etc/fonts", "/etc/ld.so.cache"),
    *("/etc/alternatives", "/var/cache/fontconfig", "/sys/devices/system/cpu"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom", "/dev/random")
_PROJECT = Path(__file__).resolve().parents[1]


def die_with_parent() -> None:
    """Be killed when the process that started this one ends; be the first to go when the machine
    has no memory left."""
    _LIBC.prctl(_DIE_WITH_PARENT, signal.SIGKILL, 0, 0, 0)
    with suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", "ascii")


def inherit_orphans() -> None:
    """Become the parent of whatever a child leaves running, so that it can be ended."""
    _LIBC.prctl(_SUBREAPER, 1, 0, 0, 0)


def children() -> list[int]:
    """Processes whose parent this one is, inherited ones too."""
    try:
        listed = Path(f"/proc/self/task/{os.getpid()}/children").read_text("ascii")
    except OSError:  # a kernel without this list
        return []
    return [int(number) for number in listed.split()]


def landlock_version() -> int:
    """Version of Landlock in this kernel; 0 where there is none."""
    return max(0, int(_LIBC.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)))


def confine(*, writable: Path, readable: int) -> bool:
    """From now on: write only below one directory, read only programs and one open file, reach no
    TCP port. For good, and for every program started later. False: this kernel cannot."""
    _LIBC.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    version = landlock_version()
    if version == 0:
        return False
    rights = _FILE_RIGHTS.get(version, _FILE_RIGHTS[3] if version == 4 else _NEWEST_FILE_RIGHTS)
    ruleset = _made(version, rights)
    _allow(ruleset, writable, rights)
    for path in _programs():
        _allow(ruleset, path, _READ if path.is_dir() else _EXECUTE | _READ_FILE)
    for device in _DEVICES:
        _allow(ruleset, Path(device), _READ_FILE | _WRITE_FILE)
    _allow_open(ruleset, readable, _READ_FILE)
    done = int(_LIBC.syscall(_RESTRICT_SELF, ruleset, 0)) == 0
    os.close(ruleset)
    return done


def _programs() -> Iterator[Path]:
    models = os.environ.get("TESSDATA_PREFIX")
    yield from (Path(name) for name in _SYSTEM)
    yield from {Path(sys.prefix), Path(sys.base_prefix), _PROJECT}
    # Where libraries lie elsewhere. Not the project as a whole: its keys and files are in it.
    yield from (Path(place) for place in sys.path if Path(place).name.endswith("-packages"))
    if models:
        yield Path(models)


def _made(version: int, rights: int) -> int:
    tcp = _TCP if version >= _NO_TCP_SINCE else 0
    scopes = _SCOPES if version >= _SCOPED_SINCE else 0
    wanted = struct.pack("=QQQ", rights, tcp, scopes)
    size = 24 if version >= _SCOPED_SINCE else 16 if version >= _NO_TCP_SINCE else 8
    ruleset = _LIBC.syscall(_CREATE_RULESET, wanted, size, 0)
    if ruleset < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused its rules")
    return int(ruleset)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:  # not on this system
        return
    try:
        _allow_open(ruleset, handle, rights)
    finally:
        os.close(handle)


def _allow_open(ruleset: int, handle: int, rights: int) -> None:
    rule = struct.pack("=Qi", rights, handle)
    if _LIBC.syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, rule, 0) != 0:
        raise OSError(ctypes.get_errno(), "Landlock refused a rule")
