"""The HTTP API: each call is a few lines over a service, listed in `CALLS`."""

from collections.abc import Awaitable, Callable
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward import __version__, clock
from tallyward.domain.access import Principal
from tallyward.domain.fire import FetchIn, FireIn
from tallyward.errors import DiskFull
from tallyward.services.board import EconomicsBoard, MyBoard, TeamBoard
from tallyward.services.fires import CanaryFires, FiresBoard
from tallyward.services.ingest import Answer
from tallyward.web.bodies import Json, content_type, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import (
    FILTERS,
    PAGE,
    PARTIAL,
    RANGE,
    RANGE_OR_EVER,
    ROW_FILTERS,
    SINCE,
    asked,
    asked_or_ever,
    flag,
    paging,
)
from tallyward.web.problems import RowProblem, row_problems
from tallyward.web.tables import answer

HEALTH_SECONDS_MAX = 2.0  # whoever asks for health does not wait long for it


class Stored(Struct):
    """The answer to one row."""

    id: int


class StoredMany(Struct, omit_defaults=True):
    """The answer to several rows: ids in their order, null for a refused row; `errors` only with `?partial=true`."""

    ids: list[int | None]
    errors: list[RowProblem] = []


class DatabaseHealth(Struct):
    """Whether the ledger answers, and how fast in milliseconds."""

    ok: bool
    latency_ms: float | None


class Health(Struct, omit_defaults=True):
    """`ok` is whether rows can be stored and read now; `degraded` says what is not as it should be."""

    ok: bool
    version: str
    time: str
    database: DatabaseHealth
    degraded: str = ""


class CaptureConfig(Struct):
    """What a laptop needs to capture for this tenant."""

    tenant: str
    arg_key: str
    engineer_id: str | None


def _answer(answer: Answer) -> Response:
    """The ids; and in two headers how many rows were new and how many known, which a laptop balances its books by."""
    counts = {"Tally-Stored": str(answer.added), "Tally-Duplicate": str(answer.known)}
    if answer.single:
        return Json({"id": answer.ids[0]}, 202, counts)
    return Json(StoredMany(answer.ids, row_problems(answer.refusals)), 202, counts)


_Take = Callable[..., Awaitable[Answer]]


async def _take_in(request: Request, principal: Principal, take: _Take) -> Response:
    body = await read_body(request)
    return _answer(await take(principal, body, content_type(request), partial=flag(request, "partial")))


async def trace(request: Request, principal: Principal) -> Response:
    return await _take_in(request, principal, request.app.state.ingest.trace)


async def context_fetches(request: Request, principal: Principal) -> Response:
    return await _take_in(request, principal, request.app.state.ingest.context_fetches)


async def capture_config(request: Request, principal: Principal) -> Response:
    key = await request.app.state.tenants.argument_key(principal.tenant)
    return Json(CaptureConfig(principal.tenant, key.reveal(), principal.engineer_id))


async def health(request: Request, _principal: Principal) -> Response:
    database = request.app.state.database
    started = clock.elapsed_seconds()
    if await database.answers(HEALTH_SECONDS_MAX):
        answers = DatabaseHealth(ok=True, latency_ms=round((clock.elapsed_seconds() - started) * 1000, 3))
    else:
        answers = DatabaseHealth(ok=False, latency_ms=None)
    last_error = request.app.state.writer.last_error
    degraded = "disk" if isinstance(last_error, DiskFull) else "" if answers.ok else "database"
    report = Health(answers.ok and not degraded, __version__, clock.iso(clock.now()), answers, degraded)
    return Json(report, 200 if report.ok else 503)


async def fires(request: Request, principal: Principal) -> Response:
    board = await request.app.state.boards.fires.read(principal, asked_or_ever(request), paging(request))
    return answer(request, board, "fires")


async def canary(request: Request, principal: Principal) -> Response:
    session = request.query_params.get("session", "")
    return Json(await request.app.state.boards.fires.canary(principal, session))


async def utilization(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.board.own_team(principal, asked(request)), "engineers")


async def economics(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.board.economics(principal, asked(request)), "agents")


async def me(request: Request, principal: Principal) -> Response:
    return answer(request, await request.app.state.board.me(principal, asked(request)), "skills")


async def openapi(request: Request, _principal: Principal) -> Response:
    return Response(request.app.state.openapi, media_type="application/json")


CALLS = (
    Call(
        "POST", "/v1/trace", "capture", "Stores fires; answers after the commit that holds them.",
        trace, takes=FireIn, gives=(Stored, StoredMany), many=True, status=202, query=(PARTIAL,),
    ),
    Call(
        "POST", "/v1/context-fetches", "capture", "Stores reads of files inside a repository.",
        context_fetches, takes=FetchIn, gives=(Stored, StoredMany), many=True, status=202, query=(PARTIAL,),
    ),
    Call(
        "GET", "/v1/capture-config", "capture", "What a laptop needs to capture for this tenant.",
        capture_config, gives=CaptureConfig,
    ),
    Call("GET", "/v1/health", "open", "Whether rows can be stored and read now; 503 when not.", health, gives=Health),
    Call(
        "GET", "/v1/fires", "read", "The fires behind the numbers, newest first; an engineer's token sees its own.",
        fires, gives=FiresBoard, query=(SINCE, *RANGE_OR_EVER, *FILTERS, *ROW_FILTERS, *PAGE), table="fires",
    ),
    Call(
        "GET", "/v1/canary", "capture", "The made-up fires of a `tally doctor`, which are in no other answer.",
        canary, gives=CanaryFires,
        query=(Query("session", {"type": "string"}, "Which canary; it begins with tally-doctor-."),),
    ),
    Call(
        "GET", "/v1/utilization", "read", "Fires per engineer with grades; an engineer's token sees its own row.",
        utilization, gives=TeamBoard, query=(*RANGE, *FILTERS), table="engineers",
    ),
    Call(
        "GET", "/v1/economics", "read", "Cost and merged pull requests of the agents in the cluster.",
        economics, gives=EconomicsBoard, query=(*RANGE, *FILTERS), table="agents",
    ),
    Call(
        "GET", "/v1/me", "read", "One engineer's own board: row, skill mix and latest fires.",
        me, gives=MyBoard, query=(*RANGE, *FILTERS), table="skills",
    ),
    Call("GET", "/openapi.json", "open", "This description.", openapi, gives=dict[str, Any]),
)  # fmt: skip
