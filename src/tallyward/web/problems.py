"""The one error shape, and what becomes of an error nobody expected."""

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from tallyward.errors import DOCS_URL, Busy, Refused, TallyError, TooSlow
from tallyward.web.bodies import Json

RETRY_AFTER_SECONDS = 1  # a group commits in far less; a client that waits longer by its own back-off is welcome


class RowProblem(Struct, omit_defaults=True):
    """Why one row of a batch was refused."""

    index: int
    code: str
    message: str
    field: str | None = None


def row_problems(refusals: Iterable[Refused]) -> list[RowProblem]:
    """The refusals of a batch, as its answer lists them."""
    return [RowProblem(refusal.index or 0, refusal.code, refusal.message, refusal.field) for refusal in refusals]


def error_body(error: TallyError) -> dict[str, Any]:
    """`{"error": {"code", "message", "field"?, "index"?, "retryable", "remedy"?, "docs"}}`."""
    shape: dict[str, Any] = {"code": error.code, "message": error.message, "retryable": error.retryable}
    if error.field is not None:
        shape["field"] = error.field
    if error.index is not None:
        shape["index"] = error.index
    if error.remedy:
        shape["remedy"] = error.remedy
    shape["docs"] = f"{DOCS_URL}#{error.code}"
    return {"error": shape}


def error_headers(error: TallyError) -> dict[str, str]:
    """What an error says beside its body, whatever shape that has."""
    headers: dict[str, str] = {}
    if isinstance(error, Busy):
        headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    if error.status == 401:  # noqa: PLR2004  # the number is the name
        headers["WWW-Authenticate"] = 'Bearer realm="tallyward"'
    if isinstance(error, TooSlow):
        headers["Connection"] = "close"  # or its dribble would hold the connection on
    return headers


def error_response(error: TallyError) -> Json:
    """The answer to a request that failed."""
    return Json(error_body(error), error.status, error_headers(error))
