"""OTLP over HTTP: `/v1/logs`, `/v1/metrics` and `/v1/traces`, in JSON and in protobuf, with the protocol's own answers.

An exporter knows other words than a client of ours: success is 200, some records may be refused in it, and an error is
a `google.rpc.Status` in the type that was sent. It sends again after 429, 502, 503 and 504 and after nothing else.
"""

from msgspec import Struct
from starlette.requests import Request
from starlette.responses import Response

from tallyward.capture._otlp import Kind
from tallyward.domain.access import Principal
from tallyward.errors import TallyError, UnsupportedMedia
from tallyward.services import otlp_protobuf
from tallyward.services.otlp import Encoding, Read
from tallyward.web.bodies import Json, content_type, read_body
from tallyward.web.calls import Call
from tallyward.web.problems import error_headers

EXPORT_BYTES_MAX = 64 * 1024 * 1024  # what the protocol recommends, packed or unpacked
PROTOBUF, JSON = "application/x-protobuf", "application/json"
_ENCODINGS: dict[str, Encoding] = {PROTOBUF: "protobuf", JSON: "json", "": "json"}
# From the status of HTTP to the codes of gRPC.
_CODES = {400: 3, 401: 16, 403: 7, 408: 4, 413: 8, 415: 3, 422: 3, 429: 8, 503: 14}
_CODE_INTERNAL = 13


class LogsPartly(Struct, rename="camel"):
    """How many log records were refused, and why."""

    rejected_log_records: str
    error_message: str


class LogsTaken(Struct, rename="camel", omit_defaults=True):
    """The protocol's answer to logs: empty when every record was taken."""

    partial_success: LogsPartly | None = None


class SpansPartly(Struct, rename="camel"):
    """How many spans were refused, and why."""

    rejected_spans: str
    error_message: str


class SpansTaken(Struct, rename="camel", omit_defaults=True):
    """The protocol's answer to spans: empty when every span was taken."""

    partial_success: SpansPartly | None = None


class MetricsTaken(Struct):
    """The protocol's answer to metrics: empty, since none is refused."""


class _Status(Struct):
    code: int
    message: str


async def _take(request: Request, principal: Principal, kind: Kind) -> tuple[Encoding, Read]:
    encoding = _ENCODINGS.get(content_type(request))
    if encoding is None:
        raise UnsupportedMedia(f"The content type must be {PROTOBUF} or {JSON}.", field="Content-Type")
    body = await read_body(request, EXPORT_BYTES_MAX)
    return encoding, await request.app.state.exports.take_in(principal, body, encoding, kind)


def _protobuf(kind: Kind, read: Read) -> Response:
    return Response(otlp_protobuf.answer(kind, len(read.rejected), read.message), media_type=PROTOBUF)


async def logs(request: Request, principal: Principal) -> Response:
    encoding, read = await _take(request, principal, "logs")
    if encoding == "protobuf":
        return _protobuf("logs", read)
    return Json(LogsTaken(LogsPartly(str(len(read.rejected)), read.message) if read.rejected else None))


async def traces(request: Request, principal: Principal) -> Response:
    encoding, read = await _take(request, principal, "traces")
    if encoding == "protobuf":
        return _protobuf("traces", read)
    return Json(SpansTaken(SpansPartly(str(len(read.rejected)), read.message) if read.rejected else None))


async def metrics(request: Request, principal: Principal) -> Response:
    encoding, read = await _take(request, principal, "metrics")
    return _protobuf("metrics", read) if encoding == "protobuf" else Json(MetricsTaken())


def problem(request: Request, error: TallyError) -> Response:
    """An error as the protocol tells it, in the type that was sent."""
    code = _CODES.get(error.status, _CODE_INTERNAL)
    if content_type(request) == PROTOBUF:
        body = otlp_protobuf.status(code, error.message)
        return Response(body, error.status, error_headers(error), media_type=PROTOBUF)
    return Json(_Status(code, error.message), error.status, error_headers(error))


CALLS = (
    Call(
        "POST", "/v1/logs", "capture", "Takes log records over OTLP: what agent programs tell of themselves.",
        logs, gives=LogsTaken, problem=problem,
    ),
    Call(
        "POST", "/v1/metrics", "capture", "Takes metrics over OTLP, counts them and stores none: events say it better.",
        metrics, gives=MetricsTaken, problem=problem,
    ),
    Call(
        "POST", "/v1/traces", "capture", "Takes spans over OTLP: tools and answers of programs that send no events.",
        traces, gives=SpansTaken, problem=problem,
    ),
)  # fmt: skip
