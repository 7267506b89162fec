"""What each event of Claude Code's telemetry becomes."""

from typing import Any

import pytest

from tallyward.capture import _otlp
from tallyward.capture.claude_otlp import _HANDLERS, ClaudeOtlp
from tests.exports import CANARY, LATER, NOON, PRIVATE, PROMPT, SESSION, claude, log, logs, traces
from tests.exports import span as made_span

TOOL_USE = "toolu_91b378304be0678647a3ab9d"
SOURCES = (ClaudeOtlp(),)
REQUEST = {
    "model": "claude-opus-4-8", "input_tokens": 1200, "output_tokens": 42, "cache_read_tokens": 4000,
    "cache_creation_tokens": 300, "cost_usd": 0.010925, "cost_usd_micros": 10925, "speed": "normal",
    "query_source": "sdk",
}  # fmt: skip


def told(*records: Any, **resource: str) -> list[tuple[str, dict[str, Any]]]:
    batch = _otlp.read(logs(*records, **resource), "logs", SOURCES)
    assert batch.rejected == []
    return [(row.to, row.row) for row in _otlp.rows(batch, SOURCES, LATER)]


def fires(*records: Any, **resource: str) -> list[dict[str, Any]]:
    return [row for to, row in told(*records, **resource) if to == "trace"]


def tool(name: str = "Bash", sequence: int = 5, **plain: Any) -> dict[str, Any]:
    own = {"tool_name": name, "tool_use_id": TOOL_USE, "success": "true", "duration_ms": "36"}
    return claude("tool_result", sequence, **{**own, **plain})


def test_the_result_of_a_tool_has_the_key_that_the_hook_gives_it():
    assert fires(tool(), tally__engineer="ann") == [
        {
            "ts": NOON, "engineer_id": "ann", "runtime": "claude-code-local", "repo": None, "branch": None,
            "source": "otlp", "kind": "tool", "skill_name": "Bash", "status": "success", "session_id": SESSION,
            "prompt_id": PROMPT, "latency_ms": 36, "fire_key": TOOL_USE,
        }
    ]  # fmt: skip


def test_sizes_are_told_where_the_client_tells_them():
    """Of what failed it tells no size of the answer; a row without sizes must not name them to an older server."""
    (whole,) = fires(tool(tool_input_size_bytes="61", tool_result_size_bytes="1024"))
    (failed,) = fires(tool(tool_input_size_bytes="61", success="false"))
    assert (whole["request_bytes"], whole["response_bytes"]) == (61, 1024)
    assert failed["request_bytes"] == 61
    assert "response_bytes" not in failed
    assert fires(tool(tool_input_size_bytes="many"))[0].keys() == fires(tool())[0].keys()


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ({"success": "true"}, "success"),
        ({"success": True}, "success"),
        ({"success": "false", "error_type": "ShellError"}, "error"),
        ({"success": "false", "error_type": "AbortError"}, "abandoned"),
        ({"success": "maybe"}, "abandoned"),
    ],
    ids=str,
)
def test_a_result_says_how_it_ended(said: dict[str, Any], status: str):
    assert [row["status"] for row in fires(tool(**said))] == [status]


@pytest.mark.parametrize(
    ("name", "kind", "shown"),
    [
        ("Read", "tool", "Read"),
        ("mcp_tool", "mcp", "unknown"),
        ("mcp__probe__ping", "mcp", "mcp__probe__ping"),
        ("Skill", "skill", "unknown"),
        ("Agent", "agent", "unknown"),
        ("custom", "tool", "unknown"),
    ],
)
def test_a_word_in_the_place_of_a_name_is_no_name(name: str, kind: str, shown: str):
    assert [(row["kind"], row["skill_name"]) for row in fires(tool(name))] == [(kind, shown)]


@pytest.mark.parametrize(
    ("before", "name", "shown"),
    [
        (claude("subagent_completed", 4, agent_type="Explore"), "Agent", "Explore"),
        (claude("skill_activated", 4, skill__name="pdf", invocation_trigger="claude-proactive"), "Skill", "pdf"),
        (claude("skill_activated", 4, skill__name="pdf", invocation_trigger="nested-skill"), "Skill", "pdf"),
        (claude("skill_activated", 4, skill__name="custom_skill", invocation_trigger="nested"), "Skill", "unknown"),
        (claude("skill_activated", 3, skill__name="pdf", invocation_trigger="nested-skill"), "Skill", "unknown"),
        (claude("subagent_completed", 4, agent_type="Explore"), "Bash", "Bash"),
    ],
)  # fmt: skip
def test_the_event_right_before_a_result_names_what_ran(before: dict[str, Any], name: str, shown: str):
    (row,) = fires(before, tool(name, 5))
    assert row["skill_name"] == shown


def test_a_refused_tool_is_abandoned_and_an_allowed_one_is_told_by_its_result():
    decision = {"tool_name": "Bash", "tool_use_id": TOOL_USE}
    assert [row["status"] for row in fires(claude("tool_decision", decision="reject", **decision))] == ["abandoned"]
    assert fires(claude("tool_decision", decision="accept", **decision)) == []


def test_a_prompt_is_open_until_the_program_answers():
    rows = fires(claude("user_prompt", prompt_length="9", prompt=CANARY), claude("assistant_response", 2))
    assert [(row["kind"], row["skill_name"], row["status"]) for row in rows] == [
        ("session", "session", "abandoned"),
        ("session", "session", "success"),
    ]
    assert {row["fire_key"] for row in rows} == {f"{SESSION}:{PROMPT}:session"}


def test_what_a_subagent_says_does_not_close_the_prompt():
    assert fires(claude("assistant_response", query_source="agent:builtin:general-purpose")) == []


