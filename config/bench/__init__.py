"""Named benchmarks: a module `NAME` here holds `run(...) -> Result`, called by `bench NAME`.

Options that a module's `run` does not name are not passed to it. A benchmark that needs a
database makes one of its own and drops it.
"""

import inspect
import pkgutil
from importlib import import_module
from typing import Any, TypedDict


class Result(TypedDict):
    """What every benchmark prints with `--json`.

    `figures` are measured, `floors` measured in the same run by the plainest means, `ratios` one
    divided by the other, `targets` the numbers that `ok` compares with.
    """

    name: str
    scale: int
    figures: dict[str, Any]
    floors: dict[str, Any]
    ratios: dict[str, float]
    targets: dict[str, float]
    ok: bool


def names() -> list[str]:
    """The benchmarks there are."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def run(name: str, **options: Any) -> Result:
    """Run one benchmark with those options that it takes."""
    measure = import_module(f"{__name__}.{name}").run
    known = inspect.signature(measure).parameters
    result: Result = measure(**{key: value for key, value in options.items() if key in known})
    return result
