"""Named benchmarks: a module `NAME` here that holds `run(...) -> Result` is called by `bench NAME`.

Options that were not given, or that a module's `run` does not name, are not passed to it. A benchmark that needs a
database makes one of its own and drops it.
"""

import inspect
import pkgutil
from importlib import import_module
from typing import Any, TypedDict

from django.conf import settings
from django.test import override_settings


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
    modules = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [name for name in modules if hasattr(import_module(f"{__name__}.{name}"), "run")]


def run(name: str, **options: Any) -> Result:
    """Run one benchmark with those options that it takes."""
    measure = import_module(f"{__name__}.{name}").run
    known = inspect.signature(measure).parameters
    given = {key: value for key, value in options.items() if value is not None and key in known}
    # A clone that was never started has no collected static files, and pages name them.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    with override_settings(STORAGES={**settings.STORAGES, "staticfiles": plain}):
        result: Result = measure(**given)
    return result
