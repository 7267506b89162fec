"""OTLP over real HTTP, as exporters speak it: each fire is one row, and nothing that a client lets slip is kept."""

import gzip
import json
from typing import Any

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from tests.acceptance.tenancy import Tenancy
from tests.exports import (
    CANARY,
    CODEX,
    NOON_NANOS,
    PRIVATE,
    PROMPT,
    SESSION,
    claude,
    codex,
    log,
    logs,
    protobuf,
    span,
    traces,
)
from tests.servers import Reply

PROTOBUF = {"Content-Type": "application/x-protobuf"}
TOOL = {
    "tool_name": "mcp_tool",
    "tool_use_id": "toolu_91b378304be0678647a3ab9d",
    "success": "true",
    "duration_ms": "36",
}
REQUEST = {
    "model": "claude-opus-4-8", "input_tokens": 1200, "output_tokens": 42, "cache_read_tokens": 4000,
    "cache_creation_tokens": 300, "cost_usd": 0.010925, "cost_usd_micros": 10925,
}  # fmt: skip
EXPORT = logs(claude("user_prompt"), claude("tool_result", 2, **TOOL), claude("api_request", 3, **REQUEST))
HOOK = {
    "engineer_id": "ann", "skill_name": "mcp__probe__ping", "kind": "mcp", "runtime": "claude-code-cli",
    "status": "success", "fire_key": TOOL["tool_use_id"], "session_id": SESSION, "prompt_id": PROMPT, "source": "hook",
}  # fmt: skip


def fires(site: Tenancy) -> list[tuple[Any, ...]]:
    return site.rows("SELECT skill_name, kind, status, seen_by FROM skill_invocations ORDER BY kind")


def counted(site: Tenancy) -> list[tuple[Any, ...]]:
    return site.rows("SELECT cost_micros, reported_cost_micros, seen_by FROM metered_requests")


@pytest.mark.parametrize("spelling", ["json", "protobuf", "gzip", "chunked"])
def test_an_export_is_stored_however_it_is_sent_and_a_retry_changes_nothing(site: Tenancy, spelling: str):
    raw = json.dumps(EXPORT).encode()
    how: dict[str, tuple[Any, dict[str, str]]] = {
        "json": (raw, {"Content-Type": "application/json"}),
        "protobuf": (protobuf(EXPORT), PROTOBUF),
        "gzip": (gzip.compress(protobuf(EXPORT)), {**PROTOBUF, "Content-Encoding": "gzip"}),
        "chunked": (raw, {"Content-Type": "application/json; charset=utf-8"}),
    }
    body, headers = how[spelling]
    for _ in range(2):
        reply = chunked(site, body, headers) if spelling == "chunked" else site.post(body, "/v1/logs", headers=headers)
        empty = b"" if headers["Content-Type"] in PROTOBUF.values() else b"{}"
        assert (reply.status, reply.body) == (200, empty)
        assert reply.headers["content-type"] == headers["Content-Type"].partition(";")[0]
    assert fires(site) == [
        ("unknown", "mcp", "success", ["otlp"]),
        ("session", "session", "abandoned", ["otlp"]),
    ]
    assert counted(site) == [(10925, 10925, ["otlp"])]


