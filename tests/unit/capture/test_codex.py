"""What one event of Codex becomes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.capture.codex import EVENTS as REGISTERED
from tallyward.capture.codex import Codex
from tallyward.domain.fire import FireIn
from tests.codex_events import (
    CALL,
    EVENTS,
    MARKER,
    SESSION,
    TURN,
    Written,
    completed,
    tool,
    turn_over,
    typed_skill,
)
from tests.codex_play import Later, play, row, seen


def test_a_command_that_worked_is_one_success_with_the_duration_that_the_transcript_tells():
    ended = completed("CommandExecution", status="completed", exit_code=0, took_ms=897)
    assert row(tool("PostToolUse"), Written(ended)) == {
        "ts": "2026-11-21T08:17:53.250000Z",
        "engineer_id": "ann",
        "skill_name": "Bash",
        "kind": "tool",
        "runtime": "codex-cli",
        "status": "success",
        "repo": "acme/widget",
        "branch": "main",
        "model": "gpt-5.5",
        "latency_ms": 897,
        "input_tokens": None,
        "output_tokens": None,
        "arg_hash": None,
        "session_id": SESSION,
        "prompt_id": TURN,
        "fire_key": CALL,
        "source": "hook",
    }


def test_a_row_has_only_fields_that_the_server_takes():
    assert set(row(tool("PostToolUse"))) <= set(FireIn.__struct_fields__)


@pytest.mark.parametrize(
    ("item", "status"),
    [
        ({"status": "failed", "exit_code": 3}, "error"),
        ({"status": "completed", "exit_code": 1}, "error"),
        ({"status": "failed"}, "error"),
        ({"status": "declined"}, "abandoned"),
        ({"status": "failed", "exit_code": -1}, "abandoned"),
        ({"status": "completed"}, "success"),
    ],
)
def test_the_transcript_says_how_a_call_ended(item, status):
    assert row(tool("PostToolUse"), Written(completed("CommandExecution", **item)))["status"] == status


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        ({"isError": True, "content": []}, "error"),
        ({"success": False}, "error"),
        ({"exit_code": 2}, "error"),
        ({"metadata": {"exit_code": 1}}, "error"),
        ({"metadata": {"exit_code": 0}}, "success"),
        ("Exit code: 1\nWall time: 0 seconds\n", "success"),
        (None, "success"),
    ],
)
def test_without_a_transcript_only_the_shape_of_the_answer_counts_and_never_its_text(answer, status):
    assert row(tool("PostToolUse", tool_response=answer))["status"] == status


def test_the_outcome_of_another_call_is_not_this_ones():
    other = completed("CommandExecution", "call_other", status="failed", exit_code=3)
    output = {"payload": {"type": "function_call_output", "id": CALL, "status": "failed"}}
    assert row(tool("PostToolUse"), Written(other, output))["status"] == "success"


def test_without_a_transcript_the_time_between_the_two_hooks_is_the_duration():
    begun, ended = play((100.0, tool("PreToolUse")), (100.4, tool("PostToolUse")))
    assert (begun["status"], begun["latency_ms"]) == ("abandoned", None)
    assert (ended["status"], ended["latency_ms"], ended["fire_key"]) == ("success", 400, begun["fire_key"])


def test_calls_that_overlap_keep_their_own_time():
    other = {"tool_use_id": "call_other"}
    found = play(
        (1.0, tool("PreToolUse")),
        (2.0, tool("PreToolUse", **other)),
        (4.0, tool("PostToolUse", **other)),
        (9.0, tool("PostToolUse")),
    )
    assert [one["latency_ms"] for one in found] == [None, None, 2000, 8000]


def test_a_clock_that_started_anew_gives_no_latency():
    _, ended = play((9_000.0, tool("PreToolUse")), (5.0, tool("PostToolUse")))
    assert ended["latency_ms"] is None


@pytest.mark.parametrize(
    ("tool_name", "given_input", "kind", "name"),
    [
        ("Bash", {"command": "ls"}, "tool", "Bash"),
        ("apply_patch", {"command": "*** Begin Patch"}, "tool", "apply_patch"),
        ("mcp__jira__create", {}, "mcp", "mcp__jira__create"),
        ("spawn_agent", {}, "agent", "default"),
        ("spawn_agent", {"agent_type": "explorer"}, "agent", "explorer"),
        ("collaborationspawn_agent", {"task_name": "x"}, "agent", "default"),
        ("multi_agent_v1wait_agent", {}, "tool", "wait_agent"),
        ("collaborationwait_agent", {}, "tool", "wait_agent"),
        ("collaboration", {}, "tool", "collaboration"),
    ],
)
def test_a_fire_goes_by_the_name_of_what_was_used(tool_name, given_input, kind, name):
    found = row(tool("PostToolUse", tool_name, given_input))
    assert (found["kind"], found["skill_name"]) == (kind, name)


@pytest.mark.parametrize(
    ("environ", "originator", "runtime"),
    [
        ({}, "codex_exec", "codex-cli"),
        ({}, "codex-tui", "codex-cli"),
        ({}, "codex_cli_rs", "codex-cli"),
        ({}, "codex_sdk_ts", "codex-cli"),
        ({}, "Codex Desktop", "codex-desktop"),
        ({}, "codex_vscode", "codex-local"),
        ({}, "", "codex-local"),
        ({"CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "Codex Desktop"}, "", "codex-desktop"),
        ({"CODEX_INTERNAL_ORIGINATOR_OVERRIDE": "Codex Desktop"}, "codex_exec", "codex-cli"),
        ({"CODEX_MANAGED_BY_NPM": "1"}, "", "codex-cli"),
        ({"CODEX_MANAGED_BY_NPM": "1"}, "codex_vscode", "codex-local"),
        ({"TALLY_RUNTIME": "k8s-job"}, "codex_exec", "k8s-job"),
        ({"TALLY_RUNTIME": "mine"}, "codex_exec", "codex-cli"),
    ],
)
def test_the_runtime_is_what_the_session_was_begun_with(environ, originator, runtime):
    assert Codex().runtime(environ, Written(originator=originator)) == runtime


def test_no_content_of_any_event_is_in_a_record():
    transcript = Later(
        completed("CommandExecution", status="failed", exit_code=3),
        completed("FileChange", "call_patch", status="completed"),
        typed_skill("probe-echo"),
        turn_over(error={"message": MARKER}),
    )
    source = Codex()
    told = [source.records(one, seen(transcript=transcript), {"open": True, "at": 0, "turn": TURN}) for one in EVENTS]
    assert "probe-echo" in json.dumps(told)
    assert MARKER not in json.dumps(told)


def test_every_event_that_is_registered_is_one_that_codex_has():
    assert set(REGISTERED) < {one["hook_event_name"] for one in EVENTS}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(EVENTS), st.sampled_from(sorted({name for one in EVENTS for name in one})), JSON, JSON)
def test_whatever_a_field_holds_an_event_becomes_rows_or_nothing(one, field, value, memory):
    wild = Written(*({**completed("FileChange"), "payload": {"type": "item_completed", "item": value}},))
    given_event = {**one, field: value} if field != "hook_event_name" else one
    kept = memory if isinstance(memory, dict) else {"at": memory, "turn": memory, "open": True, "since": memory}
    records, _ = Codex().records(given_event, seen(transcript=wild), kept)
    for record in records:
        assert record["row"]["kind"] in ("skill", "tool", "mcp", "agent", "session")
        assert record["row"]["skill_name"]
