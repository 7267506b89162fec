"""What spans of the conventions for generative AI and events of Gemini CLI become."""

from typing import Any

import pytest

from tallyward.capture import _otlp
from tallyward.capture.genai_otlp import GenAiOtlp
from tests.exports import CANARY, LATER, NOON, PRIVATE, log, logs, span, traces

SOURCES = (GenAiOtlp(),)
ANSWER = {
    "gen_ai.operation.name": "chat", "gen_ai.conversation.id": "c-1", "gen_ai.response.id": "chatcmpl-abcdef123",
    "gen_ai.response.model": "gpt-5", "gen_ai.request.model": "auto", "gen_ai.usage.input_tokens": 4200,
    "gen_ai.usage.output_tokens": 50, "gen_ai.usage.cache_read.input_tokens": 3000,
}  # fmt: skip
CALL = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "readFile", "gen_ai.conversation.id": "c-1"}
GEMINI_ANSWER = {
    "session.id": "s-1", "prompt_id": "p-1", "event.timestamp": "2026-05-17T12:00:00.000Z", "model": "gemini-2.5-pro",
    "input_token_count": 4200, "cached_content_token_count": 3000, "output_token_count": 50,
    "thoughts_token_count": 7, "tool_token_count": 11, "total_token_count": 4268,
}  # fmt: skip


def of_spans(*spans: Any, **resource: str) -> list[tuple[str, dict[str, Any]]]:
    batch = _otlp.read(traces(*spans, **resource), "traces", SOURCES)
    return [(row.to, row.row) for row in _otlp.rows(batch, SOURCES, LATER)]


def of_logs(*records: Any) -> list[tuple[str, dict[str, Any]]]:
    batch = _otlp.read(logs(*records, scope="gemini"), "logs", SOURCES)
    return [(row.to, row.row) for row in _otlp.rows(batch, SOURCES, LATER)]


def test_a_tool_that_ran_is_a_fire_with_the_time_of_its_span():
    ((to, row),) = of_spans(span("execute_tool readFile", **CALL))
    assert to == "trace"
    assert row == {
        "ts": NOON, "engineer_id": "unknown", "runtime": "local-job", "repo": None, "branch": None, "source": "otlp",
        "kind": "tool", "skill_name": "readFile", "status": "success", "session_id": "c-1", "latency_ms": 250,
        "fire_key": "otlp:8d16ce87b326111eec7f4e6dea8c04fa:0000000000000001",
    }  # fmt: skip


def test_a_span_that_failed_is_an_error_and_an_id_that_tells_calls_apart_is_the_key():
    ((_, row),) = of_spans(span("x", failed=True, **CALL, **{"gen_ai.tool.call.id": "call_6f90396d8517"}))
    assert (row["status"], row["fire_key"]) == ("error", "call_6f90396d8517")
    ((_, row),) = of_spans(span("x", **CALL, **{"gen_ai.tool.call.id": "call_0"}))
    assert row["fire_key"].startswith("otlp:")


@pytest.mark.parametrize(
    "said", ["https://ann:secret@github.com/acme/widget.git", "git@github.com:acme/widget.git", "acme/widget"]
)
def test_a_skill_of_copilot_is_told_by_its_name_and_repository(said: str):
    copilot = {
        "github.copilot.tool.parameters.skill_name": "pdf", "github.copilot.git.repository": said,
        "github.copilot.git.branch": "trunk", "tally.runtime": "k8s-job",
    }  # fmt: skip
    ((_, row),) = of_spans(span("x", **CALL, **copilot))
    assert (row["kind"], row["skill_name"]) == ("skill", "pdf")
    assert (row["repo"], row["branch"], row["runtime"]) == ("acme/widget", "trunk", "k8s-job")


def test_an_answer_is_counted_under_the_id_of_the_provider_and_the_spans_around_it_are_not():
    around = span("invoke_agent", number=2, **{**ANSWER, "gen_ai.operation.name": "invoke_agent"})
    ((to, row),) = of_spans(around, span("chat gpt-5", **ANSWER))
    assert (to, row["request_key"], row["model"]) == ("usage", "chatcmpl-abcdef123", "gpt-5")
    assert (row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]) == (1200, 3000, 50)


def test_spans_of_gemini_say_again_what_its_events_say():
    assert of_spans(span("chat", **ANSWER), service__name="gemini-cli") == []


def test_an_answer_of_gemini_counts_each_token_in_one_place():
    rows = of_logs(log("gemini_cli.api_response", **GEMINI_ANSWER))
    usage = dict(rows)["usage"]
    assert {name: value for name, value in usage.items() if name.endswith("tokens")} == {
        "input_tokens": 1211, "cache_read_tokens": 3000, "output_tokens": 57, "reasoning_tokens": 7,
    }  # fmt: skip
    assert (dict(rows)["trace"]["fire_key"], dict(rows)["trace"]["status"]) == ("s-1:p-1:session", "success")


def test_a_prompt_and_a_tool_of_gemini_are_fires():
    ids = {"session.id": "s-1", "prompt_id": "p-1", "event.timestamp": "2026-05-17T12:00:00.000Z"}
    call = {"function_name": "ping", "tool_type": "mcp", "mcp_server_name": "probe", "success": False, "duration_ms": 9}
    rows = [row for _, row in of_logs(log("gemini_cli.user_prompt", **ids), log("gemini_cli.tool_call", **ids, **call))]
    assert [(row["kind"], row["skill_name"], row["status"]) for row in rows] == [
        ("session", "session", "abandoned"),
        ("mcp", "mcp__probe__ping", "error"),
    ]
    assert [row for _, row in of_logs(log("gemini_cli.tool_call", **ids, **call))] == rows[1:]


def test_nothing_private_is_in_any_row():
    planted = dict.fromkeys(PRIVATE, CANARY)
    told = of_spans(span(CANARY, **CALL, **planted), span(CANARY, number=2, **ANSWER, **planted), user__email=CANARY)
    told += of_logs(log("gemini_cli.tool_call", function_name="x", **planted))
    told += of_logs(log("gemini_cli.api_response", **GEMINI_ANSWER, **planted))
    assert len(told) == 5
    assert CANARY not in str(told)
