"""The calls, skills and turns that are read in Codex's rollouts."""

from typing import Any

import pytest

from tallyward.capture._transcript import Facts
from tallyward.capture.codex_rollouts import CodexRollouts
from tests.transcripts import CANARY, FACTS, Rollout, fires, raw

Json = dict[str, Any]


def rows(thread: Rollout, facts: Facts = FACTS) -> list[Json]:
    made = CodexRollouts(facts)
    for line in thread.lines:
        made.line(line)
    made.end()
    return fires(made.take())


def calls(thread: Rollout) -> list[tuple[str, str, str, str]]:
    return [(row["kind"], row["skill_name"], row["fire_key"], row["status"]) for row in rows(thread)
            if row["kind"] != "session"]  # fmt: skip


OUTPUTS = {
    "text that went well": ("Wall time: 0.1 seconds\nProcess exited with code 0\nOutput:\n", "success"),
    "text that failed": ("Chunk ID: 1\nProcess exited with code 3\nOutput:\n", "error"),
    "text of an older version": ("Exit code: 127\nWall time: 0 seconds\nOutput:\n", "error"),
    "an object as text": ('{"output":"x","metadata":{"exit_code":1,"duration_seconds":0.1}}', "error"),
    "an object": ({"content": "x", "success": False}, "error"),
    "parts": ([{"type": "input_text", "text": "Process exited with code 2"}], "error"),
    "stopped by a person": ("Wall time: 0.1 seconds\naborted by user", "abandoned"),
    "an exit code in the output itself": ("Process exited with code 0\n" + "x" * 400 + "Exit code: 1", "success"),
    "nothing": (None, "success"),
}


@pytest.mark.parametrize("name", OUTPUTS)
def test_a_call_is_one_fire_with_its_outcome(name: str):
    output, status = OUTPUTS[name]
    assert calls(Rollout().turn().call("c1", output=output)) == [("tool", "Bash", "c1", status)]


def test_a_call_that_was_never_made_is_no_fire():
    assert calls(Rollout().turn().call("c1", "Nope", output="unsupported call: Nope")) == []


def test_a_call_without_an_output_is_abandoned():
    thread = Rollout().turn().call("c1")
    del thread.lines[-1]
    assert calls(thread) == [("tool", "Bash", "c1", "abandoned")]


@pytest.mark.parametrize("first", [True, False])
def test_the_programs_own_word_on_a_call_counts_before_and_after_the_output(first: bool):
    thread = Rollout().turn().call("c1")
    thread.event("exec_command_end", call_id="c1", exit_code=3, aggregated_output=CANARY, duration={"secs": 2, "nanos": 5_000_000})  # fmt: skip  # noqa: E501
    if first:
        thread.lines[-1], thread.lines[-2] = thread.lines[-2], thread.lines[-1]
    (row,) = [row for row in rows(thread) if row["kind"] == "tool"]
    assert (row["status"], row["latency_ms"]) == ("error", 2_005)


@pytest.mark.parametrize(
    "result", [{"Ok": {"isError": True}}, {"Err": CANARY}], ids=["told by the server", "told by the program"]
)
def test_an_mcp_call_that_failed_is_an_error(result: Json):
    thread = Rollout().turn().call("c1", "mcp__probe__ping")
    thread.event("mcp_tool_call_end", call_id="c1", invocation={"server": "probe"}, result=result)
    assert calls(thread) == [("mcp", "mcp__probe__ping", "c1", "error")]


ITEMS = {
    "a tool of an MCP server": (
        {"type": "function_call", "name": "ping", "namespace": "mcp__probe", "arguments": "{}"},
        ("mcp", "mcp__probe__ping"),
    ),
    "an agent": (
        {"type": "function_call", "name": "spawn_agent", "arguments": '{"agent_type":"explorer","message":"canary"}'},
        ("agent", "explorer"),
    ),
    "an agent of no kind": (
        {"type": "function_call", "name": "spawn_agent", "namespace": "multi_agent_v1", "arguments": "no json"},
        ("agent", "default"),
    ),
    "a patch": ({"type": "custom_tool_call", "name": "apply_patch", "input": CANARY}, ("tool", "apply_patch")),
    "a shell of an older version": (
        {"type": "function_call", "name": "shell", "arguments": '{"command":["bash","-lc","ls"]}'},
        ("tool", "Bash"),
    ),
    "a shell of the model's own": (
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"]}},
        ("tool", "Bash"),
    ),
}


@pytest.mark.parametrize("name", ITEMS)
def test_a_call_goes_by_its_own_name(name: str):
    item, expected = ITEMS[name]
    thread = Rollout().turn().add("response_item", {**item, "call_id": "c1"})
    thread.add("response_item", {"type": "function_call_output", "call_id": "c1", "output": "ok"})
    assert [call[:2] for call in calls(thread)] == [expected]


def test_reading_a_skill_is_a_fire_of_that_skill_beside_the_command():
    thread = Rollout().turn("a").call("c1", cmd="cat ~/.codex/skills/probe-echo/SKILL.md")
    assert calls(thread) == [
        ("skill", "probe-echo", "t1:a:probe-echo", "success"),
        ("tool", "Bash", "c1", "success"),
    ]


