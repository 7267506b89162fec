"""What a forge's refusal means for us: the kind of error, and when to ask again.

Statuses, headers and the names of fields are read. Of the words of an answer nothing is repeated, since they may quote
what people wrote; one of them is looked for, by which GitHub tells its second limit from a missing right.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, cast

from tallyward import clock
from tallyward.errors import (
    ForgeConflict,
    ForgeError,
    ForgeForbidden,
    ForgeRejected,
    ForgeTokenRefused,
    ForgeUnavailable,
    NotFoundOnForge,
    RateLimited,
)

SECONDARY_PAUSE = timedelta(seconds=60)  # what GitHub asks for where it names no time
PAUSE_MAX = timedelta(hours=2)  # the longest window of a limit is an hour; what says more is wrong
_SECONDARY = re.compile(r"secondary[ -]rate|rate limit|abuse", re.IGNORECASE)
_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_.\[\]-]{0,60}", re.ASCII)
_RIGHTS = re.compile(r"[a-z_=,;: ]{1,200}", re.ASCII)


_KINDS: dict[int, type[ForgeError]] = {
    401: ForgeTokenRefused, 403: ForgeForbidden, 404: NotFoundOnForge, 405: ForgeConflict, 408: ForgeUnavailable,
    409: ForgeConflict, 410: NotFoundOnForge, 412: ForgeConflict, 423: ForgeConflict, 451: NotFoundOnForge,
}  # fmt: skip


def refusal(status: int, headers: Mapping[str, str], said: Any, question: str) -> ForgeError:
    """The error for an answer of 300 or more. `question` is what was asked, without what it was asked with."""
    if status == 429 or (status == 403 and _is_limit(headers, said)):  # noqa: PLR2004  # HTTP's numbers are their names
        until = pause_until(headers)
        return RateLimited(f"The forge has had enough questions until {clock.iso(until)}: {question}.", until=until)
    if status < 400:  # noqa: PLR2004
        return ForgeError(f"The forge sends us elsewhere ({status}), where we do not follow: {question}.")
    kind = _KINDS.get(status, ForgeUnavailable if status >= 500 else ForgeRejected)  # noqa: PLR2004
    sentence = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
    more = _missing_right(headers) if kind is ForgeForbidden else _fields(said) if kind is ForgeRejected else ""
    return kind(f"{sentence} ({status}{more}): {question}.")


_GRAPHQL_KINDS: dict[str, type[ForgeError]] = {
    "NOT_FOUND": NotFoundOnForge, "FORBIDDEN": ForgeForbidden, "INSUFFICIENT_SCOPES": ForgeForbidden,
    "UNPROCESSABLE": ForgeConflict, "STALE_DATA": ForgeConflict, "": ForgeUnavailable, "INTERNAL": ForgeUnavailable,
    "SERVICE_UNAVAILABLE": ForgeUnavailable, "TIMEOUT": ForgeUnavailable,
}  # fmt: skip


def graphql_refusal(errors: list[Any], question: str) -> ForgeError:
    """The error for an answer of GraphQL that holds some; the first decides."""
    first = cast("dict[str, Any]", errors[0]) if errors and isinstance(errors[0], dict) else {}
    told = str(first.get("type") or "")
    if told == "RATE_LIMITED":
        until = clock.now() + SECONDARY_PAUSE
        return RateLimited(f"The forge has had enough questions until {clock.iso(until)}: {question}.", until=until)
    kind = _GRAPHQL_KINDS.get(told, ForgeRejected)
    sentence = (kind.__doc__ or "").partition("\n")[0].rstrip(".")
    return kind(f"{sentence} ({told if _FIELD.fullmatch(told) else 'unnamed'}): {question}.")


def pause_until(headers: Mapping[str, str]) -> datetime:
    """When to ask again: Retry-After, in seconds or as a date, else the reset of a limit that is used up."""
    now = clock.now()
    told = _retry_after(headers.get("retry-after", ""), now)
    if told is None and headers.get("x-ratelimit-remaining") == "0":
        told = reset_of(headers)
    return now + SECONDARY_PAUSE if told is None else min(max(told, now), now + PAUSE_MAX)


def reset_of(headers: Mapping[str, str]) -> datetime | None:
    """The moment at which a limit begins anew."""
    told = headers.get("x-ratelimit-reset", "")
    return datetime.fromtimestamp(int(told), UTC) if told.isascii() and told.isdigit() and len(told) < 12 else None  # noqa: PLR2004  # until the year 5138


def _retry_after(told: str, now: datetime) -> datetime | None:
    if told.isascii() and told.isdigit():
        return now + min(timedelta(seconds=int(told[:9])), PAUSE_MAX)
    try:
        return parsedate_to_datetime(told).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _is_limit(headers: Mapping[str, str], said: Any) -> bool:
    if "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0":
        return True
    if not isinstance(said, dict):
        return False
    told = cast("dict[str, Any]", said)
    return any(_SECONDARY.search(str(told.get(name) or "")) for name in ("message", "documentation_url"))


def _missing_right(headers: Mapping[str, str]) -> str:
    """GitHub names the right that it misses."""
    if "x-github-sso" in headers:
        return "; authorise the token for the organisation's single sign-on"
    for name in ("x-accepted-github-permissions", "x-accepted-oauth-scopes"):
        told = headers.get(name, "")
        if told and _RIGHTS.fullmatch(told):
            return f"; it needs {told}"
    return ""


def _fields(said: Any) -> str:
    errors = cast("dict[str, Any]", said).get("errors") if isinstance(said, dict) else None
    if not isinstance(errors, list):
        return ""
    listed = [cast("dict[str, Any]", each).get("field") for each in cast("list[Any]", errors) if isinstance(each, dict)]
    named = sorted({name for name in listed if isinstance(name, str) and _FIELD.fullmatch(name)})
    return f"; {', '.join(named)}" if named else ""
