"""Made-up OTLP exports, shaped like those of the real programs: logs and spans in JSON, and the same in protobuf."""

import json
from collections.abc import Mapping
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

NOON_NANOS = 1_779_019_200_000_000_000  # 2026-05-17T12:00:00Z
NOON = "2026-05-17T12:00:00.000000Z"
LATER = "2026-05-17T18:00:00.000000Z"  # when the export came in
SESSION, PROMPT = "5e55-1", "9-40"
CANARY = "canary-held-out"
CLAUDE, CODEX = "com.anthropic.claude_code.events", "codex_otel.log_only"
# Where the programs put content, or what says more of a person than we want to know.
PRIVATE = (
    "tool_input", "tool_parameters", "full_command", "bash_command", "error", "prompt", "response", "arguments",
    "output", "body", "user.email", "user.id", "function_args", "response_text", "gen_ai.input.messages",
    "gen_ai.output.messages", "gen_ai.tool.call.arguments", "gen_ai.tool.call.result", "exception.message", "anything",
)  # fmt: skip


def value(plain: Any) -> dict[str, Any]:
    """An attribute's value as OTLP/JSON tells it. Whole numbers are numbers, which is what Claude Code sends."""
    if isinstance(plain, dict):
        return plain
    kinds = {bool: "boolValue", int: "intValue", float: "doubleValue"}
    return {kinds.get(type(plain), "stringValue"): plain}


def attributes(plain: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"key": name, "value": value(one)} for name, one in plain.items()]


def log(event: str, at: int = NOON_NANOS, **plain: Any) -> dict[str, Any]:
    """A log record. Dots in names are written as two underscores."""
    named = {"event.name": event, **{name.replace("__", "."): one for name, one in plain.items()}}
    return {
        "timeUnixNano": str(at), "observedTimeUnixNano": str(at), "body": {"stringValue": event},
        "attributes": attributes(named), "droppedAttributesCount": 0, "flags": 1,
        "traceId": "8d16ce87b326111eec7f4e6dea8c04fa", "spanId": "1ef3785653dd0b7c",
    }  # fmt: skip


def claude(event: str, sequence: int = 1, **plain: Any) -> dict[str, Any]:
    """One event of Claude Code."""
    when = f"2026-05-17T12:00:00.{sequence:03}Z"
    own = {"session.id": SESSION, "prompt.id": PROMPT, "event.sequence": sequence, "event.timestamp": when}
    return log(event, **{**own, **plain})


def codex(event: str, **plain: Any) -> dict[str, Any]:
    """One event of Codex: no time of its own, no body."""
    own = {"conversation.id": SESSION, "originator": "codex_exec", "model": "gpt-5.1-codex"}
    record = log(f"codex.{event}", **{**own, "event.timestamp": "2026-05-17T12:00:00.000Z", **plain})
    return {**record, "timeUnixNano": "0", "body": None, "traceId": "", "spanId": ""}


def span(name: str, *, number: int = 1, failed: bool = False, **plain: Any) -> dict[str, Any]:
    """A span of a quarter of a second."""
    named = {key.replace("__", "."): one for key, one in plain.items()}
    return {
        "traceId": "8d16ce87b326111eec7f4e6dea8c04fa", "spanId": f"{number:016x}", "name": name, "kind": 1,
        "startTimeUnixNano": str(NOON_NANOS), "endTimeUnixNano": str(NOON_NANOS + 250_000_000),
        "attributes": attributes(named), "status": {"code": 2 if failed else 0}, "events": [], "links": [],
    }  # fmt: skip


def logs(*records: Any, scope: str = CLAUDE, **resource: str) -> dict[str, Any]:
    """An export of log records."""
    told = attributes({name.replace("__", "."): one for name, one in resource.items()})
    scoped = [{"scope": {"name": scope}, "logRecords": list(records)}]
    return {"resourceLogs": [{"resource": {"attributes": told}, "scopeLogs": scoped}]}


def traces(*spans: Any, scope: str = "any", **resource: str) -> dict[str, Any]:
    """An export of spans."""
    told = attributes({name.replace("__", "."): one for name, one in resource.items()})
    scoped = [{"scope": {"name": scope}, "spans": list(spans)}]
    return {"resourceSpans": [{"resource": {"attributes": told}, "scopeSpans": scoped}]}


def protobuf(document: dict[str, Any]) -> bytes:
    """The same export in protobuf. Ids are hexadecimal in OTLP/JSON and bytes here."""
    document = json.loads(json.dumps(document))
    ids: list[tuple[str, str]] = []
    for of in (*document.get("resourceLogs", []), *document.get("resourceSpans", [])):
        for scope in (*of.get("scopeLogs", []), *of.get("scopeSpans", [])):
            records = (*scope.get("logRecords", []), *scope.get("spans", []))
            ids += [(record.pop("traceId", ""), record.pop("spanId", "")) for record in records]
    message = ExportTraceServiceRequest() if "resourceSpans" in document else ExportLogsServiceRequest()
    json_format.ParseDict(document, message, ignore_unknown_fields=True)
    of_resources = message.resource_spans if "resourceSpans" in document else message.resource_logs
    found = [
        record
        for of in of_resources
        for scope in (of.scope_spans if "resourceSpans" in document else of.scope_logs)
        for record in (scope.spans if "resourceSpans" in document else scope.log_records)
    ]
    for record, (trace_id, span_id) in zip(found, ids, strict=True):
        record.trace_id, record.span_id = bytes.fromhex(trace_id), bytes.fromhex(span_id)
    return message.SerializeToString()
