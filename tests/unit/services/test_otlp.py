"""JSON and protobuf are two spellings of one export, and every row has the shape that its call takes."""

import json
from typing import Any

import pytest

from tallyward.capture._otlp import RECORDS_MAX
from tallyward.errors import BadRequest, TooLarge
from tallyward.services.otlp import OBJECTS_MAX, decode
from tallyward.services.otlp_protobuf import _varint, answer, status
from tests.exports import CANARY, CODEX, LATER, PRIVATE, claude, codex, log, logs, protobuf, span, traces

REQUEST = {
    "model": "claude-opus-4-8", "input_tokens": 1200, "output_tokens": 42, "cost_usd": 0.010925,
    "cost_usd_micros": 10925,
}  # fmt: skip
EXPORTS: dict[str, tuple[Any, dict[str, Any], int]] = {
    "claude": (
        "logs",
        logs(
            claude("user_prompt", prompt="<REDACTED>"),
            claude("tool_result", 2, tool_name="Bash", tool_use_id="toolu_1", success="true", duration_ms="36"),
            claude("api_request", 3, **REQUEST),
            claude("assistant_response", 4),
            tally__engineer="ann",
        ),
        4,
    ),
    "codex": (
        "logs",
        logs(
            codex("tool_result", tool_name="exec_command", call_id="call_1", success="true", duration_ms="54"),
            codex("sse_event", event__kind="response.completed", input_token_count="42", output_token_count=5),
            scope=CODEX,
        ),
        2,
    ),
    "gemini": ("logs", logs(log("gemini_cli.tool_call", function_name="ls", success=True), scope="x"), 1),
    "copilot": (
        "traces",
        traces(
            span("execute_tool", gen_ai__operation__name="execute_tool", gen_ai__tool__name="ls"),
            span("chat", number=2, gen_ai__operation__name="chat", gen_ai__response__id="chatcmpl-abcdef123"),
        ),
        2,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", EXPORTS)
def test_json_and_protobuf_of_one_export_give_the_same_rows(name: str):
    kind, document, count = EXPORTS[name]
    of_json = decode(json.dumps(document).encode(), "json", kind, LATER)
    of_protobuf = decode(protobuf(document), "protobuf", kind, LATER)
    assert of_json == of_protobuf
    assert len(of_json.fires) + len(of_json.usages) == count
    assert (of_json.rejected, of_json.ignored) == ([], 0)


@pytest.mark.parametrize("kind", ["logs", "traces", "metrics"])
@pytest.mark.parametrize(("encoding", "body"), [("json", b""), ("json", b"{}"), ("protobuf", b"")])
def test_an_empty_export_succeeds(kind: Any, encoding: Any, body: bytes):
    read = decode(body, encoding, kind, LATER)
    assert (read.records, read.fires, read.usages, read.rejected) == (0, [], [], [])


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("json", b"{"),
        ("json", b"[" * 100_000),
        ("json", b'"\xff"'),
        ("json", b"[]"),
        ("protobuf", b"{}"),
        ("protobuf", b"\xff" * 9),
        ("protobuf", CANARY.encode()),
    ],
    ids=str,
)
def test_what_is_no_export_is_refused_without_a_word_of_it(encoding: Any, body: bytes):
    with pytest.raises(BadRequest) as refusal:
        decode(body, encoding, "logs", LATER)
    assert CANARY not in refusal.value.message


@pytest.mark.parametrize("kind", ["logs", "traces"])
def test_an_export_of_more_records_than_any_real_one_is_refused_before_it_fills_the_memory(kind: Any):
    record = b"\x12\x00"  # an empty one: a field of two bytes
    many = record * (RECORDS_MAX + 1)
    for _ in range(2):  # in a scope, in a resource
        many = b"\x12" + _varint(len(many)) + many
    with pytest.raises(TooLarge):
        decode(b"\x0a" + many[1:], "protobuf", kind, LATER)
    with pytest.raises(TooLarge):
        decode(b"[" + b"{}," * OBJECTS_MAX + b"{}]", "json", kind, LATER)
    few = {"resourceLogs": [{"scopeLogs": [{"logRecords": [0] * (RECORDS_MAX + 1)}]}]}
    with pytest.raises(TooLarge):
        decode(json.dumps(few).encode(), "json", "logs", LATER)


def test_a_record_that_makes_a_row_out_of_range_is_rejected_and_the_others_are_not():
    good = claude("tool_result", tool_name="Bash", tool_use_id="toolu_1", success="true")
    huge = claude("api_request", 2, **{**REQUEST, "cost_usd_micros": None, "cost_usd": 2.0**31 - 1})
    read = decode(json.dumps(logs(good, huge, claude("auth", 3))).encode(), "json", "logs", LATER)
    assert (len(read.fires), len(read.usages), read.ignored) == (1, 0, 1)
    assert read.message == "a record has a value that is out of range"


def test_the_message_tells_of_a_few_and_counts_the_rest():
    read = decode(json.dumps(logs(*[CANARY] * 9)).encode(), "json", "logs", LATER)
    assert len(read.rejected) == 9
    assert read.message.startswith("record 0: A record is not an object.; record 1")
    assert read.message.endswith("; and 6 more")
    assert CANARY not in read.message


def test_nothing_private_survives_the_decoding_of_either_spelling():
    planted = dict.fromkeys(PRIVATE, CANARY)
    tool = {"tool_name": "Bash", "tool_use_id": "t", **planted}
    records = [claude(event, 1, **tool) for event in ("tool_result", "user_prompt")]
    records.append({**claude("api_request", **REQUEST, **planted), "body": {"stringValue": CANARY}})
    document = logs(*records, **{"user.email": CANARY, "host.name": CANARY})
    for encoding, body in (("json", json.dumps(document).encode()), ("protobuf", protobuf(document))):
        read = decode(body, encoding, "logs", LATER)  # type: ignore[arg-type]
        assert len(read.fires) + len(read.usages) == 3
        assert CANARY not in repr(read)


def test_the_answers_are_those_of_the_protocol():
    assert [answer(kind, 0, "") for kind in ("logs", "traces", "metrics")] == [b"", b"", b""]
    partly = {answer(kind, 3, "why") for kind in ("logs", "traces", "metrics")}
    assert partly == {b"\n\x07\x08\x03\x12\x03why"}
    assert status(3, "x" * 200) == b"\x08\x03\x12\xc8\x01" + b"x" * 200
