"""What the relay makes of what it is sent: the rows that hooks and the server's own receiver make, and no content."""

import gzip
import json

import pytest

from tallyward.client import session_place
from tests import claude_events, exports
from tests.claude_events import MARKER, TOOL_USE, tool
from tests.relaying import HOOK_PATH, JSON, RunningRelay
from tests.waiting import eventually

PROTOBUF = {"Content-Type": "application/x-protobuf"}
SHELL = tool("PostToolUse", tool_response={"stdout": MARKER, "stderr": ""}, duration_ms=31)
REQUEST = exports.logs(
    exports.claude(
        "api_request", model="claude-opus-4-8", input_tokens=1_200, output_tokens=42, cost_usd_micros=10_925,
        request_id="req_1", prompt=exports.CANARY,
    )
)  # fmt: skip


@pytest.fixture
def relay(laptop):
    with RunningRelay(laptop) as running:
        yield running


def rows(records, to):
    return [record["row"] for record in records if record["to"] == to]


def test_an_event_over_http_is_the_row_that_the_hooks_own_process_makes(laptop, relay):
    assert relay.hook(SHELL) == (200, b"")
    (over_http,) = relay.spooled(1)
    laptop.hook(SHELL)
    (_, by_process) = relay.spooled(2)
    assert over_http["row"].pop("ts") <= by_process["row"].pop("ts")
    assert over_http.pop("hook_ms") >= 0, "the relay's own time"
    assert by_process.pop("hook_ms") > 0
    assert over_http == by_process
    assert (over_http["row"]["fire_key"], over_http["row"]["runtime"]) == (TOOL_USE, "claude-code-cli")


def test_what_no_header_says_is_what_the_sessions_first_hook_has_seen(laptop, relay):
    place = {"engineer_id": "bea", "runtime": "claude-code-desktop"}
    session_place.save(str(laptop.root), claude_events.SESSION, place)
    relay.post(HOOK_PATH, json.dumps(SHELL).encode())
    (row,) = rows(relay.spooled(1), "trace")
    assert (row["engineer_id"], row["runtime"]) == ("bea", "claude-code-desktop")


@pytest.mark.parametrize("media", [JSON, PROTOBUF])
@pytest.mark.parametrize("packed", [False, True])
def test_a_request_to_the_model_is_a_row_of_usage_with_who_and_where(laptop, relay, media, packed):
    session_place.save(str(laptop.root), exports.SESSION, {"engineer_id": "ann", "repo": "acme/widget", "branch": "b"})
    body = json.dumps(REQUEST).encode() if media == JSON else exports.protobuf(REQUEST)
    headers = {**media, "Content-Encoding": "gzip"} if packed else media
    status, answer = relay.post("/v1/logs", gzip.compress(body) if packed else body, headers)
    assert (status, answer) == (200, b"{}" if media == JSON else b"")
    (row,) = rows(laptop.spooled(), "usage")
    assert (row["engineer_id"], row["repo"], row["branch"], row["source"]) == ("ann", "acme/widget", "b", "otlp")
    assert (row["input_tokens"], row["output_tokens"], row["reported_cost_micros"]) == (1_200, 42, 10_925)


def test_a_chunked_export_is_read_as_one(laptop, relay):
    body = json.dumps(REQUEST).encode()
    chunks = (
        b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (body[:7], body[7:300], body[300:])) + b"0\r\n\r\n"
    )
    head = f"POST /v1/logs HTTP/1.1\r\nHost: localhost:{relay.port}\r\nContent-Type: application/json\r\n"
    assert relay.raw(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks).startswith(b"HTTP/1.1 200")
    assert len(rows(laptop.spooled(), "usage")) == 1


def test_one_bad_record_is_refused_alone(laptop, relay):
    export = exports.logs(exports.claude("user_prompt"), 17, exports.claude("api_request", 2, request_id="r"))
    status, answer = relay.post("/v1/logs", json.dumps(export).encode())
    assert (status, json.loads(answer)["partialSuccess"]["rejectedLogRecords"]) == (200, "1")
    assert len(laptop.spooled()) == 2


@pytest.mark.parametrize("kind", ["metrics", "traces", "logs"])
def test_an_export_of_nothing_is_taken(laptop, relay, kind):
    assert relay.post(f"/v1/{kind}", b"{}") == (200, b"{}")
    assert relay.post(f"/v1/{kind}", b"", PROTOBUF) == (200, b"")
    assert laptop.spooled() == []


def test_nothing_of_the_content_is_ever_on_the_disk(laptop, relay):
    laptop.connect("http://127.0.0.1:9")
    events = claude_events.every_event()
    for event in events:
        assert relay.hook(event)[0] == 200
    private = dict.fromkeys(exports.PRIVATE, MARKER)
    for media, made in ((JSON, lambda doc: json.dumps(doc).encode()), (PROTOBUF, exports.protobuf)):
        export = exports.logs(exports.claude("tool_result", tool_name="Bash", tool_use_id="t", **private))
        assert relay.post("/v1/logs", made(export), media)[0] == 200
        spans = exports.traces(exports.span(MARKER, gen_ai__operation__name="chat", **private))
        assert relay.post("/v1/traces", made(spans), media)[0] == 200
    for junk in (f'{{"{MARKER}":'.encode(), f'{{"resourceLogs":"{MARKER}"}}'.encode(), MARKER.encode()):
        assert relay.post("/v1/logs", junk)[0] == 400
        relay.post(HOOK_PATH, junk)
    # A sender may have taken it in its hands meanwhile.
    eventually(lambda: laptop.everything().count(TOOL_USE.encode()) >= len(claude_events.OF_TOOLS), 10)
    assert MARKER.encode() not in laptop.everything()


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Mode": "no-cors"},
    ],
)
def test_pages_in_a_browser_and_names_that_point_here_are_refused(laptop, relay, headers):
    for path in (HOOK_PATH, "/v1/logs"):
        assert relay.post(path, json.dumps(SHELL).encode(), {**JSON, **headers})[0] == 400
    assert laptop.spooled() == []


def test_what_is_no_json_and_no_protobuf_and_no_address_is_refused(laptop, relay):
    for media in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        assert relay.post(HOOK_PATH, json.dumps(SHELL).encode(), {"Content-Type": media})[0] == 415
        assert relay.post("/v1/logs", b"{}", {"Content-Type": media})[0] == 415
    assert relay.post("/", b"{}")[0] == 404
    assert relay.raw(f"GET /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\n\r\n".encode()).startswith(
        b"HTTP/1.1 405"
    )
    assert laptop.spooled() == []


def test_no_answer_lets_a_page_read_it(relay):
    answer = relay.raw(f"OPTIONS /v1/logs HTTP/1.1\r\nHost: 127.0.0.1:{relay.port}\r\nOrigin: null\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 4")
    assert b"access-control" not in answer.lower()
