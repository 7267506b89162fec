"""The calls of the shepherd: what it decided, and the pull requests that it takes care of."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.shepherd_facts import ACTIONS
from tallyward.errors import Invalid
from tallyward.services.decisions import DecisionsBoard, ShepherdBoard
from tallyward.web.bodies import Json
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import FILTERS, PAGE, RANGE, RANGE_OR_EVER, asked, asked_or_ever, paging, typed
from tallyward.web.tables import answer

_NUMBER_MAX = 2**31 - 1
REPO = next(query for query in FILTERS if query.name == "repo")


async def decisions(request: Request, principal: Principal) -> Response:
    number = typed(request, "number", int, 0)
    if not 0 <= number <= _NUMBER_MAX:
        raise Invalid("number must be that of a pull request.", field="number")
    board = await request.app.state.decisions.read(
        principal, asked_or_ever(request), paging(request), request.query_params.get("action"), number or None
    )
    return answer(request, board, "decisions")


async def shepherd(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.decisions.board(principal, asked(request)))


CALLS = (
    Call(
        "GET", "/v1/decisions", "read",
        "What the shepherd decided about pull requests, newest first, each with the state it saw; waits too.",
        decisions, gives=DecisionsBoard, table="decisions",
        query=(
            REPO,
            Query("number", {"type": "integer", "minimum": 1}, "Only this pull request; with `repo`."),
            Query("action", {"type": "string", "enum": list(ACTIONS)}, "Only this step."),
            *RANGE_OR_EVER, *PAGE,
        ),
    ),
    Call(
        "GET", "/v1/shepherd", "read",
        "Pull requests that are taken care of, with the next step, its reason and how they came there.",
        shepherd, gives=ShepherdBoard, query=RANGE,
    ),
)  # fmt: skip