@pytest.mark.parametrize(
    "command",
    [
        "apply_patch <<'EOF'\n*** Begin Patch\n*** Update File: skills/probe/SKILL.md\nEOF",
        "echo hi > skills/probe/SKILL.md",
        "ls skills/probe/SKILL.md",
        "rg SKILL.md",
    ],
)
def test_a_command_that_does_not_read_a_skill_is_none(command: str):
    assert [call[0] for call in calls(Rollout().turn().call("c1", cmd=command))] == ["tool"]


def test_a_skill_that_a_person_named_is_a_fire_with_the_outcome_of_the_turn():
    message = {
        "type": "message", "role": "user",
        "content": [{"type": "input_text", "text": f"<skill>\n<name>probe</name>\n<path>/x</path>\n{CANARY}"}],
        "internal_chat_message_metadata_passthrough": {
            "turn_id": "a", "content_item_kinds": ["skills.selected_skill_instructions"],
        },
    }  # fmt: skip
    thread = Rollout().turn("a").add("response_item", message).count(5).event("task_complete", turn_id="a")
    assert calls(thread) == [("skill", "probe", "t1:a:probe", "success")]


@pytest.mark.parametrize(
    ("end", "status"), [("task_complete", "success"), ("turn_aborted", "abandoned"), (None, "abandoned")]
)
def test_a_turn_is_one_row_with_the_hooks_key(end: str | None, status: str):
    thread = Rollout().turn("a").count(100)
    if end:
        thread.event(end, turn_id="a")
    (row,) = rows(thread)
    assert (row["kind"], row["fire_key"], row["status"]) == ("session", "t1:a:session", status)


def test_a_program_of_the_model_is_no_fire_and_each_call_that_it_makes_is_one():
    thread = Rollout().turn("a")
    thread.add("response_item", {"type": "custom_tool_call", "name": "exec", "call_id": "c1", "input": CANARY})
    made = [
        {
            "type": "CommandExecution",
            "id": "i1",
            "command": ["sh", "-lc", "cat /skills/probe/SKILL.md"],
            "exit_code": 0,
        },
        {"type": "CommandExecution", "id": "i2", "command": ["sh", "-lc", CANARY], "exit_code": 3, "status": "failed"},
        {"type": "FileChange", "id": "i3", "changes": {CANARY: {}}, "status": "completed"},
        {"type": "McpToolCall", "id": "i4", "server": "probe", "tool": "ping", "status": "completed"},
        {"type": "CollabAgentToolCall", "id": "i5", "tool": "spawn_agent", "prompt": CANARY, "status": "completed"},
        {"type": "AgentMessage", "id": "i6"},
    ]
    for item in made:
        thread.event("item_completed", item=item)
    thread.add("response_item", {"type": "custom_tool_call_output", "call_id": "c1", "output": "Script completed"})
    assert sorted(calls(thread)) == [
        ("agent", "default", "i5", "success"),
        ("mcp", "mcp__probe__ping", "i4", "success"),
        ("skill", "probe", "t1:a:probe", "success"),
        ("tool", "Bash", "i1", "success"),
        ("tool", "Bash", "i2", "error"),
        ("tool", "apply_patch", "i3", "success"),
    ]
    assert CANARY not in str(rows(thread))


def test_a_patch_that_a_shell_command_holds_is_told_by_its_own_name():
    thread = Rollout().turn().call("c1", cmd="apply_patch <<EOF")
    thread.event("item_completed", item={"type": "FileChange", "id": "c1", "status": "completed"})
    assert calls(thread) == [("tool", "apply_patch", "c1", "success")]


def test_a_rollout_of_the_first_versions_is_one_object_without_counts():
    old = {
        "session": {"id": "t0", "timestamp": "2025-05-01T10:00:00.000Z", "instructions": CANARY},
        "items": [
            {"type": "message", "role": "user", "content": [{"text": CANARY}]},
            {"type": "function_call", "name": "shell", "call_id": "c1", "arguments": '{"command":["ls"]}'},
            {"type": "function_call_output", "call_id": "c1", "output": '{"metadata":{"exit_code":2}}'},
            {"type": "local_shell_call", "call_id": "c2", "action": {"command": ["ls"]}},
        ],
    }
    made = CodexRollouts(FACTS)
    made.line(raw(old))
    made.end()
    assert [(row["fire_key"], row["status"], row["ts"]) for row in fires(made.take())] == [
        ("c1", "error", "2025-05-01T10:00:00.000000Z"),
        ("c2", "abandoned", "2025-05-01T10:00:00.000000Z"),
    ]


def test_records_without_an_envelope_are_read_too():
    lines = [
        {"id": "t0", "timestamp": "2025-07-01T10:00:00.000Z", "git": {"branch": "main"}},
        {"record_type": "state"},
        {"type": "function_call", "name": "shell", "call_id": "c1", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "ok"},
    ]
    made = CodexRollouts(FACTS)
    for line in lines:
        made.line(raw(line))
    made.end()
    assert [(row["fire_key"], row["session_id"], row["branch"]) for row in fires(made.take())] == [("c1", "t0", "main")]
    assert made.counts.unknown_types == {}


def test_an_image_that_was_not_found_is_an_error():
    rollout = Rollout().turn().call("c", "view_image", "unable to locate image", path="x")
    assert calls(rollout) == [("tool", "view_image", "c", "error")]
