"""The calls of the boards: what a reader asks in, the numbers out, as JSON or CSV."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.skills import SkillsBoard
from tallyward.web.calls import Call
from tallyward.web.parameters import FILTERS, PAGE, RANGE, SEARCH, asked, paging
from tallyward.web.tables import answer


async def skills(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.skills.read(principal, asked(request), paging(request))
    return answer(request, board, "rows")


CALLS = (
    Call(
        "GET", "/v1/skills", "read",
        "Skills: how often they fire, how they end, how long they take. An engineer's token sees no group under three.",
        skills, gives=SkillsBoard, query=(*RANGE, *FILTERS, SEARCH, *PAGE), table="rows",
    ),
)  # fmt: skip
