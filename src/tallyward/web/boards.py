"""The calls of the boards: what a reader asks in, the numbers out, as JSON or CSV."""

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.services.agents import AgentsBoard
from tallyward.services.audit import AuditBoard
from tallyward.services.capture import CaptureBoard
from tallyward.services.cost import BYS, CostBoard
from tallyward.services.measures import BY_DEFAULT, MeasureBoard, MeasuresBoard
from tallyward.services.requests import RequestsBoard
from tallyward.services.sessions import SessionBoard, SessionsBoard
from tallyward.services.skills import SkillsBoard
from tallyward.web.bodies import Json
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import (
    FILTERS,
    PAGE,
    RANGE,
    RANGE_OR_EVER,
    REQUEST_FILTERS,
    ROW_FILTERS,
    SEARCH,
    asked,
    asked_or_ever,
    paging,
)
from tallyward.web.tables import answer

BY = Query("by", {"type": "string", "enum": list(BYS), "default": BY_DEFAULT}, "What to sum up by.")
EVENT = Query("event", {"type": "string"}, "Only events of this kind, such as token.created.")


async def skills(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.skills.read(principal, asked(request), paging(request))
    return answer(request, board, "rows")


async def agents(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.boards.agents.read(principal, asked(request)), "rows")


async def cost(request: Request, principal: Principal) -> Response:
    by = request.query_params.get("by", BY_DEFAULT)
    board = await request.app.state.boards.cost.read(principal, asked(request), by, paging(request))
    return answer(request, board, "rows")


async def requests(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.requests.read(principal, asked_or_ever(request), paging(request))
    return answer(request, board, "requests")


async def sessions(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.sessions.listing(principal, asked(request), paging(request))
    return answer(request, board, "rows")


async def session(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.sessions.one(principal, request.path_params["session"])
    return answer(request, board, "spans")


async def capture(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.boards.capture.read(principal, asked(request)), "rows")


async def audit(request: Request, principal: Principal) -> Response:
    event = request.query_params.get("event")
    board = await request.app.state.boards.audit.read(principal, asked_or_ever(request), paging(request), event)
    return answer(request, board, "events")


async def measures(request: Request, _principal: Principal) -> Response:
    return answer(request, request.app.state.boards.measures.listing(), "rows")


async def measure(request: Request, principal: Principal) -> Response:
    by = request.query_params.get("by", BY_DEFAULT)
    name = request.path_params["name"]
    return Json(await request.app.state.boards.measures.read(principal, name, asked(request), by))


CALLS = (
    Call(
        "GET", "/v1/skills", "read",
        "Skills: how often they fire, how they end, how long they take. An engineer's token sees no group under three.",
        skills, gives=SkillsBoard, query=(*RANGE, *FILTERS, SEARCH, *PAGE), table="rows",
    ),
    Call(
        "GET", "/v1/agents", "read", "Agents in the cluster: runs, cost, merged pull requests, and what survives.",
        agents, gives=AgentsBoard, query=(*RANGE, *FILTERS, SEARCH), table="rows",
    ),
    Call(
        "GET", "/v1/cost", "read",
        "What requests to models cost, by skill, model, engineer, repository, agent, runtime or day.",
        cost, gives=CostBoard, query=(BY, *RANGE, *REQUEST_FILTERS, SEARCH, *PAGE), table="rows",
    ),
    Call(
        "GET", "/v1/requests", "read", "The metered requests behind a cost; an engineer's token sees its own.",
        requests, gives=RequestsBoard, table="requests",
        query=(*RANGE_OR_EVER, *REQUEST_FILTERS, ROW_FILTERS[0], *PAGE),
    ),
    Call(
        "GET", "/v1/sessions", "read",
        "Sessions, the last active first. An engineer sees the own, a lead those of agents, an admin all.",
        sessions, gives=SessionsBoard, query=(*RANGE, *FILTERS, *ROW_FILTERS, SEARCH, *PAGE), table="rows",
    ),
    Call(
        "GET", "/v1/sessions/{session:path}", "read",
        "One session: every fire in its place, every request with its cost. For whom it is as for the list.",
        session, gives=SessionBoard, table="spans",
    ),
    Call(
        "GET", "/v1/capture", "read",
        "The machines that capture, and how much of what they fired has arrived; an engineer's token sees its own.",
        capture, gives=CaptureBoard, query=(*RANGE, FILTERS[0]), table="rows",
    ),
    Call(
        "GET", "/v1/audit", "admin", "The audit trail, newest first, and whether its chain of hashes is whole.",
        audit, gives=AuditBoard, query=(EVENT, *RANGE_OR_EVER, *PAGE), table="events",
    ),
    Call("GET", "/v1/measures", "read", "What is measured: units, caveats, and when there is no number.",
        measures, gives=MeasuresBoard, table="rows",
    ),
    Call(
        "GET", "/v1/measures/{name}", "read",
        "The rows of one measure as its SQL gives them, with their rates; an engineer's token sees its own.",
        measure, gives=MeasureBoard, query=(BY, *RANGE, *FILTERS),
    ),
)  # fmt: skip
