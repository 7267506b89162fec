"""The call of pull requests: what became of them, and the list of them."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.pull_request_board import STATES, PullRequestsBoard
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import FILTERS, PAGE, RANGE, SEARCH, asked, paging
from tallyward.web.tables import answer

OWN = (
    Query("agent", {"type": "string"}, "Only rows of this agent; `(people)` for people's. The sums stay those of all."),
    Query("state", {"type": "string", "enum": list(STATES)}, "Only rows in this state."),
)


async def pull_requests(request: Request, principal: Principal) -> Response:
    said = request.query_params
    board = await request.app.state.boards.pull_requests.read(
        principal, asked(request), paging(request), said.get("agent"), said.get("state")
    )
    return answer(request, board, "rows")


CALLS = (
    Call(
        "GET", "/v1/pull-requests", "read",
        "Pull requests: merged, reverted, at the first pass, by agent; which overlapped; and the latest of them. An "
        "engineer's token sees its own, a lead's no person's rows.",
        pull_requests, gives=PullRequestsBoard, table="rows",
        query=(*RANGE, *(one for one in FILTERS if one.name in {"engineer", "repo"}), SEARCH, *OWN, *PAGE),
    ),
)  # fmt: skip
