"""The calls of overlapping work: may it begin, and what waits."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.hold import ScopeIn
from tallyward.errors import Invalid
from tallyward.services.holds import HoldsBoard, ScopeAnswer
from tallyward.web.bodies import Json, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.tables import answer

_BOTH = ("true", "false")


async def check(request: Request, principal: Principal) -> Response:
    holds = request.app.state.holds
    return Json(await holds.check(principal, holds.read(await read_body(request))))


async def listing(request: Request, principal: Principal) -> Response:
    lasting = request.query_params.get("lasting", "false")
    if lasting not in _BOTH:
        raise Invalid("lasting must be true or false.", field="lasting")
    return answer(request, await request.app.state.holds.board(principal, lasting=lasting == "true"), "holds")


CALLS = (
    Call(
        "POST", "/v1/scope/check", "dispatch",
        "Whether a piece of work may begin beside others that change the same files, or waits, and until when.",
        check, takes=ScopeIn, gives=ScopeAnswer,
    ),
    Call(
        "GET", "/v1/holds", "read", "Work that was held for files that others change, newest first, and its cost.",
        listing, gives=HoldsBoard, table="holds",
        query=(Query("lasting", {"type": "boolean", "default": False}, "Only those that last."),),
    ),
)  # fmt: skip
