"""What the OpenAPI document says beyond what serializers tell: parameters, tokens, refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from security.api.parameters import KEY, LONGEST_ID, Parameter
from security.api.refusals import REFUSALS

MASKED = "masked"  # names the fields of a row that this caller may not read: they are left out
DOCUMENTED = (400, 401, 403, 404, 405, 406, 429, 503)
OF_WRITING = (409, 415, 422)
REFUSAL = {
    "type": "object",
    "description": "Why a request was refused.",
    "required": ["code", "detail"],
    "properties": {
        "code": {"type": "string", "description": "stable, for programs"},
        "detail": {"type": "string", "description": "a sentence for people"},
        "parameters": {
            "type": "object",
            "description": "with bad_parameter: what is wrong with which parameter",
            "additionalProperties": {"type": "string"},
        },
        "problems": {
            "type": "object",
            "description": "of a body: what is wrong, by field (bad_body) or by reason (refused)",
            "additionalProperties": {"type": "string"},
        },
        "version": {
            "type": "integer",
            "description": "with changed_meanwhile: the one there is now",
        },
    },
    "additionalProperties": False,
}


class ApiSchema(AutoSchema):
    """Parameters come from the view's own declaration, which also checks them."""

    def get_override_parameters(self) -> list[Any]:
        offered: tuple[Parameter, ...] = (
            self.view.offered() if hasattr(self.view, "offered") else ()
        )
        headers = [KEY] if self.method == "POST" else []
        return [*(parameter.documented for parameter in offered), *headers]


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "security.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "saro_…"}


def document_refusals(result: dict[str, Any], **_rest: Any) -> dict[str, Any]:
    """Post-processing hook: every operation may be refused, always with the same body; of a row whose
    fields are shown to some only, no field need be there."""
    schemas = result["components"]["schemas"]
    schemas["Refusal"] = REFUSAL
    for schema in schemas.values():
        if MASKED in schema.get("properties", {}):
            schema["required"] = ["id", MASKED]
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Refusal"}}}
    for path in result["paths"].values():
        for operation in path.values():
            writes = "requestBody" in operation
            for status in (*DOCUMENTED, *(OF_WRITING if writes else ())):
                operation["responses"].setdefault(
                    str(status), {"description": REFUSALS[status][0], "content": content}
                )
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "path":
                    parameter["schema"] = {"type": "integer", "minimum": 0, "maximum": LONGEST_ID}
    return result
