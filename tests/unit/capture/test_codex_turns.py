"""What the turns of Codex become, and what is used in them: subagents, skills, patches."""

import json

import pytest

from tallyward.capture.codex import Codex
from tests.codex_events import (
    AGENT,
    CALL,
    MARKER,
    SESSION,
    SKILL_FILE,
    TURN,
    Written,
    agent,
    completed,
    event,
    exited,
    tool,
    turn_over,
    typed_skill,
)
from tests.codex_play import Later, play, row, rows, seen, shape


def test_a_turn_is_one_fire_abandoned_until_it_is_answered():
    begun, ended = play((100.0, event("UserPromptSubmit", prompt="x")), (102.5, event("Stop")))
    assert begun["fire_key"] == ended["fire_key"] == f"{SESSION}:{TURN}:session"
    assert shape([begun, ended]) == [("session", "session", "abandoned", None), ("session", "session", "success", 2500)]


def test_an_interrupted_turn_stays_abandoned_and_tells_its_time():
    begun, ended = play((100.0, event("UserPromptSubmit")), (101.0, event("Interrupt")))
    assert shape([begun, ended])[1] == ("session", "session", "abandoned", 1000)


@pytest.mark.parametrize("later", [event("SessionEnd"), event("UserPromptSubmit", turn_id="the-next")])
def test_a_turn_that_the_provider_failed_is_an_error_as_soon_as_a_hook_runs(later):
    transcript = Written()
    source, memory = Codex(), {}
    _, memory = source.records(event("UserPromptSubmit"), seen(1.0, transcript), memory)
    transcript.told.append(turn_over(error={"message": MARKER}))
    records, _ = source.records(later, seen(9.0, transcript), memory)
    first = records[0]["row"]
    assert (first["fire_key"], first["status"], first["latency_ms"]) == (f"{SESSION}:{TURN}:session", "error", 1717)
    assert MARKER not in json.dumps(records)


def test_a_turn_that_ended_well_is_not_told_of_again():
    found = play((1.0, event("UserPromptSubmit")), (2.0, event("Stop")), (3.0, event("SessionEnd")))
    assert len(found) == 2
    transcript = Written(turn_over())
    assert len(play((1.0, event("UserPromptSubmit")), (3.0, event("SessionEnd")), transcript=transcript)) == 1


def test_what_is_said_in_the_middle_of_a_turn_does_not_begin_it_anew():
    found = play((1.0, event("UserPromptSubmit")), (5.0, event("UserPromptSubmit")), (6.0, event("Stop")))
    assert {one["fire_key"] for one in found} == {f"{SESSION}:{TURN}:session"}
    assert found[-1]["latency_ms"] == 5000


def test_the_turn_of_a_subagent_is_no_prompt_of_a_person():
    for name in ("UserPromptSubmit", "Stop", "Interrupt"):
        assert rows(agent(name)) == []


@pytest.mark.parametrize(
    "began",
    [
        completed("CollabAgentToolCall", status="completed", tool="spawn_agent", receiver_thread_ids=[AGENT]),
        completed("SubAgentActivity", kind="started", agent_thread_id=AGENT),
    ],
    ids=["v1", "v2"],
)
def test_a_subagent_is_abandoned_until_it_has_ended(began):
    waited = completed("CollabAgentToolCall", "call_wait", tool="wait", receiver_thread_ids=[AGENT])
    found = play(
        (1.0, tool("PreToolUse", "spawn_agent", {"message": MARKER})),
        (1.1, tool("PostToolUse", "spawn_agent", {"message": MARKER})),
        (1.2, agent("SubagentStart")),
        (4.2, agent("SubagentStop")),
        transcript=Written(began, waited),
    )  # fmt: skip
    assert [one["status"] for one in found] == ["abandoned", "abandoned", "success"]
    assert {(one["kind"], one["skill_name"], one["fire_key"], one["prompt_id"]) for one in found} == {
        ("agent", "default", CALL, TURN)
    }
    assert found[-1]["latency_ms"] == 3000


def test_without_a_transcript_a_subagent_has_succeeded_when_it_has_begun():
    assert row(tool("PostToolUse", "spawn_agent", {}))["status"] == "success"
    assert rows(agent("SubagentStop")) == []


