"""The call that tells where points of series are forwarded to."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.sinks import SinksBoard
from tallyward.web.calls import Call
from tallyward.web.tables import answer


async def sinks(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.sinks.read(principal), "sinks")


CALLS = (
    Call(
        "GET", "/v1/sinks", "read", "Where points of training series are forwarded to, how far, and what waits.",
        sinks, gives=SinksBoard, table="sinks",
    ),
)  # fmt: skip
