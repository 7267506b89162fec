"""Requests meet their answers by id and direction, and only a client's tool call is a fire."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.capture import mcp
from tallyward.capture._base import NAME_CHARS_MAX, Seen
from tallyward.capture.mcp import Mcp

SEEN = Seen(now="2026-05-01T10:00:00.000000Z", elapsed_seconds=0.0, engineer_id="ann", runtime="claude-code-cli")


@pytest.fixture
def calls() -> Mcp:
    return fresh()


def fresh() -> Mcp:
    numbers = count(1)
    return Mcp("probe", lambda: f"random-{next(numbers)}")


def call(number: object = "int 1", tool: object = "ping", **more: Any) -> dict[str, Any]:
    return {"id": number, "method": "tools/call", "params": True, "params.name": tool, **more}


def answer(number: object = "int 1", **more: Any) -> dict[str, Any]:
    return {"id": number, "result": True, **more}


def told(ended) -> list[tuple[str, str, int | None]]:
    return [(one.call.key, one.status, one.latency_ms) for one in ended]


def test_a_call_and_its_answer_are_one_fire(calls):
    assert calls.client_said(call(), 10.0) == []
    (ended,) = calls.server_said(answer(), 10.25)

    assert calls.record(ended, SEEN, "session-1") == {
        "to": "trace",
        "row": {
            "ts": "2026-05-01T10:00:00.000000Z", "engineer_id": "ann", "runtime": "claude-code-cli",
            "repo": None, "branch": None, "skill_name": "mcp__probe__ping", "kind": "mcp", "status": "success",
            "model": None, "latency_ms": 250, "input_tokens": None, "output_tokens": None, "arg_hash": None,
            "session_id": "session-1", "prompt_id": None, "fire_key": "random-1", "source": "relay",
        },
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"result": True}, "success"),
        ({"result": True, "result.isError": False}, "success"),
        ({"result": True, "result.isError": True}, "error"),
        ({"result": True, "result.isError": "true"}, "success"),
        ({"error": True}, "error"),
    ],
)
def test_an_error_is_what_the_protocol_or_the_tool_calls_one(calls, said, status):
    calls.client_said(call(), 0.0)
    assert told(calls.server_said({"id": "int 1", **said}, 1.0)) == [("random-1", status, 1000)]


def test_both_sides_count_from_the_same_number_and_are_not_confused(calls):
    calls.client_said(call("int 1"), 0.0)
    assert calls.server_said({"id": "int 1", "method": "sampling/createMessage"}, 0.1) == []
    assert calls.client_said(answer("int 1"), 0.2) == []
    assert told(calls.server_said(answer("int 1"), 0.3)) == [("random-1", "success", 300)]


def test_a_number_and_a_text_are_two_ids(calls):
    calls.client_said(call("int 1"), 0.0)
    assert calls.server_said(answer("str 1"), 0.1) == []
    assert told(calls.server_said(answer("int 1"), 0.2)) == [("random-1", "success", 200)]


@given(st.permutations(range(6)))
def test_answers_may_come_in_any_order(order):
    calls = fresh()
    for number in range(6):
        calls.client_said(call(f"int {number}", f"tool-{number}"), float(number))
    ended = [one for number in order for one in calls.server_said(answer(f"int {number}"), 10.0)]

    assert [one.call.tool for one in ended] == [f"tool-{number}" for number in order]
    assert [one.latency_ms for one in ended] == [10_000 - 1000 * number for number in order]


@pytest.mark.parametrize(
    "said",
    [
        {"id": "int 1", "method": "tools/list"},
        {"method": "tools/call", "params.name": "ping"},  # a notification: nobody waits for an answer
        {"id": "int 1", "method": "tools/call", "params": True},
        {"id": "int 1", "method": "tools/call", "params.name": 7},
        {"id": True, "method": "tools/call", "params.name": "ping"},
        {},
    ],
)
def test_what_is_no_tool_call_is_no_fire(calls, said):
    calls.client_said(said, 0.0)
    assert calls.server_said(answer(), 1.0) == []
    assert calls.all_end(2.0) == []


def test_what_gets_no_answer_is_abandoned_at_the_end_and_only_once(calls):
    calls.client_said(call("int 1"), 0.0)
    calls.client_said(call("int 2"), 1.0)
    assert told(calls.all_end(3.0)) == [("random-1", "abandoned", 3000), ("random-2", "abandoned", 2000)]
    assert calls.all_end(4.0) == []


def test_what_the_client_cancels_is_abandoned_at_once_and_a_late_answer_changes_nothing(calls):
    calls.client_said(call("int 5"), 0.0)
    cancel = {"method": "notifications/cancelled", "params.requestId": "int 5"}
    assert calls.client_said({**cancel, "params.requestId": "int 6"}, 0.5) == []
    assert told(calls.client_said(cancel, 1.0)) == [("random-1", "abandoned", 1000)]
    assert calls.server_said(answer("int 5"), 2.0) == []


def test_over_http_a_cancellation_comes_in_another_exchange(calls):
    calls.client_said(call("int 5"), 0.0, scope="1")
    cancel = {"method": "notifications/cancelled", "params.requestId": "int 5"}
    assert told(calls.client_said(cancel, 1.0, scope="2")) == [("random-1", "abandoned", 1000)]


def test_a_cancellation_that_may_mean_two_calls_is_left_alone(calls):
    for scope in "12":
        calls.client_said(call("int 5"), 0.0, scope=scope)
    assert calls.client_said({"method": "notifications/cancelled", "params.requestId": "int 5"}, 1.0, scope="3") == []


def test_an_id_that_is_used_again_before_its_answer_ends_the_first_call(calls):
    calls.client_said(call(), 0.0)
    assert told(calls.client_said(call(), 1.0)) == [("random-1", "abandoned", 1000)]
    assert told(calls.server_said(answer(), 3.0)) == [("random-2", "success", 2000)]


def test_a_call_that_takes_long_is_told_of_once_while_it_runs(calls):
    calls.client_said(call(), 0.0)
    assert calls.waits()
    assert calls.running(1.9, 2.0) == []
    assert told(calls.running(2.0, 2.0)) == [("random-1", "abandoned", None)]
    assert calls.running(9.0, 2.0) == []
    assert not calls.waits()
    assert told(calls.server_said(answer(), 10.0)) == [("random-1", "success", 10_000)]


def test_a_client_that_never_gets_answers_does_not_fill_the_memory(calls):
    ended = [one for number in range(mcp.OPEN_MAX + 3) for one in calls.client_said(call(f"int {number}"), 0.0)]
    assert [one.call.key for one in ended] == ["random-1", "random-2", "random-3"]


def test_the_clients_own_tool_use_id_is_the_key_so_that_its_hook_tells_of_the_same_fire(calls):
    for name, key in (("claudecode/toolUseId", "toolu_1"), ("callId", "call_1")):
        calls.client_said(call(**{f"params._meta.{name}": key}), 0.0)
        assert told(calls.server_said(answer(), 1.0)) == [(key, "success", 1000)]


def test_codex_says_session_turn_and_model_with_each_call(calls):
    about = {"sessionId": "thread-1", f"{mcp.CODEX_TURN}.turn_id": "turn-1", f"{mcp.CODEX_TURN}.model": "gpt-5.1"}
    calls.client_said(call(**{f"params._meta.{name}": value for name, value in about.items()}), 0.0)
    row: Any = calls.record(calls.server_said(answer(), 1.0)[0], SEEN, "the session of the surroundings")["row"]
    assert (row["session_id"], row["prompt_id"], row["model"]) == ("thread-1", "turn-1", "gpt-5.1")


@pytest.mark.parametrize("path", mcp.CLIENT_NAMES)
def test_the_client_is_known_by_its_own_name_in_every_protocol(calls, path):
    calls.client_said({"id": "int 0", "method": "initialize", path: "codex-mcp-client"}, 0.0)
    calls.client_said(call(), 0.0)
    assert calls.client_name == "codex-mcp-client"


def test_a_call_in_several_rounds_is_one_fire_from_its_first_request_to_its_last_answer(calls):
    calls.client_said(call("int 1"), 0.0)
    asked = {"result.resultType": "input_required", "result.requestState": "sealed"}
    assert calls.server_said(answer("int 1", **asked), 1.0) == []
    calls.client_said(call("int 2", "ping", **{"params.requestState": "sealed"}), 5.0)
    assert told(calls.server_said(answer("int 2", **{"result.resultType": "complete"}), 6.0)) == [
        ("random-1", "success", 6000)
    ]


def test_sizes_of_all_rounds_add_up_and_what_got_no_answer_has_none(calls):
    asked = {"result.resultType": "input_required", "result.requestState": "sealed"}
    calls.client_said(call("int 1"), 1.0, size_bytes=100)
    calls.server_said(answer("int 1", **asked), 1.5, size_bytes=30)
    calls.client_said(call("int 2", **{"params.requestState": "sealed"}), 2.0, size_bytes=150)
    row: Any = calls.record(calls.server_said(answer("int 2"), 3.0, size_bytes=7)[0], SEEN, None)["row"]
    assert (row["request_bytes"], row["response_bytes"]) == (250, 37)

    calls.client_said(call("int 3"), 4.0, size_bytes=100)
    open_row: Any = calls.record(calls.running(9.0, 1.0)[0], SEEN, None)["row"]
    assert open_row["request_bytes"] == 100
    assert "response_bytes" not in open_row


def test_rounds_without_a_state_are_joined_by_the_tool(calls):
    calls.client_said(call("int 1"), 0.0)
    calls.server_said(answer("int 1", **{"result.resultType": "input_required"}), 1.0)
    calls.client_said(call("int 2", "other"), 2.0)
    calls.client_said(call("int 3", **{"params.inputResponses": True}), 3.0)
    assert told(calls.server_said(answer("int 3"), 4.0)) == [("random-1", "success", 4000)]


def test_a_round_that_nobody_takes_up_is_abandoned(calls):
    calls.client_said(call("int 1"), 0.0)
    calls.server_said(answer("int 1", **{"result.resultType": "input_required"}), 1.0)
    assert told(calls.running(2.0, 2.0)) == [("random-1", "abandoned", None)]
    assert told(calls.all_end(9.0)) == [("random-1", "abandoned", 9000)]


def test_a_scope_has_its_own_ids_and_may_be_refused_as_a_whole(calls):
    for scope in ("1", "2", "3"):
        calls.client_said(call("int 1"), 0.0, scope)
    assert told(calls.server_said(answer("int 1"), 1.0, "2")) == [("random-2", "success", 1000)]
    assert told(calls.scope_fails("1", 2.0)) == [("random-1", "error", 2000)]
    assert told(calls.all_end(4.0)) == [("random-3", "abandoned", 4000)]


def test_an_answer_may_come_in_another_scope_if_only_one_call_can_be_meant(calls):
    calls.client_said(call("int 1"), 0.0, "1")
    calls.client_said(call("int 2"), 0.0, "2")
    calls.client_said(call("int 2"), 0.0, "3")
    assert calls.server_said(answer("int 2"), 1.0, "9") == []
    assert told(calls.server_said(answer("int 1"), 1.0, "9")) == [("random-1", "success", 1000)]


def test_a_call_remembers_which_client_made_it(calls):
    calls.client_name = "one"
    calls.client_said(call("int 1"), 0.0)
    calls.client_name = "other"
    assert calls.all_end(1.0)[0].call.client_name == "one"


@pytest.mark.parametrize(
    ("server", "tool", "name"),
    [
        ("my server.x", "do.it é/x", "mcp__my_server_x__do_it___x"),  # as Claude Code 2.1.197 names it
        ("a-b_c", "Ping", "mcp__a-b_c__Ping"),
        ("s", "\U0001f600", "mcp__s____"),
    ],
)
def test_a_tool_is_named_as_agents_name_it(server, tool, name):
    assert mcp.tool_name(server, tool) == name


def test_an_overlong_name_is_cut_to_what_the_server_takes(calls):
    calls.client_said(call(tool="x" * 1000), 0.0)
    row: Any = calls.record(calls.all_end(1.0)[0], SEEN, None)["row"]
    assert len(row["skill_name"]) == NAME_CHARS_MAX
