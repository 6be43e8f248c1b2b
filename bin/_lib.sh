# Shared by the scripts in bin/: plain sh, sourced, nothing assumed but a shell.
# Sets $root and goes there; the functions below bring packages, venv and dependencies.

set -u
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P) || exit 1
cd -- "$root" || exit 1
python=$root/.venv/bin/python

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }

# Is there a Python that this project runs on? Sets $system_python.
find_python() {
    for candidate in python3 python3.11 python3.12 python3.13 python3.14; do
        if command -v "$candidate" >/dev/null 2>&1 &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            system_python=$candidate
            return 0
        fi
    done
    return 1
}

# Names of the packages that are missing, found by what they bring rather than by their names:
# a program that was installed another way is as good.
missing_packages() { # $1: run | test
    has() { command -v "$1" >/dev/null 2>&1; }
    if ! find_python; then has python3 || printf 'python3 python3-venv '
    else "$system_python" -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv '; fi
    ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || printf 'postgresql '
    has redis-server || printf 'redis-server '
    has tesseract || printf 'tesseract-ocr '
    # A here-document, not a pipe: grep -q would end the pipe early and lose the answer.
    if has tesseract && tesseract --list-langs 2>/dev/null | grep -x vie >/dev/null; then :
    else printf 'tesseract-ocr-vie '; fi
    has pdftoppm || printf 'poppler-utils '
    has msgfmt || printf 'gettext '
    if [ "$1" = test ]; then
        has chromium || [ -n "${CHROMIUM:-}" ] || printf 'chromium '
        ls /usr/share/fonts/truetype/noto/NotoSans-Regular.ttf >/dev/null 2>&1 ||
            printf 'fonts-noto-core '
        ls /usr/share/fonts/truetype/liberation*/LiberationSerif-Regular.ttf >/dev/null 2>&1 ||
            printf 'fonts-liberation '
    fi
}

# Install what is missing, as root or through sudo; without either say the exact command.
need_packages() { # $1: run | test
    missing=$(missing_packages "$1")
    if [ -n "$missing" ]; then
        command -v apt-get >/dev/null 2>&1 ||
            fail "Missing on this machine: $missing(names as in Debian). There is no apt-get here."
        say "Installing system packages: $missing"
        # $missing is a list of words
        # shellcheck disable=SC2086
        if [ "$(id -u)" = 0 ]; then
            sh bin/_packages.sh $missing || fail "The packages could not be installed."
        elif command -v sudo >/dev/null 2>&1; then
            sudo sh bin/_packages.sh $missing || cannot_install
        else
            cannot_install
        fi
        still=$(missing_packages "$1")
        [ -z "$still" ] || fail "Still missing after the installation: $still"
    fi
    find_python || fail "Python 3.11 or newer is needed; found $(python3 --version 2>&1). \
Debian 12 and Ubuntu 24.04 have it."
}

cannot_install() {
    fail "System packages are missing and neither root nor sudo is at hand. Ask for:

  apt-get update && apt-get install -y --no-install-recommends $missing"
}

# .venv with exactly the locked versions; nothing is done where the lock has not changed.
need_dependencies() { # $1: run | test
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        say "Virtual environment .venv …"
        rm -rf .venv
        "$system_python" -m venv .venv || fail "The virtual environment could not be made."
    fi
    now=$(cat uv.lock pyproject.toml | cksum)
    if [ "$(cat ".venv/synced-$1" 2>/dev/null)" = "$now" ]; then return 0; fi
    say "Python packages from uv.lock …"
    "$python" -m uv --version >/dev/null 2>&1 ||
        "$python" -m pip install -qq --disable-pip-version-check 'uv>=0.5' ||
        fail "uv could not be installed into .venv."
    # An office's inspecting proxy is known to the system, not to uv's own list.
    [ ! -f /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=1
    groups=--no-dev
    [ "$1" = run ] || groups='--group dev'
    # shellcheck disable=SC2086
    "$python" -m uv sync --quiet --frozen --inexact $groups ||
        fail "The Python packages could not be installed."
    printf '%s\n' "$now" >".venv/synced-$1"
    [ "$1" = run ] || printf '%s\n' "$now" >.venv/synced-run
}
