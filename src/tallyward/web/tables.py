"""A board as JSON, or its rows as CSV: with `Accept: text/csv` or `?format=csv`.

The CSV is RFC 4180: a header row, CRLF, quotes where they are needed, UTF-8. A spreadsheet takes a cell that begins
with `=`, `+`, `-` or `@` for a formula and would run what somebody named a skill, so such a text gets an apostrophe in
front.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward import clock
from tallyward.errors import Invalid
from tallyward.web.bodies import Json, header

FORMATS = ("json", "csv")
_ACTIVE = ("=", "+", "-", "@", "\t", "\r", "\n")  # what makes a spreadsheet think of a formula


def answer(request: Request, board: Struct, table: str) -> Response:
    """The board in the form that is asked for. Raises Invalid for one that there is not."""
    if wants_csv(request):
        name = request.scope["path"].strip("/").split("/")[1]
        return as_csv(getattr(board, table), type_of_rows(board, table), name)
    return Json(board)


def wants_csv(request: Request) -> bool:
    """Whether CSV is asked for, by `format` or else by the header."""
    said = request.query_params.get("format")
    if said is None:
        return "text/csv" in header(request, b"accept")
    if said not in FORMATS:
        raise Invalid(f"format is {said[:60]!r}; it must be one of {', '.join(FORMATS)}.", field="format")
    return said == "csv"


def type_of_rows(board: Struct, table: str) -> type[Struct]:
    """The struct of the rows of a board, which knows the columns even where there is no row."""
    info = msgspec.inspect.type_info(type(board))
    if isinstance(info, msgspec.inspect.StructType):
        for field in info.fields:
            kind = field.type
            if field.name == table and isinstance(kind, msgspec.inspect.ListType):
                inner = kind.item_type
                if isinstance(inner, msgspec.inspect.StructType):
                    return inner.cls
    raise TypeError(f"{type(board).__name__}.{table} is no list of structs")


def as_csv(rows: Sequence[Struct], kind: type[Struct], name: str) -> Response:
    """These rows as a file."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_columns(kind))
    writer.writerows([list(_cells(row)) for row in rows])
    headers = {"content-disposition": f'attachment; filename="{name}.csv"', "cache-control": "no-store"}
    return Response(text.getvalue(), media_type="text/csv; charset=utf-8; header=present", headers=headers)


def _columns(kind: type[Struct]) -> list[str]:
    """The names of the columns. A struct within a row, such as a rate, has one for each of its fields."""
    info = msgspec.inspect.type_info(kind)
    fields = info.fields if isinstance(info, msgspec.inspect.StructType) else ()
    return [column for field in fields for column in _columns_of(field)]


def _columns_of(field: msgspec.inspect.Field) -> list[str]:
    inner = _struct_in(field.type)
    return [field.name] if inner is None else [f"{field.name}_{name}" for name in inner.__struct_fields__]


def _struct_in(kind: msgspec.inspect.Type) -> type[Struct] | None:
    types = kind.types if isinstance(kind, msgspec.inspect.UnionType) else (kind,)
    return next((found.cls for found in types if isinstance(found, msgspec.inspect.StructType)), None)


def _cells(row: Struct) -> Iterator[object]:
    info = msgspec.inspect.type_info(type(row))
    for field in info.fields if isinstance(info, msgspec.inspect.StructType) else ():
        value = getattr(row, field.name)
        inner = _struct_in(field.type)
        if inner is None:
            yield cell(value)
        else:
            yield from (cell(None if value is None else getattr(value, name)) for name in inner.__struct_fields__)


def cell(value: object) -> object:
    """What a cell holds: numbers as they are, nothing for None, text that no spreadsheet takes for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, datetime):
        return clock.iso(value)
    if isinstance(value, date):
        return value.isoformat()
    text = value if isinstance(value, str) else _told(value)
    return f"'{text}" if text.startswith(_ACTIVE) else text


def _told(value: object) -> str:
    """A list of plain values with spaces between, anything else as JSON."""
    if isinstance(value, (list, tuple)) and not any(isinstance(item, (Mapping, Struct)) for item in _items(value)):
        return " ".join(str(item) for item in _items(value))
    return msgspec.json.encode(value).decode()


def _items(value: Any) -> Sequence[object]:
    return value
