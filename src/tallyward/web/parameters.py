"""Query parameters, read and checked, and how the API description tells of those that several calls take."""

import re
from datetime import datetime
from typing import TypeVar, get_args

import msgspec
from starlette.requests import Request

from tallyward.domain.fire import EARLIEST, KINDS, Runtime, Status
from tallyward.errors import Invalid
from tallyward.services.asked import NAME_CHARS_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, SEARCH_CHARS_MAX, Asked, Paging
from tallyward.services.asked import read as read_asked
from tallyward.services.asked import read_paging as paging_of
from tallyward.web.calls import Query

DAYS_DEFAULT = 30
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_YES = {"true": True, "1": True, "": True, "false": False, "0": False}
Value = TypeVar("Value")

PARTIAL = Query(
    "partial", {"type": "boolean", "default": False}, "Keep the good rows of a batch and list the bad ones."
)
DAYS = Query("days", {"type": "integer", "default": DAYS_DEFAULT, "minimum": 1, "maximum": 366}, "Days back from now.")
TZ_COOKIE = "tally_tz"  # set by the pages: the reader's own time zone
_TEXT = {"type": "string", "maxLength": NAME_CHARS_MAX}
RANGE = (
    DAYS,
    Query("from", {"type": "string"}, "From this moment, or this day in `tz`, on; instead of `days`."),
    Query("to", {"type": "string"}, "Up to this moment or day, which is not part of it; needs `from`."),
    Query("tz", {"type": "string", "default": "UTC"}, "Time zone of days, by its IANA name."),
)
FILTERS = (
    Query("engineer", _TEXT, "Only this engineer. An engineer's token takes its own alone."),
    Query("skill", _TEXT, "Only this skill, tool or agent."),
    Query("repo", _TEXT, "Only this repository; `(none)` for those without one."),
    Query("model", _TEXT, "Only this model; `(none)` for those without one."),
    Query("runtime", {"type": "string"}, f"Only these runtimes, with commas between: {', '.join(get_args(Runtime))}."),
    Query("kind", {"type": "string"}, f"Only these kinds, with commas between: {', '.join(KINDS)}."),
)
ROW_FILTERS = (
    Query("session", _TEXT, "Only this session."),
    Query("status", {"type": "string", "enum": list(get_args(Status))}, "Only what ended so."),
)
REQUEST_FILTERS = FILTERS[:-1]  # a request to a model is of no kind
RANGE_OR_EVER = (Query("days", {"type": "integer", "minimum": 1, "maximum": 366}, "Days back from now."), *RANGE[1:])
SINCE = Query("since", {"type": "string", "format": "date-time"}, "At or after this moment: `from` by another name.")
SEARCH = Query("q", {"type": "string", "maxLength": SEARCH_CHARS_MAX}, "Only rows whose name holds these letters.")
PAGE = (
    Query("page", {"type": "integer", "default": 1, "minimum": 1}, "Which page, from 1."),
    Query(
        "limit", {"type": "integer", "default": PAGE_ROWS_DEFAULT, "minimum": 1, "maximum": PAGE_ROWS_MAX},
        "How many rows a page has.",
    ),
)  # fmt: skip


def asked(request: Request) -> Asked:
    """The range, filters and search that the address says. Raises Invalid for what cannot be meant."""
    return read_asked(request.query_params, tz_default=_reader_zone(request))


def asked_or_ever(request: Request) -> Asked:
    """As `asked`, but of all time where no range is said: for lists, whose newest rows are wanted."""
    said = request.query_params
    if any(said.get(name) for name in ("days", "from", "to")):
        return asked(request)
    since = moment(request, "since") if said.get("since") else None
    return asked(request).of(since=since or EARLIEST, days=None)


def _reader_zone(request: Request) -> str:
    """The zone that the reader's pages know of; a cookie that is no zone is as none, since nobody typed it."""
    kept = request.cookies.get(TZ_COOKIE, "")
    try:
        return read_asked({"tz": kept}).tz
    except Invalid:
        return read_asked({}).tz


def paging(request: Request) -> Paging:
    """Which page the address asks for. Raises Invalid for one that there is not."""
    return paging_of(request.query_params)


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
