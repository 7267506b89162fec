"""Draws the API description from the table of calls."""

import re
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast

import msgspec

from tallyward import __version__
from tallyward.web.calls import Call

_ERROR_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "retryable", "docs"],
            "properties": {
                "code": {"type": "string"},
                "message": {"type": "string"},
                "field": {"type": "string"},
                "index": {"type": "integer"},
                "retryable": {"type": "boolean"},
                "remedy": {"type": "string"},
                "docs": {"type": "string"},
            },
        }
    },
}

_CONVERTER = re.compile(r"\{(\w+)(?::\w+)?\}")
_CSV: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string", "description": "The rows, with a header (RFC 4180)."}}
}


def describe(calls: Iterable[Call]) -> dict[str, Any]:
    """The OpenAPI 3.1 description of every call that is not a page."""
    described = [call for call in calls if not call.page]
    types = list(dict.fromkeys(kind for call in described for kind in (*_types(call.takes), *_types(call.gives))))
    schemas, components = msgspec.json.schema_components(types, ref_template="#/components/schemas/{name}")
    schema_of = dict(zip(types, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for call in described:
        paths.setdefault(_CONVERTER.sub(r"{\1}", call.path), {})[call.method.lower()] = _operation(call, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Tallyward",
            "version": __version__,
            "description": "One ledger for the work of every coding agent.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": paths,
        "components": {
            "schemas": {**components, "Error": _ERROR_SCHEMA},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _types(declared: Any) -> tuple[Any, ...]:
    if isinstance(declared, tuple):
        return cast("tuple[Any, ...]", declared)
    return () if declared is None else (declared,)


def _schema(declared: Any, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    schemas = [schema_of[kind] for kind in _types(declared)]
    return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}


def _operation(call: Call, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": call.handler.__name__,
        "summary": call.says,
        "responses": {
            str(call.status): {"description": "Done.", **_given(call, schema_of)},
            "default": {
                "description": "Refused or failed.",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
        },
    }
    if call.access != "open":
        operation["security"] = [{"token": []}]
        operation["x-tally-scope"] = call.access
    parameters = _parameters(call)
    if parameters:
        operation["parameters"] = parameters
    if call.takes is not None:
        operation["requestBody"] = {"required": True, "content": _contents(call, schema_of[call.takes])}
    return operation


def _given(call: Call, schema_of: dict[Any, dict[str, Any]]) -> dict[str, Any]:
    """What the answer holds: nothing where it says so by its status."""
    if call.status == HTTPStatus.NO_CONTENT:
        return {}
    return {"content": {call.media: {"schema": _schema(call.gives, schema_of)}} | (_CSV if call.table else {})}


def _parameters(call: Call) -> list[dict[str, Any]]:
    return [
        *(
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in _CONVERTER.findall(call.path)
        ),
        *(
            {"name": query.name, "in": "query", "schema": query.schema, "description": query.says}
            for query in call.queries
        ),
    ]


def _contents(call: Call, one: dict[str, Any]) -> dict[str, Any]:
    if not call.many:
        return {"application/json": {"schema": one}}
    either = {"anyOf": [one, {"type": "array", "items": one, "maxItems": 10_000}]}
    return {
        "application/json": {"schema": either},
        "application/x-ndjson": {"schema": {"type": "string", "description": "One JSON object a line."}},
    }
