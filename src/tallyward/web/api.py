"""The HTTP API: each call is a few lines over a service, listed in `CALLS`."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward import __version__, clock
from tallyward.domain.access import Principal
from tallyward.domain.fire import FetchIn, FireIn
from tallyward.errors import DiskFull, Invalid
from tallyward.services.board import EconomicsBoard, MyBoard, TeamBoard
from tallyward.services.ingest import Answer
from tallyward.web.bodies import Json, content_type, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.parameters import DAYS, PARTIAL, days, flag, moment, typed
from tallyward.web.problems import RowProblem, row_problems

FIRES_MAX = 1_000
FIRES_DEFAULT = 100
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


class FireRow(Struct, kw_only=True):
    """One stored fire, every column."""

    id: int
    ts: datetime
    engineer_id: str
    skill_name: str
    repo: str | None
    runtime: str
    model: str | None
    latency_ms: int | None
    status: str
    input_tokens: int | None
    output_tokens: int | None
    cost_usd_cents: int | None
    arg_hash: str | None
    kind: str
    session_id: str | None
    prompt_id: str | None
    branch: str | None
    cost_micros: int | None
    fire_key: str
    seen_by: list[str]


class Fires(Struct):
    """Fires, newest first."""

    fires: list[FireRow]


def _answer(answer: Answer) -> Response:
    if answer.single:
        return Json({"id": answer.ids[0]}, 202)
    return Json(StoredMany(answer.ids, row_problems(answer.refusals)), 202)


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
    limit = typed(request, "limit", int, FIRES_DEFAULT)
    if not 1 <= limit <= FIRES_MAX:
        raise Invalid(f"limit is {limit}; it must be from 1 to {FIRES_MAX}.", field="limit")
    rows = await request.app.state.board.fires(
        principal, session=request.query_params.get("session"), since=moment(request, "since"), limit=limit
    )
    return Json({"fires": rows})


async def canary(request: Request, principal: Principal) -> Response:
    session = request.query_params.get("session", "")
    return Json({"fires": await request.app.state.board.canary(principal, session)})


async def utilization(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.board.own_team(principal, days(request)))


async def economics(request: Request, principal: Principal) -> Response:
    return Json(await request.app.state.board.economics(principal, days(request)))


async def me(request: Request, principal: Principal) -> Response:
    engineer = request.query_params.get("engineer")
    return Json(await request.app.state.board.me(principal, days(request), engineer))


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
        "GET", "/v1/fires", "read", "The latest fires, newest first; an engineer's token sees its own.",
        fires, gives=Fires,
        query=(
            Query("session", {"type": "string"}, "Only fires of this session."),
            Query("since", {"type": "string", "format": "date-time"}, "Only fires at or after this time."),
            Query("limit", {"type": "integer", "default": FIRES_DEFAULT, "maximum": FIRES_MAX}, "How many at most."),
        ),
    ),
    Call(
        "GET", "/v1/canary", "capture", "The made-up fires of a `tally doctor`, which are in no other answer.",
        canary, gives=Fires,
        query=(Query("session", {"type": "string"}, "Which canary; it begins with tally-doctor-."),),
    ),
    Call(
        "GET", "/v1/utilization", "read", "Fires per engineer with grades; an engineer's token sees its own row.",
        utilization, gives=TeamBoard, query=(DAYS,),
    ),
    Call(
        "GET", "/v1/economics", "read", "Cost and merged pull requests of the agents in the cluster.",
        economics, gives=EconomicsBoard, query=(DAYS,),
    ),
    Call(
        "GET", "/v1/me", "read", "One engineer's own board: row, skill mix and latest fires.",
        me, gives=MyBoard,
        query=(DAYS, Query("engineer", {"type": "string"}, "Whose board; a lead's token may name anyone.")),
    ),
    Call("GET", "/openapi.json", "open", "This description.", openapi, gives=dict[str, Any]),
)  # fmt: skip