def test_a_typed_skill_has_the_key_that_the_hook_gives_it():
    typed = claude("skill_activated", 2, skill__name="pdf", invocation_trigger="user-slash")
    rows = fires(typed, claude("assistant_response", 3))
    assert [(row["skill_name"], row["status"]) for row in rows if row["kind"] == "skill"] == [
        ("pdf", "abandoned"),
        ("pdf", "success"),
    ]
    assert {row["fire_key"] for row in rows if row["kind"] == "skill"} == {f"{SESSION}:{PROMPT}:pdf"}


def test_a_typed_skill_without_a_name_is_named_by_the_request_made_for_it():
    typed = claude("skill_activated", 2, skill__name="custom_skill", invocation_trigger="user-slash")
    named = claude("api_request", 3, **REQUEST, skill__name="probe-echo")
    again = claude("api_request", 4, **REQUEST, skill__name="probe-echo")
    (row,) = fires(typed, named, again)
    assert (row["kind"], row["fire_key"]) == ("skill", f"{SESSION}:{PROMPT}:probe-echo")


def test_a_typed_skill_that_nobody_names_is_no_row_of_its_own():
    typed = claude("skill_activated", 2, skill__name="custom_skill", invocation_trigger="user-slash")
    assert fires(typed, claude("api_request", 3, **REQUEST, skill__name="third-party")) == []


def test_a_request_carries_its_tokens_and_what_the_client_says_it_cost():
    ((to, row),) = told(claude("api_request", 7, **REQUEST, request_id="req_1", skill__name="probe-echo"))
    assert to == "usage"
    assert row == {
        "ts": NOON, "engineer_id": "unknown", "runtime": "claude-code-local", "repo": None, "branch": None,
        "source": "otlp", "request_key": "req_1", "model": "claude-opus-4-8", "input_tokens": 1200,
        "output_tokens": 42, "cache_read_tokens": 4000, "cache_write_5m_tokens": 300, "session_id": SESSION,
        "prompt_id": PROMPT, "skill_name": "probe-echo", "reported_cost_micros": 10925,
    }  # fmt: skip


def test_a_request_without_an_id_has_a_key_that_a_retry_repeats_and_no_other_request_has():
    def keyed(sequence: int, **more: Any) -> str:
        ((_, row),) = told(claude("api_request", sequence, **REQUEST, **more))
        return row["request_key"]

    assert keyed(7) == keyed(7)
    restarted = {"event__timestamp": "2026-05-17T13:00:00.007Z"}  # the numbers begin anew with the process
    assert len({keyed(7), keyed(8), keyed(7, session__id="other"), keyed(7, **restarted)}) == 4


def test_a_cost_in_dollars_alone_is_rounded_to_micros():
    asked = {name: value for name, value in REQUEST.items() if name != "cost_usd_micros"}
    ((_, row),) = told(claude("api_request", **asked))
    assert row["reported_cost_micros"] == 10925


@pytest.mark.parametrize("name", ["third-party", "custom_skill"])
def test_a_redacted_skill_of_a_request_is_not_known(name: str):
    ((_, row),) = told(claude("api_request", **REQUEST, skill__name=name))
    assert "skill_name" not in row


@pytest.mark.parametrize(
    ("said", "runtime"),
    [
        ({}, "claude-code-local"),
        ({"app.entrypoint": "cli"}, "claude-code-cli"),
        ({"app.entrypoint": "sdk-cli"}, "claude-code-cli"),
        ({"app.entrypoint": "claude-desktop"}, "claude-code-desktop"),
        ({"app.entrypoint": "cli", "tally.runtime": "k8s-job"}, "k8s-job"),
        ({"tally.runtime": "nowhere"}, "claude-code-local"),
    ],
    ids=str,
)
def test_the_runtime_is_the_chosen_one_or_what_the_program_says(said: dict[str, str], runtime: str):
    assert [row["runtime"] for row in fires(tool(**said))] == [runtime]


def test_the_repository_and_branch_are_those_of_the_resource():
    place = {"vcs.owner.name": "acme", "vcs.repository.name": "widget", "vcs.ref.head.name": "trunk"}
    (row,) = fires(tool(), **place)
    assert (row["repo"], row["branch"]) == ("acme/widget", "trunk")


@pytest.mark.parametrize("event", ["hook_registered", "compaction", "auth", "", "never_heard_of"])
def test_an_event_that_tells_of_nothing_we_keep_gives_no_row(event: str):
    assert told(claude(event, tool_name="Bash", tool_use_id=TOOL_USE)) == []


def test_spans_say_again_what_the_events_say_and_give_no_row():
    spans = traces(
        made_span("claude_code.llm_request", gen_ai__system="anthropic", input_tokens=1000),
        made_span("claude_code.tool", tool_name="Bash", tool_use_id=TOOL_USE),
        scope="com.anthropic.claude_code.tracing",
    )
    assert list(_otlp.rows(_otlp.read(spans, "traces", SOURCES), SOURCES, LATER)) == []


def test_nothing_private_is_in_any_row():
    planted = {**dict.fromkeys(PRIVATE, CANARY), "prompt": CANARY}
    events = [tool(**planted), claude("user_prompt", **planted), claude("api_request", **REQUEST, **planted)]
    events += [claude("assistant_response", 3, **planted), claude("tool_decision", decision="reject", **planted)]
    events.append({**log("tool_result"), "body": {"stringValue": CANARY}, "eventName": CANARY})
    assert CANARY not in str(told(*events, **{"user.email": CANARY, "host.name": CANARY, "process.command": CANARY}))


def test_every_event_of_a_session_without_ids_is_read_without_harm():
    for event in _HANDLERS:
        assert [row for row in told(log(event)) if row[1].get("skill_name") == "session"] == []
