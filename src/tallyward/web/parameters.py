"""Query parameters, read and checked, and how the API description tells of those that several calls take."""

import re
from datetime import datetime
from typing import TypeVar

import msgspec
from starlette.requests import Request

from tallyward.errors import Invalid
from tallyward.web.calls import Query

DAYS_DEFAULT = 30
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YES = {"true": True, "1": True, "": True, "false": False, "0": False}
Value = TypeVar("Value")

PARTIAL = Query(
    "partial", {"type": "boolean", "default": False}, "Keep the good rows of a batch and list the bad ones."
)
DAYS = Query("days", {"type": "integer", "default": DAYS_DEFAULT, "minimum": 1, "maximum": 366}, "Days back from now.")


def flag(request: Request, name: str) -> bool:
    """A yes or no; no where nothing is said."""
    if not request.scope["query_string"]:
        return False
    text = request.query_params.get(name, "false").lower()
    if text not in _YES:
        raise Invalid(f"{name} is {text!r}; it must be true or false.", field=name)
    return _YES[text]


def typed(request: Request, name: str, kind: type[Value], default: Value) -> Value:
    """A value of this type. Raises Invalid for any other."""
    text = request.query_params.get(name)
    if text is None:
        return default
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"{name}: {error}.", field=name) from error


def moment(request: Request, name: str) -> datetime | None:
    """A moment with its time zone, None where nothing is said."""
    text = request.query_params.get(name)
    return None if text is None else _moment_of(text, name)


def _moment_of(text: str, name: str) -> datetime:
    try:
        found = msgspec.convert(text, datetime, strict=False)
    except msgspec.ValidationError as error:
        raise Invalid(f"{name}: {error}.", field=name) from error
    if found.tzinfo is None:
        raise Invalid(f"{name} needs a time zone, such as 2026-05-17T14:23:01Z.", field=name)
    return found


def day_or_moment(request: Request, name: str) -> datetime | None:
    """A moment with its time zone, or the first moment of a day of UTC; None where nothing is said."""
    text = request.query_params.get(name, "")
    if _DAY.fullmatch(text):
        text += "T00:00:00Z"
    return _moment_of(text, name) if text else None


def days(request: Request) -> int:
    """How far to look back."""
    return typed(request, "days", int, DAYS_DEFAULT)
