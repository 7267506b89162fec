"""The calls of work items and of the events that follow from them."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.work_item import PHASES, TransitionIn, WorkItem
from tallyward.errors import Invalid
from tallyward.services.events import LIMIT_DEFAULT, LIMIT_MAX, EventPage
from tallyward.services.rates import Rates
from tallyward.services.work import Moved, WorkItems
from tallyward.web.bodies import Json, header, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import PAGE, paging, typed
from tallyward.web.tables import answer

_SEQ_MAX = 2**63 - 1


async def transition(request: Request, principal: Principal) -> Response:
    work = request.app.state.work
    told = work.read(await read_body(request))
    key = header(request, b"idempotency-key") if b"idempotency-key" in dict(request.scope["headers"]) else None
    names = request.path_params["project"], request.path_params["story_id"]
    return Json(await work.move(principal, *names, told, key), 202)


async def work_items(request: Request, principal: Principal) -> Response:
    said = request.query_params
    found = await request.app.state.work.listing(principal, paging(request), said.get("project"), said.get("phase"))
    return answer(request, found, "work_items")


async def one_work_item(request: Request, principal: Principal) -> Response:
    names = request.path_params["project"], request.path_params["story_id"]
    return Json(await request.app.state.work.one(principal, *names))


async def events(request: Request, principal: Principal) -> Response:
    after = typed(request, "after", int, 0)
    limit = typed(request, "limit", int, LIMIT_DEFAULT)
    if not 0 <= after <= _SEQ_MAX:
        raise Invalid("after must be the number of an event, or 0.", field="after")
    if not 1 <= limit <= LIMIT_MAX:
        raise Invalid(f"limit must be from 1 to {LIMIT_MAX}.", field="limit")
    return Json(await request.app.state.events.after(principal, after, request.query_params.get("kind"), limit))


async def rates(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.rates.read(principal, request.query_params.get("project")))


_ITEM = "/v1/work-items/{project:path}/{story_id}"
CALLS = (
    Call(
        "POST", f"{_ITEM}/transitions", "dispatch",
        "Moves a work item to a phase; with the header `Idempotency-Key` a repeat changes nothing.",
        transition, takes=TransitionIn, gives=Moved, status=202,
    ),
    Call(
        "GET", "/v1/work-items", "read", "Work items as they stand, the one that moved last first.",
        work_items, gives=WorkItems, table="work_items",
        query=(
            Query("project", {"type": "string"}, "Only this project."),
            Query("phase", {"type": "string", "enum": list(PHASES)}, "Only those in this phase."),
            *PAGE,
        ),
    ),
    Call(
        "GET", "/v1/rates", "read",
        "How well work gets merged: rates over the last merges, null until their window is full, and what follows.",
        rates, gives=Rates,
        query=(Query("project", {"type": "string"}, "With its own conflict rate, once it has 100 merges."),),
    ),
    Call("GET", _ITEM, "read", "One work item.", one_work_item, gives=WorkItem),
    Call(
        "GET", "/v1/events", "read",
        "Events of the outbox in their order, without gaps; what is not about work or rates is for admins.",
        events, gives=EventPage,
        query=(
            Query("kind", {"type": "string"}, "Only this kind, such as phase.transition."),
            Query("after", {"type": "integer", "default": 0, "minimum": 0}, "Only what came after this seq."),
            Query(
                "limit", {"type": "integer", "default": LIMIT_DEFAULT, "minimum": 1, "maximum": LIMIT_MAX},
                "How many at most.",
            ),
        ),
    ),
)  # fmt: skip
