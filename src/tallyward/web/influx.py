"""InfluxDB's own calls, so that a script or an agent that writes to InfluxDB writes to us unchanged.

`POST /api/v2/write` is version 2's and `POST /write` version 1's: 204 when every line is stored, 400 with the numbers
of the lines that are not, and then the others are stored. The tenant comes from the token; organisation and bucket are
read and not needed. The body may be of any type: `curl --data` says that a line is a form.
"""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from tallyward.domain.access import Principal
from tallyward.domain.line_protocol import PRECISIONS
from tallyward.errors import Invalid, LinesRefused, TallyError
from tallyward.services.series import V2_PRECISIONS
from tallyward.web.bodies import Json, read_body
from tallyward.web.calls import Call, Query
from tallyward.web.problems import error_body, error_headers

LINES_TOLD_MAX = 100
_CODES = {
    400: "invalid", 401: "unauthorized", 403: "forbidden", 404: "not found", 408: "invalid",
    413: "request too large", 415: "unsupported media type", 503: "unavailable",
}  # fmt: skip
_UNPROCESSABLE, _BAD_REQUEST = 422, 400


async def write(request: Request, principal: Principal) -> Response:
    precision = request.query_params.get("precision", "ns")
    if precision not in V2_PRECISIONS:
        raise Invalid(f"precision must be one of {', '.join(V2_PRECISIONS)}.", field="precision")
    await request.app.state.series.write(principal, await read_body(request), precision)
    return Response(status_code=204)


async def write_v1(request: Request, principal: Principal) -> Response:
    precision = request.query_params.get("precision") or "ns"
    await request.app.state.series.write(principal, await read_body(request), precision)
    return Response(status_code=204)


def problem(_request: Request, error: TallyError) -> Response:
    """An error as version 2 tells it (`code`, `message`, `line`), with each refused line, and in our shape.

    Version 1 has it as a text in a header, too.
    """
    status = _BAD_REQUEST if error.status == _UNPROCESSABLE else error.status  # InfluxDB knows no 422 here
    body: dict[str, Any] = {"code": _CODES.get(status, "internal error"), "message": error.message}
    if isinstance(error, LinesRefused):
        body["line"] = error.lines[0][0]
        body["lines"] = [{"line": line, "message": reason} for line, reason in error.lines[:LINES_TOLD_MAX]]
    told = {"X-Influxdb-Error": error.message.encode("ascii", "replace").decode()}
    return Json({**body, **error_body(error)}, status, {**error_headers(error), **told})


_WORD = {"type": "string"}
CALLS = (
    Call(
        "POST", "/api/v2/write", "capture", "Takes line protocol as InfluxDB 2 does: points of training series.",
        write, status=204, problem=problem,
        query=(
            Query("org", _WORD, "Read and not needed: the token says whose points these are."),
            Query("orgID", _WORD, "The same."),
            Query("bucket", _WORD, "The same."),
            Query("precision", {"type": "string", "enum": list(V2_PRECISIONS), "default": "ns"}, "Unit of the times."),
        ),
    ),
    Call(
        "POST", "/write", "capture", "Takes line protocol as InfluxDB 1 does.",
        write_v1, status=204, problem=problem,
        query=(
            Query("db", _WORD, "Read and not needed: the token says whose points these are."),
            Query("rp", _WORD, "The same."),
            Query("consistency", _WORD, "The same."),
            Query("precision", {"type": "string", "enum": list(PRECISIONS), "default": "ns"}, "Unit of the times."),
        ),
    ),
)  # fmt: skip
