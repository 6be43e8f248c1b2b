"""Query parameters of lists: declared once, checked and published from the same declaration.

A parameter that a list does not know is refused rather than ignored: whoever mistypes a filter
must not take the whole list for the answer, and filtering or ordering by a field that is not on
offer would be a way to guess at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter
from jsonschema import Draft202012Validator

from security.api.refusals import BadParameterError

INTEGER = re.compile(r"[0-9]{1,18}")
LONGEST_ID = 10**18 - 1


@dataclass(frozen=True)
class Parameter:
    """One query parameter. ``schema``: JSON schema of a value; ``many``: may be given repeatedly."""

    name: str
    schema: dict[str, Any]
    description: str
    many: bool = False

    def fits(self, value: str) -> bool:
        read: str | int = value
        if self.schema["type"] == "integer":
            if not INTEGER.fullmatch(value):
                return False
            read = int(value)
        return Draft202012Validator(self.schema).is_valid(read)

    @property
    def documented(self) -> OpenApiParameter:
        schema = {"type": "array", "items": self.schema} if self.many else self.schema
        return OpenApiParameter(self.name, schema, description=self.description)


def number(name: str, description: str, *, highest: int = LONGEST_ID) -> Parameter:
    return Parameter(name, {"type": "integer", "minimum": 0, "maximum": highest}, description)


def text(name: str, description: str, *, longest: int) -> Parameter:
    return Parameter(name, {"type": "string", "maxLength": longest}, description)


def one_of(name: str, description: str, values: Iterable[str], *, many: bool = False) -> Parameter:
    return Parameter(name, {"type": "string", "enum": sorted(values)}, description, many)


def flag(name: str, description: str) -> Parameter:
    return one_of(name, description, ["1"])


def fitting(name: str, description: str, pattern: str, *, longest: int, **more: str) -> Parameter:
    """A text of this regular expression; ``more``: keywords of the schema, such as ``example``."""
    schema = {"type": "string", "maxLength": longest, "pattern": f"^(?:{pattern})$", **more}
    return Parameter(name, schema, description)


# Its own day or instant; whether it lies in the past is asked when it is read.
INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:[0-9]{2})?)?"
KEY_OF_CALL = re.compile(r"[A-Za-z0-9._:-]{8,64}")
KEY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "pattern": "^[A-Za-z0-9._:-]{8,64}$"},
    OpenApiParameter.HEADER,
    description="the caller's own name for this call: sent again, it is answered again and not done",
)
CURSOR = text("cursor", "where a page begins: taken from next or previous", longest=200)
FORMAT = one_of("format", "the only one there is", ["json"])


def check(query: QueryDict, known: Iterable[Parameter]) -> None:
    """Raise BadParameterError unless every parameter is known, fits, and is there once."""
    offered = {parameter.name: parameter for parameter in (*known, FORMAT)}
    wrong = {}
    for name, values in query.lists():
        parameter = offered.get(name)
        if parameter is None:
            wrong[name[:40]] = _("There is no such parameter here.")
        elif len(values) > 1 and not parameter.many:
            wrong[name] = _("This parameter may be given once only.")
        elif not all(parameter.fits(value) for value in values):
            wrong[name] = _("This value does not fit.")
    if wrong:
        raise BadParameterError(wrong)
