"""What each event of Codex's telemetry becomes."""

from typing import Any

import pytest

from tallyward.capture import _otlp
from tallyward.capture.codex_otlp import CodexOtlp
from tests.exports import CANARY, CODEX, LATER, NOON, PRIVATE, SESSION, codex, logs

SOURCES = (CodexOtlp(),)
CALL, TURN = "call_6f90396d8517c6db878fb260", "01a1-turn"
ANSWER = {
    "event.kind": "response.completed", "input_token_count": "4200", "output_token_count": "50",
    "cached_token_count": {"intValue": "3000"}, "cache_write_token_count": {"intValue": "200"},
    "reasoning_token_count": {"intValue": "7"}, "tool_token_count": "4250",
}  # fmt: skip


def told(*records: Any, **resource: str) -> list[tuple[str, dict[str, Any]]]:
    batch = _otlp.read(logs(*records, scope=CODEX, **resource), "logs", SOURCES)
    assert batch.rejected == []
    return [(row.to, row.row) for row in _otlp.rows(batch, SOURCES, LATER)]


def tool(name: str = "exec_command", **plain: Any) -> dict[str, Any]:
    own = {"tool_name": name, "call_id": CALL, "duration_ms": "54", "success": "true", "mcp_server": ""}
    return codex("tool_result", **{**own, **plain})


def test_the_result_of_a_tool_is_one_fire_under_the_id_of_its_call():
    assert told(tool(), tally__engineer="ann") == [
        (
            "trace",
            {
                "ts": NOON, "engineer_id": "ann", "runtime": "codex-cli", "repo": None, "branch": None,
                "source": "otlp", "kind": "tool", "skill_name": "Bash", "status": "success",
                "fire_key": CALL, "session_id": SESSION, "prompt_id": None, "model": "gpt-5.1-codex",
                "latency_ms": 54,
            },
        )
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"success": "false"}, ("tool", "Bash", "error")),
        ({"success": ""}, ("tool", "Bash", "abandoned")),
        ({"mcp_server": "probe", "tool_name": "ping"}, ("mcp", "mcp__probe__ping", "success")),
        ({"tool_name": "spawn_agent"}, ("agent", "unknown", "success")),
    ],
    ids=str,
)
def test_a_tool_is_told_by_what_it_is_and_how_it_ended(said: dict[str, Any], expected: tuple[str, str, str]):
    ((_, row),) = told(tool(**said))
    assert (row["kind"], row["skill_name"], row["status"]) == expected


def test_a_program_of_the_model_is_no_fire_beside_the_calls_that_it_makes():
    assert told(tool(tool_name="exec")) == []


def test_a_skill_is_a_fire_of_its_turn():
    ((_, row),) = told(codex("skill_invocation", turn__id=TURN, skill__name="probe-echo", skill__scope="user"))
    assert (row["kind"], row["skill_name"], row["fire_key"]) == ("skill", "probe-echo", f"{SESSION}:{TURN}:probe-echo")


def test_a_prompt_is_a_row_where_its_turn_is_known():
    ((_, row),) = told(codex("user_prompt", turn__id=TURN, prompt=CANARY))
    assert (row["kind"], row["fire_key"]) == ("session", f"{SESSION}:{TURN}:session")
    assert told(codex("user_prompt", prompt=CANARY)) == []


def test_a_complete_answer_is_counted_once_and_each_token_in_one_place():
    silent = codex("sse_event", **{"event.kind": "response.completed", "duration_ms": "0"})
    ((to, row),) = told(silent, codex("sse_event", **ANSWER))
    assert to == "usage"
    counts = {name: value for name, value in row.items() if name.endswith("tokens")}
    assert counts == {
        "input_tokens": 1000, "cache_read_tokens": 3000, "cache_write_5m_tokens": 200, "output_tokens": 50,
        "reasoning_tokens": 7,
    }  # fmt: skip
    assert (row["model"], row["session_id"], row["runtime"]) == ("gpt-5.1-codex", SESSION, "codex-cli")


def test_more_from_the_cache_than_there_was_is_nothing_fresh():
    ((_, row),) = told(codex("sse_event", **{**ANSWER, "input_token_count": "10"}))
    assert row["input_tokens"] == 0


def test_two_answers_have_two_keys_and_a_retry_has_the_same():
    first, second = codex("sse_event", **ANSWER), codex("sse_event", **ANSWER, event__timestamp="2026-05-17T12:00:01Z")
    keys = [row["request_key"] for _, row in told(first, second, first)]
    assert keys[0] == keys[2] != keys[1]


@pytest.mark.parametrize(
    ("originator", "runtime"),
    [
        ("codex_exec", "codex-cli"),
        ("codex_cli_rs", "codex-cli"),
        ("Codex Desktop", "codex-desktop"),
        ("codex_vscode", "codex-local"),
    ],
)  # fmt: skip
def test_the_runtime_is_what_codex_says_of_how_it_was_started(originator: str, runtime: str):
    ((_, row),) = told(tool(originator=originator))
    assert row["runtime"] == runtime


@pytest.mark.parametrize("event", ["conversation_starts", "api_request", "turn_ttft", "startup_phase", "tool_decision"])
def test_what_tells_of_nothing_we_keep_gives_no_row(event: str):
    assert told(codex(event, tool_name="exec_command", call_id=CALL)) == []


def test_nothing_private_is_in_any_row():
    planted = dict.fromkeys(PRIVATE, CANARY)
    events = [tool(**planted), codex("sse_event", **ANSWER, **planted), codex("user_prompt", turn__id=TURN, **planted)]
    assert CANARY not in str(told(*events, **{"user.email": CANARY, "host.name": CANARY}))
