"""The calls of accounting: metered requests in, what they cost out."""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.usage import UsageIn
from tallyward.services.usage import KEYS, ROWS_DEFAULT, ROWS_MAX, ReconciliationBoard, UsageBoard
from tallyward.web.bodies import Json, content_type, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import DAYS, PARTIAL, day_or_moment, days, flag, typed
from tallyward.web.problems import RowProblem, row_problems

BY_DEFAULT = "day"


class UsageStored(Struct, omit_defaults=True):
    """How many requests were new and how many were known already; a known one has learnt what the report adds.

    `ignored` counts what a client answered by itself, which is no request; `errors` only with `?partial=true`.
    """

    stored: int
    duplicate: int
    ignored: int = 0
    errors: list[RowProblem] = []


async def take_usage(request: Request, principal: Principal) -> Response:
    body = await read_body(request)
    taken = await request.app.state.accounts.take_in(
        principal, body, content_type(request), partial=flag(request, "partial")
    )
    answer = UsageStored(taken.stored, taken.duplicate, taken.ignored, row_problems(taken.refusals))
    return Json(answer, 202)


async def usage(request: Request, principal: Principal) -> Response:
    by = request.query_params.get("by", BY_DEFAULT)
    since = day_or_moment(request, "since")
    limit = typed(request, "limit", int, ROWS_DEFAULT)
    return Json(await request.app.state.accounts.usage(principal, by, since, days(request), limit))


async def reconciliation(request: Request, principal: Principal) -> Response:
    board = await request.app.state.accounts.reconciliation(principal, days(request))
    board.books = await request.app.state.capture_reports.books(principal, days(request))
    return Json(board)


CALLS = (
    Call(
        "POST", "/v1/usage", "capture", "Stores metered requests to models; answers after the commit that holds them.",
        take_usage, takes=UsageIn, gives=UsageStored, many=True, status=202, query=(PARTIAL,),
    ),
    Call(
        "GET", "/v1/usage", "read", "Requests to models, their tokens and cost; an engineer's token sees its own.",
        usage, gives=UsageBoard,
        query=(
            Query("by", {"type": "string", "enum": list(KEYS), "default": BY_DEFAULT}, "What to sum up by."),
            Query("since", {"type": "string"}, "From this day of UTC or this moment on; before `days`."),
            DAYS,
            Query("limit", {"type": "integer", "default": ROWS_DEFAULT, "maximum": ROWS_MAX}, "How many rows at most."),
        ),
    ),
    Call(
        "GET", "/v1/reconciliation", "read", "Our cost against the clients', and what no skill explains, per day.",
        reconciliation, gives=ReconciliationBoard, query=(DAYS,),
    ),
)  # fmt: skip
