"""The page of every call, from the table of calls that the routes are made of."""

import json
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, inspect

from docs._reference import shapes
from docs._reference.markdown import code, table
from tallyward.services.ingest import NDJSON_TYPES, ROWS_MAX
from tallyward.web.app import CALLS
from tallyward.web.bodies import BODY_BYTES_MAX
from tallyward.web.calls import Call, Query


def _head() -> str:
    return f"""# HTTP API

Every call but the open ones needs `Authorization: Bearer <token>`; a browser may send the same token as the cookie
`tally_session`. `admin` holds every scope but `approve`. A query parameter that is not listed is refused by its name.
Errors have [one shape](errors.md). [openapi.json](openapi.json) says the same for programs; a server gives it at
`/openapi.json`.

A body is one JSON object, a JSON array, or NDJSON, in UTF-8, plain or with gzip; at most {ROWS_MAX:,} rows and
{BODY_BYTES_MAX // 1024 // 1024} MiB, packed or unpacked. The content types of NDJSON are
{", ".join(map(code, sorted(NDJSON_TYPES)))}. The parser is strict:
unknown fields, keys that stand twice, NaN, lone surrogates and NUL characters are refused. Without `?partial=true` the
first bad row refuses the whole body; with it, the good rows are stored and the bad ones listed.

A 202 comes after the commit: what was answered is stored and synced. A fire that is known already gets the id of its
first row."""


def _overview() -> str:
    rows = [[f"`{call.method} {call.path}`", call.access, call.says] for call in CALLS]
    return table(["call", "scope", "what it does"], rows)


def _structs(declared: Any) -> list[type[Struct]]:
    kinds = declared if isinstance(declared, tuple) else (declared,)
    return [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Struct)]


def _inner(kind: inspect.Type) -> Iterator[type[Struct]]:
    """The structs that a field holds."""
    if isinstance(kind, inspect.StructType):
        yield kind.cls
    elif isinstance(kind, inspect.ListType):
        yield from _inner(kind.item_type)
    elif isinstance(kind, inspect.UnionType):
        for inner in kind.types:
            yield from _inner(inner)


def _shapes() -> list[type[Struct]]:
    """Every struct that an answer holds, each once, those within others after them."""
    found: list[type[Struct]] = []
    waiting = [struct for call in CALLS if not call.page for struct in _structs(call.gives)]
    while waiting:
        struct = waiting.pop(0)
        if struct not in found:
            found.append(struct)
            waiting = [inner for field in shapes.fields(struct) for inner in _inner(field.type)] + waiting
    return found


def _shape(struct: type[Struct]) -> str:
    rows = [
        [code(field.name), shapes.told(field.type), "yes" if shapes.nullable(field.type) else ""]
        for field in shapes.fields(struct)
    ]
    says = " ".join((struct.__doc__ or "").split()).replace("None", "null").replace("True", "true")
    return f"### {struct.__name__}\n\n{says}\n\n" + table(["field", "type", "may be null"], rows)


def _default(query: Query) -> str:
    return json.dumps(query.schema["default"]) if "default" in query.schema else ""


def _section(call: Call) -> str:
    gives = " or ".join(f"[{struct.__name__}](#{struct.__name__.lower()})" for struct in _structs(call.gives))
    answer = f"{call.status} {gives or ('and a JSON object' if 'json' in call.media else 'and text')}"
    who = "Open to anybody" if call.access == "open" else f"Scope: {call.access}"
    csv = f" With `Accept: text/csv` or `?format=csv` its `{call.table}` as CSV." if call.table else ""
    told = [f"### {call.method} {call.path}", call.says, f"{who}. Answers {answer}.{csv}"]
    if call.takes is not None:
        told.append(f"Takes {call.takes.__name__}; its fields are among the [captured fields](captured-fields.md).")
    if call.queries:
        rows = [[code(query.name), _default(query), query.says] for query in call.queries]
        told.append(table(["query parameter", "default", "what it does"], rows))
    return "\n\n".join(told)


def page() -> str:
    calls = [_section(call) for call in CALLS if not call.page]
    answers = [_shape(struct) for struct in _shapes()]
    return "\n\n".join([_head(), "## All calls and pages", _overview(), "## The calls", *calls, "## Answers", *answers])