def chunked(site: Tenancy, body: bytes, headers: dict[str, str]) -> Reply:
    """In pieces, with no length told before, as Claude Code 2.1.197 sends."""
    connection = site.server.connection()
    pieces = (body[start : start + 100] for start in range(0, len(body), 100))
    sent = {"Authorization": f"Bearer {site.token}", **headers}
    connection.request("POST", "/v1/logs", pieces, sent, encode_chunked=True)
    response = connection.getresponse()
    reply = Reply(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
    connection.close()
    return reply


@pytest.mark.parametrize("first", ["hook", "otlp"])
def test_the_name_that_the_hook_knows_wins_whoever_came_first(site: Tenancy, first: str):
    steps = [lambda: site.post(HOOK), lambda: site.post(EXPORT, "/v1/logs")]
    for step in steps if first == "hook" else reversed(steps):
        step()
    assert fires(site)[0] == ("mcp__probe__ping", "mcp", "success", ["hook", "otlp"])
    assert len(fires(site)) == 2


@pytest.mark.parametrize("first", ["transcript", "otlp"])
def test_a_session_with_a_transcript_is_not_counted_twice(site: Tenancy, first: str):
    transcript = {
        "request_key": "msg_1", "ts": "2026-05-17T12:00:00Z", "model": "claude-opus-4-8", "runtime": "claude-code-cli",
        "engineer_id": "ann", "input_tokens": 1200, "cache_write_5m_tokens": 300, "cache_read_tokens": 4000,
        "output_tokens": 42, "session_id": SESSION, "source": "transcript",
    }  # fmt: skip
    steps = [lambda: site.post(transcript, "/v1/usage"), lambda: site.post(EXPORT, "/v1/logs")]
    for step in steps if first == "transcript" else reversed(steps):
        step()
    assert site.rows("SELECT count(*) FROM cost_ledger") == [(2,)]
    totals = site.get("/v1/usage?by=session&days=366").json["totals"]
    assert (totals["requests"], totals["cost_micros"]) == (1, 10925)


def test_codex_and_spans_are_stored_too(site: Tenancy):
    tool = codex("tool_result", tool_name="exec_command", call_id="call_1", success="false", arguments=CANARY)
    assert site.post(logs(tool, scope=CODEX), "/v1/logs").json == {}
    ran = span("execute_tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="readFile")
    assert site.post(traces(ran), "/v1/traces").json == {}
    names = site.rows("SELECT skill_name, runtime, status FROM skill_invocations ORDER BY id")
    assert names == [("Bash", "codex-cli", "error"), ("readFile", "local-job", "success")]


def test_one_bad_record_is_told_of_and_the_others_are_stored(site: Tenancy):
    reply = site.post(logs(claude("tool_result", **TOOL), {"timeUnixNano": CANARY}), "/v1/logs")
    why = "record 1: timeUnixNano is no number of nanoseconds."
    assert (reply.status, reply.json) == (200, {"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": why}})
    assert len(fires(site)) == 1

    # No protobuf can hold that; a value out of range can.
    huge = claude("api_request", **{**REQUEST, "cost_usd_micros": None, "cost_usd": 2.0**31 - 1})
    reply = site.post(protobuf(logs(huge)), "/v1/logs", headers=PROTOBUF)
    told = ExportLogsServiceResponse.FromString(reply.body).partial_success
    assert (reply.status, told.rejected_log_records) == (200, 1)
    assert told.error_message == "a record has a value that is out of range"


@pytest.mark.parametrize(
    ("body", "headers", "status", "code"),
    [
        (b"{", {"Content-Type": "application/json"}, 400, 3),
        (b"{", PROTOBUF, 400, 3),
        (b"{}", {"Content-Type": "text/plain"}, 415, 3),
        (b"not gzip", {**PROTOBUF, "Content-Encoding": "gzip"}, 400, 3),
        (b"{}", {"Content-Type": "application/json", "Authorization": "Bearer no"}, 401, 16),
        (b"", {**PROTOBUF, "Content-Length": str(64 * 1024 * 1024 + 1)}, 413, 8),
    ],
    ids=str,
)
def test_an_error_is_a_status_in_the_type_that_was_sent(
    site: Tenancy, body: bytes, headers: dict[str, str], status: int, code: int
):
    reply = site.post(body, "/v1/logs", headers=headers)
    assert reply.status == status
    if headers["Content-Type"] in PROTOBUF.values():
        assert reply.headers["content-type"] == "application/x-protobuf"
        assert reply.body.startswith(bytes([8, code, 0x12]))
    else:
        assert reply.headers["content-type"] == "application/json"
        assert reply.json["code"] == code
        assert set(reply.json) == {"code", "message"}


def test_an_export_larger_than_other_bodies_is_taken(site: Tenancy):
    padding = log("never_heard_of", anything="x" * 1000)
    tools = [claude("tool_result", number, **{**TOOL, "tool_use_id": f"t{number}"}) for number in range(2_500)]
    body = json.dumps(logs(*[padding] * 12_000, *tools)).encode()
    assert len(body) > 10 * 1024 * 1024
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    assert site.post(gzip.compress(body), "/v1/logs", headers=headers).json == {}
    assert site.count() == 2_500


def test_metrics_are_taken_and_nothing_of_them_is_kept(site: Tenancy):
    point = {"asDouble": 1.0, "timeUnixNano": str(NOON_NANOS)}
    points = [{"name": "claude_code.cost.usage", "sum": {"dataPoints": [point]}}]
    export = {"resourceMetrics": [{"scopeMetrics": [{"metrics": points}]}]}
    assert site.post(export, "/v1/metrics").json == {}
    assert site.post(b"", "/v1/metrics", headers=PROTOBUF).body == b""
    assert (site.count(), counted(site)) == (0, [])


def test_the_engineer_is_the_one_of_the_token_or_the_one_that_is_named_and_never_an_address(site: Tenancy):
    token = site.token_for("capture", engineer="bo")
    secret = {"user.email": f"{CANARY}@example.org"}
    site.post(logs(claude("tool_result", **TOOL, **secret), **secret), "/v1/logs", token=token)
    site.post(logs(claude("user_prompt"), tally__engineer="cy"), "/v1/logs", token=token)
    assert site.rows("SELECT kind, engineer_id FROM skill_invocations ORDER BY kind") == [
        ("mcp", "bo"),
        ("session", "cy"),
    ]


def test_nothing_private_reaches_the_database_or_the_log(site: Tenancy):
    planted = dict.fromkeys(PRIVATE, CANARY)
    events = (
        "user_prompt",
        "tool_result",
        "tool_decision",
        "api_request",
        "assistant_response",
        "skill_activated",
        CANARY,
    )
    records = [claude(event, 1, **{**TOOL, **REQUEST, **planted, "decision": "reject"}) for event in events]
    of_codex = [codex(event, **planted, **TOOL) for event in ("tool_result", "user_prompt", "sse_event")]
    for record in (*records, *of_codex):
        record["body"] = {"stringValue": CANARY}
    ran = {**span(CANARY, gen_ai__operation__name="chat", **planted), "events": [{"name": CANARY}]}
    ran["status"] = {"code": 2, "message": CANARY}
    for export in (logs(*records, CANARY, **planted), logs(*of_codex, scope=CODEX, **planted)):
        assert CANARY not in site.post(export, "/v1/logs").body.decode()
    assert site.post(traces(ran, **planted), "/v1/traces").json == {}
    site.post(protobuf(logs(*records, **planted)), "/v1/logs", headers=PROTOBUF)
    site.post(CANARY.encode(), "/v1/logs", headers=PROTOBUF)

    tables = ("skill_invocations", "cost_ledger", "context_fetches")
    kept = [row for table in tables for row in site.rows(f"SELECT to_jsonb(t)::text FROM {table} AS t")]  # type: ignore[arg-type]  # noqa: S608
    assert len(kept) == 5
    assert CANARY not in str(kept)
    assert CANARY not in site.server.log
