"""How the type of a field is told to a reader, with its limits."""

from collections.abc import Callable
from typing import Any

from msgspec import NODEFAULT, Struct, inspect


def fields(struct: type[Struct]) -> tuple[inspect.Field, ...]:
    found = inspect.type_info(struct)
    if not isinstance(found, inspect.StructType):
        raise TypeError(f"{struct} is not a struct.")
    return found.fields


def told(kind: inspect.Type) -> str:
    """`text, 1 to 200 characters`; whether it may be null stands elsewhere."""
    tell = _TOLD.get(type(kind))
    return tell(kind) if tell else "anything"


def _text(kind: Any) -> str:
    if kind.max_length is None:
        return "text"
    return f"text, {f'{kind.min_length} to' if kind.min_length else 'at most'} {kind.max_length:,} characters"


def _whole_number(kind: Any) -> str:
    return "whole number" if kind.le is None else f"whole number, {kind.ge} to {kind.le:,}"


def _union(kind: Any) -> str:
    return " or ".join(told(inner) for inner in kind.types if not isinstance(inner, inspect.NoneType))


_TOLD: dict[type, Callable[[Any], str]] = {
    inspect.UnionType: _union,
    inspect.StrType: _text,
    inspect.IntType: _whole_number,
    inspect.FloatType: lambda _: "number",
    inspect.BoolType: lambda _: "true or false",
    inspect.DateTimeType: lambda _: "time, RFC 3339 with its zone",
    inspect.LiteralType: lambda kind: "one of " + ", ".join(f"`{value}`" for value in kind.values),
    inspect.ListType: lambda kind: f"list of {told(kind.item_type)}",
    inspect.DictType: lambda kind: f"object of {told(kind.value_type)}",
    inspect.StructType: lambda kind: f"`{kind.cls.__name__}`",
}


def nullable(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.UnionType) and any(isinstance(inner, inspect.NoneType) for inner in kind.types)


def presence(field: inspect.Field) -> str:
    """`required`, `default ...`, or `optional`."""
    if field.required:
        return "required"
    known = field.default is not NODEFAULT and field.default is not None
    return f"default `{field.default}`" if known else "optional"
