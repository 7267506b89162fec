"""The call of the learned policy: where it stands. What changes that is done where the ledger is, by `tally policy`."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.shadow import PolicyBoard
from tallyward.web.bodies import Json
from tallyward.web.calls import Call


async def standing(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.shadow.read(principal))


CALLS = (
    Call(
        "GET", "/v1/policy", "read",
        "Which learned policy watches from the shadow, how it agreed for seven days, and what refuses its promotion.",
        standing, gives=PolicyBoard,
    ),
)  # fmt: skip