def test_a_command_that_reads_a_skill_is_a_fire_of_the_skill_beside_that_of_the_tool():
    ended = completed("CommandExecution", status="completed", exit_code=0, took_ms=3)
    found = rows(tool("PostToolUse", given={"command": f"sed -n 1,200p {SKILL_FILE}"}), Written(ended))
    assert shape(found) == [("tool", "Bash", "success", 3), ("skill", "probe-echo", "success", 3)]
    assert found[1]["fire_key"] == f"{SESSION}:{TURN}:probe-echo"


def test_a_skill_that_could_not_be_read_is_an_error():
    ended = completed("CommandExecution", status="failed", exit_code=1)
    found = rows(tool("PostToolUse", given={"command": f"cat {SKILL_FILE}"}), Written(ended))
    assert [one["status"] for one in found] == ["error", "error"]


def test_a_typed_skill_is_a_fire_of_its_turn():
    found = play(
        (1.0, event("UserPromptSubmit", prompt="$probe-echo")),
        (3.0, event("Stop")),
        transcript=Later(typed_skill("probe-echo"), typed_skill("probe-echo"), typed_skill("other", turn="another")),
    )
    assert shape(found) == [
        ("session", "session", "abandoned", None),
        ("skill", "probe-echo", "success", 2000),
        ("session", "session", "success", 2000),
    ]
    assert found[1]["fire_key"] == f"{SESSION}:{TURN}:probe-echo"


@pytest.mark.parametrize("name", [f"{MARKER} and more", "", "a/b", "x" * 101, "a\nb"])
def test_what_cannot_be_the_name_of_a_skill_is_none(name):
    found = play((1.0, event("UserPromptSubmit")), (3.0, event("Stop")), transcript=Later(typed_skill(name)))
    assert [one["kind"] for one in found] == ["session", "session"]


def test_somebody_who_writes_like_a_transcript_types_no_skill():
    said = typed_skill("probe-echo")
    said["payload"]["internal_chat_message_metadata_passthrough"]["content_item_kinds"] = ["user.text"]
    said["payload"]["content"].append({"text": "skills.selected_skill_instructions"})
    found = play((1.0, event("UserPromptSubmit")), (3.0, event("Stop")), transcript=Later(said))
    assert [one["kind"] for one in found] == ["session", "session"]


def test_a_patch_inside_of_a_command_is_told_of_at_the_end_of_the_turn():
    patch = completed("FileChange", status="completed")
    others = completed("FileChange", "call_other", turn="another", status="completed")
    before = tool("PreToolUse", given={"command": "apply_patch <<'EOF'\n*** Begin Patch"})
    found = play((1.0, event("UserPromptSubmit")), (1.5, before), (2.0, event("Stop")), transcript=Later(patch, others))
    assert shape(found)[1:3] == [("tool", "Bash", "abandoned", None), ("tool", "apply_patch", "success", 250)]
    assert found[1]["fire_key"] == found[2]["fire_key"] == CALL


@pytest.mark.parametrize(("code", "status"), [(1, "error"), (137, "error"), (-1, "abandoned")])
def test_a_command_that_the_sandbox_stopped_is_told_at_the_end_of_the_turn(code: int, status: str):
    transcript = Later(exited(code), exited(1, "call_other", turn="another"), exited(0, "call_fine"))
    found = play(
        (1.0, event("UserPromptSubmit")), (1.5, tool("PostToolUse")), (2.0, event("Stop")), transcript=transcript
    )
    told = [one for one in found if one["fire_key"].startswith("call_")]
    assert [(one["fire_key"], one["status"]) for one in told] == [(CALL, "success"), (CALL, status)]
    assert MARKER not in json.dumps(told)


def test_a_command_that_is_called_completed_is_told_once_and_one_that_prints_of_failure_never():
    done = [completed("CommandExecution", status="failed", exit_code=1), exited(1)]
    printed = exited(0, "call_printed", said="Process exited with code 1")
    found = play((1.0, event("UserPromptSubmit")), (2.0, event("Stop")), transcript=Later(*done, printed))
    assert {one["kind"] for one in found} == {"session"}
