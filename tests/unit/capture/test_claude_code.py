"""What one event of Claude Code becomes."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallyward.capture import _base
from tallyward.capture.claude_code import EVENTS, ClaudeCode, runtime_of
from tallyward.domain.fire import FireIn
from tests.claude_events import MARKER, PROMPT, SESSION, TOOL_USE, event, every_event, tool

TOP = "/home/ann/widget/"


def seen(elapsed: float = 100.0, **facts: Any) -> _base.Seen:
    given_facts: dict[str, Any] = {
        "now": "2026-05-17T14:23:01.250000Z",
        "elapsed_seconds": elapsed,
        "engineer_id": "ann",
        "runtime": "claude-code-cli",
        "repo": "acme/widget",
        "branch": "main",
        "relative_path": lambda path: path.removeprefix(TOP) if path.startswith(TOP) else None,
        **facts,
    }
    return _base.Seen(**given_facts)


def rows(one: dict[str, Any], memory: dict[str, Any] | None = None, **facts: Any) -> list[dict[str, Any]]:
    records, _ = ClaudeCode().records(one, seen(**facts), memory or {})
    return [record["row"] for record in records if record["to"] == "trace"]


def row(one: dict[str, Any], memory: dict[str, Any] | None = None, **facts: Any) -> dict[str, Any]:
    (only,) = rows(one, memory, **facts)
    return only


def test_a_tool_that_worked_is_one_success_with_its_duration():
    assert row(tool("PostToolUse", duration_ms=31)) == {
        "ts": "2026-05-17T14:23:01.250000Z",
        "engineer_id": "ann",
        "skill_name": "Bash",
        "kind": "tool",
        "runtime": "claude-code-cli",
        "status": "success",
        "repo": "acme/widget",
        "branch": "main",
        "model": None,
        "latency_ms": 31,
        "input_tokens": None,
        "output_tokens": None,
        "arg_hash": None,
        "session_id": SESSION,
        "prompt_id": PROMPT,
        "fire_key": TOOL_USE,
        "source": "hook",
    }


def test_a_row_has_only_fields_that_the_server_takes():
    assert set(row(tool("PostToolUse"))) <= set(FireIn.__struct_fields__)


@pytest.mark.parametrize(
    ("one", "status"),
    [
        (tool("PostToolUseFailure", error="x", is_interrupt=False), "error"),
        (tool("PostToolUseFailure", error="x", is_interrupt=True), "abandoned"),
        (tool("PermissionDenied"), "abandoned"),
        (tool("PreToolUse", "Agent", {}), "abandoned"),
        (tool("PostToolUse", "Skill", {"skill": "a"}, tool_response={"success": False}), "error"),
    ],
)
def test_the_status_says_how_it_ended(one, status):
    assert row(one)["status"] == status


@pytest.mark.parametrize(
    ("tool_name", "given_input", "kind", "name"),
    [
        ("Bash", {"command": "ls"}, "tool", "Bash"),
        ("Skill", {"skill": "team:probe-echo"}, "skill", "team:probe-echo"),
        ("Skill", {}, "skill", "Skill"),
        ("Agent", {"subagent_type": "reviewer"}, "agent", "reviewer"),
        ("Agent", {}, "agent", "general-purpose"),
        ("Task", {"subagent_type": "explorer"}, "agent", "explorer"),
        ("mcp__jira__create", {}, "mcp", "mcp__jira__create"),
    ],
)
def test_a_fire_goes_by_the_name_of_what_was_used(tool_name, given_input, kind, name):
    found = row(tool("PostToolUse", tool_name, given_input))
    assert (found["kind"], found["skill_name"]) == (kind, name)


def test_an_agent_brings_its_own_model_and_tokens_unless_they_are_of_its_last_request_alone():
    answer = {"resolvedModel": "claude-haiku-4-5", "usage": {"input_tokens": 11, "output_tokens": 7}}
    found = row(tool("PostToolUse", "Agent", {}, tool_response=answer), {"model": "claude-opus-4-8"})
    assert (found["model"], found["input_tokens"], found["output_tokens"]) == ("claude-haiku-4-5", 11, 7)
    found = row(tool("PostToolUse", "Agent", tool_response={**answer, "totalToolUseCount": 1}))
    assert found.get("input_tokens") is None


def play(*events: tuple[float, dict[str, Any]]) -> list[dict[str, Any]]:
    """All rows of a session, its memory passed on from event to event."""
    memory: dict[str, Any] | None = {}
    found: list[dict[str, Any]] = []
    for elapsed, one in events:
        records, memory = ClaudeCode().records(one, seen(elapsed), memory or {})
        found += [record["row"] for record in records]
    return found


def test_a_prompt_is_one_fire_abandoned_until_it_is_answered():
    begun, ended = play((100.0, event("UserPromptSubmit", prompt="x")), (102.5, event("Stop")))
    assert begun["fire_key"] == ended["fire_key"] == f"{SESSION}:{PROMPT}:session"
    assert (begun["kind"], begun["skill_name"], begun["status"], begun["latency_ms"]) == (
        "session",
        "session",
        "abandoned",
        None,
    )
    assert (ended["status"], ended["latency_ms"]) == ("success", 2500)


def test_a_prompt_that_the_provider_refused_is_an_error():
    _, ended = play((100.0, event("UserPromptSubmit")), (101.0, event("StopFailure", error="rate_limit")))
    assert ended["status"] == "error"


def test_a_typed_command_is_a_skill_of_its_prompt():
    typed = event("UserPromptExpansion", expansion_type="slash_command", command_name="ship", command_args="now")
    found = play((100.0, typed), (100.1, event("UserPromptSubmit")), (104.0, event("Stop")))
    assert [(r["kind"], r["skill_name"], r["status"], r["latency_ms"]) for r in found] == [
        ("skill", "ship", "abandoned", None),
        ("session", "session", "abandoned", None),
        ("skill", "ship", "success", 4000),
        ("session", "session", "success", 4000),
    ]
    assert found[0]["fire_key"] == found[2]["fire_key"] == f"{SESSION}:{PROMPT}:ship"


def test_two_commands_in_one_prompt_are_two_fires():
    typed = [event("UserPromptExpansion", command_name=name) for name in ("lint", "ship", "lint")]
    found = play(*((100.0, one) for one in typed), (101.0, event("Stop")))
    assert [r["skill_name"] for r in found if r["status"] == "success"] == ["lint", "ship", "session"]


def test_a_command_of_the_prompt_before_does_not_end_with_this_one():
    typed = event("UserPromptExpansion", command_name="ship")
    later = {"prompt_id": "another-prompt"}
    found = play((1.0, typed), (2.0, event("UserPromptSubmit", **later)), (3.0, event("Stop", **later)))
    assert [(r["skill_name"], r["status"]) for r in found[1:]] == [("session", "abandoned"), ("session", "success")]


def test_a_prompt_typed_to_an_mcp_server_is_an_mcp_fire():
    assert row(event("UserPromptExpansion", expansion_type="mcp_prompt", command_name="jira:triage"))["kind"] == "mcp"


def test_without_a_prompt_id_the_session_is_the_prompt():
    old = {"prompt_id": None}
    begun, ended = play((1.0, event("UserPromptSubmit", **old)), (2.0, event("Stop", **old)))
    assert begun["fire_key"] == ended["fire_key"] == f"{SESSION}::session"


def test_a_stop_without_a_beginning_has_no_latency():
    assert row(event("Stop"))["latency_ms"] is None


def test_a_clock_that_started_anew_gives_no_latency():
    _, ended = play((9_000.0, event("UserPromptSubmit")), (5.0, event("Stop")))
    assert ended["latency_ms"] is None


def test_the_model_of_the_session_is_on_later_rows():
    found = play((1.0, event("SessionStart", model="claude-opus-4-8")), (2.0, tool("PostToolUse")))
    assert found[0]["model"] == "claude-opus-4-8"


def test_a_compaction_does_not_forget_the_open_prompt():
    compacted = event("SessionStart", source="compact")
    found = play((1.0, event("UserPromptSubmit")), (2.0, compacted), (3.0, event("Stop")))
    assert found[-1]["latency_ms"] == 2000


def test_a_session_that_ended_is_forgotten():
    records, memory = ClaudeCode().records(event("SessionEnd"), seen(), {"model": "m"})
    assert (records, memory) == ([], None)


def test_a_read_file_of_the_repository_is_a_fetch():
    read = tool("PostToolUse", "Read", {"file_path": f"{TOP}src/a.py"}, agent_type="reviewer")
    records, _ = ClaudeCode().records(read, seen(), {})
    assert records[1] == {
        "to": "context-fetches",
        "row": {
            "ts": "2026-05-17T14:23:01.250000Z",
            "agent_name": "reviewer",
            "file_path": "src/a.py",
            "repo": "acme/widget",
            "fetch_key": TOOL_USE,
        },
    }


def test_a_file_elsewhere_is_not_recorded():
    records, _ = ClaudeCode().records(tool("PostToolUse", "Read", {"file_path": "/etc/passwd"}), seen(), {})
    assert [record["to"] for record in records] == ["trace"]


def test_a_read_that_failed_is_no_fetch():
    records, _ = ClaudeCode().records(tool("PostToolUseFailure", "Read", {"file_path": f"{TOP}a"}), seen(), {})
    assert [record["to"] for record in records] == ["trace"]


def test_arguments_are_only_ever_a_fingerprint():
    asked: list[object] = []

    def fingerprint(arguments: object) -> str:
        asked.append(arguments)
        return "hmac-sha256:00"

    found = row(tool("PostToolUse", given={"command": "ls"}), fingerprint=fingerprint)
    assert found["arg_hash"] == "hmac-sha256:00"
    assert asked == [{"command": "ls"}]


def test_a_command_has_one_fingerprint_typed_or_chosen_by_the_model():
    typed = event("UserPromptExpansion", command_name="ship", command_args="now")
    chosen = tool("PostToolUse", "Skill", {"skill": "ship", "args": "now"})
    facts = {"fingerprint": lambda arguments: json.dumps(arguments, sort_keys=True)}
    assert row(typed, **facts)["arg_hash"] == row(chosen, **facts)["arg_hash"]


@pytest.mark.parametrize("one", every_event(), ids=lambda one: f"{one['hook_event_name']}-{one.get('tool_name', '')}")
def test_no_content_reaches_a_record_or_the_memory(one):
    memory = {"model": "m", "prompt": PROMPT, "since": 1.0, "commands": [["skill", "ship"]]}
    records, remembered = ClaudeCode().records(one, seen(), memory)
    assert MARKER not in json.dumps([records, remembered])


def test_every_event_that_is_asked_for_is_understood():
    understood = {one["hook_event_name"] for one in every_event()}
    assert set(EVENTS) <= understood


@pytest.mark.parametrize(
    ("environ", "runtime"),
    [
        ({"CLAUDE_CODE_ENTRYPOINT": "cli"}, "claude-code-cli"),
        ({"CLAUDE_CODE_ENTRYPOINT": "sdk-cli"}, "claude-code-cli"),
        ({"CLAUDE_CODE_ENTRYPOINT": "sdk-py"}, "claude-code-cli"),
        ({"CLAUDE_CODE_ENTRYPOINT": "claude-desktop"}, "claude-code-desktop"),
        ({"CLAUDE_CODE_ENTRYPOINT": "claude-vscode"}, "claude-code-local"),
        ({}, "claude-code-local"),
        ({"CLAUDE_CODE_ENTRYPOINT": "cli", "CURSOR_VERSION": "2.1"}, "claude-code-local"),
        ({"CLAUDE_CODE_ENTRYPOINT": "cli", "TALLY_RUNTIME": "k8s-job"}, "k8s-job"),
        ({"CLAUDE_CODE_ENTRYPOINT": "cli", "TALLY_RUNTIME": "toaster"}, "claude-code-cli"),
    ],
)
def test_the_runtime_follows_from_the_entry_point(environ, runtime):
    assert runtime_of(environ) == runtime


words = st.sampled_from(["", "a", "skill", "usage", "two\nlines", "\ud800", "nul\0", "x" * 400])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=6,
)
FIELDS = (
    "session_id",
    "prompt_id",
    "tool_name",
    "tool_input",
    "tool_response",
    "tool_use_id",
    "duration_ms",
    "command_name",
    "model",
    "is_interrupt",
)


@given(
    name=st.sampled_from(sorted(EVENTS)),
    fields=st.dictionaries(st.sampled_from(FIELDS), anything),
    memory=st.dictionaries(st.sampled_from(["model", "prompt", "since", "commands"]), anything),
)
def test_no_shape_of_event_or_memory_breaks_the_reading(name, fields, memory):
    records, _ = ClaudeCode().records({"hook_event_name": name, **fields}, seen(), memory)
    for record in records:
        found: Any = record["row"]
        if record["to"] == "trace":
            assert found["skill_name"]
            assert found["status"] in ("success", "error", "abandoned")
