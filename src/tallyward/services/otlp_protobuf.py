"""Brings OTLP in protobuf to the shape of OTLP/JSON, and writes the answers that the protocol asks for.

Not by the library's own way to JSON: it takes a hexadecimal trace id for base64 and stores other bytes without a word.
Only what capture looks at is taken over; bodies, events and links stay in the message.
"""

from collections.abc import Iterable
from typing import Any

from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest, ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceRequest,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tallyward.capture._otlp import RECORDS_MAX, Kind
from tallyward.errors import BadRequest, TooLarge

_PLAIN = {
    "string_value": "stringValue",
    "bool_value": "boolValue",
    "int_value": "intValue",
    "double_value": "doubleValue",
}
_REQUESTS = {
    "logs": ExportLogsServiceRequest,
    "traces": ExportTraceServiceRequest,
    "metrics": ExportMetricsServiceRequest,
}


def document(body: bytes, kind: Kind) -> dict[str, Any]:
    """The export as OTLP/JSON would tell it. Raises BadRequest when it is no export, TooLarge for too many records."""
    request = _REQUESTS[kind]()
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise BadRequest("The body is not an OTLP export in protobuf.") from error
    if isinstance(request, ExportLogsServiceRequest):
        _require_few(len(scope.log_records) for of in request.resource_logs for scope in of.scope_logs)
        return {"resourceLogs": [
            {"resource": _attributed(of.resource.attributes), "scopeLogs": [
                {"scope": {"name": scope.scope.name}, "logRecords": [_log(record) for record in scope.log_records]}
                for scope in of.scope_logs
            ]} for of in request.resource_logs
        ]}  # fmt: skip
    if isinstance(request, ExportTraceServiceRequest):
        _require_few(len(scope.spans) for of in request.resource_spans for scope in of.scope_spans)
        return {"resourceSpans": [
            {"resource": _attributed(of.resource.attributes), "scopeSpans": [
                {"scope": {"name": scope.scope.name}, "spans": [_span(span) for span in scope.spans]}
                for scope in of.scope_spans
            ]} for of in request.resource_spans
        ]}  # fmt: skip
    return {"resourceMetrics": [
        {"scopeMetrics": [{"metrics": [None] * len(scope.metrics)} for scope in of.scope_metrics]}
        for of in request.resource_metrics
    ]}  # fmt: skip


def _require_few(counts: Iterable[int]) -> None:
    """Before a dict is made of each: the smallest record is two bytes here and hundreds there."""
    if sum(counts) > RECORDS_MAX:
        raise TooLarge(f"The export holds more than {RECORDS_MAX} records.")


def _attributed(pairs: Iterable[KeyValue]) -> dict[str, Any]:
    attributes: list[dict[str, Any]] = []
    for pair in pairs:
        kind = pair.value.WhichOneof("value")
        if kind in _PLAIN:
            attributes.append({"key": pair.key, "value": {_PLAIN[kind]: getattr(pair.value, kind)}})
    return {"attributes": attributes}


def _log(record: LogRecord) -> dict[str, Any]:
    times = {"timeUnixNano": record.time_unix_nano, "observedTimeUnixNano": record.observed_time_unix_nano}
    return {**times, **_attributed(record.attributes)}


def _span(span: Span) -> dict[str, Any]:
    return {
        "name": span.name, "traceId": span.trace_id.hex(), "spanId": span.span_id.hex(),
        "startTimeUnixNano": span.start_time_unix_nano, "endTimeUnixNano": span.end_time_unix_nano,
        "status": {"code": span.status.code}, **_attributed(span.attributes),
    }  # fmt: skip


def answer(kind: Kind, rejected: int, message: str) -> bytes:
    """What an export is answered with: nothing at all when every record was taken."""
    if not rejected:
        return b""
    if kind == "logs":
        logs = ExportLogsServiceResponse()
        logs.partial_success.rejected_log_records = rejected
        logs.partial_success.error_message = message
        return logs.SerializeToString()
    if kind == "traces":
        traces = ExportTraceServiceResponse()
        traces.partial_success.rejected_spans = rejected
        traces.partial_success.error_message = message
        return traces.SerializeToString()
    metrics = ExportMetricsServiceResponse()
    metrics.partial_success.rejected_data_points = rejected
    metrics.partial_success.error_message = message
    return metrics.SerializeToString()


def status(code: int, message: str) -> bytes:
    """A `google.rpc.Status`: two fields, not worth the package that holds the type."""
    said = message.encode()
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(said)) + said


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004  # seven bits a byte, the eighth says that more come
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*parts, number))
