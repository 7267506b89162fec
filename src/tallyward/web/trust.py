"""The calls of trust: how far agents are trusted, and what a person sets by hand."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.trust_override import EndIn, Override, OverrideIn
from tallyward.services.trust import TrustBoard
from tallyward.web.bodies import Json, read_body
from tallyward.web.calls import Call


async def trust(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.trust.read(principal))


async def override(request: Request, principal: Principal) -> Response:
    book = request.app.state.trust
    return Json(await book.override(principal, book.read_override(await read_body(request))), 202)


async def end(request: Request, principal: Principal) -> Response:
    book = request.app.state.trust
    return Json(await book.end(principal, book.read_end(await read_body(request))), 202)


CALLS = (
    Call("GET", "/v1/trust", "read", "How far agents are trusted, all of them and each, and why.", trust,
         gives=TrustBoard),
    Call(
        "POST", "/v1/trust/overrides", "approve or admin",
        "Sets a level of trust by hand, for one agent or for all, until a moment; only a person may.",
        override, takes=OverrideIn, gives=Override, status=202,
    ),
    Call(
        "POST", "/v1/trust/overrides/end", "approve or admin",
        "Ends the level that was set by hand for one agent or, where none is named, for all.",
        end, takes=EndIn, gives=Override, status=202,
    ),
)  # fmt: skip
