"""What is read in Claude Code's transcripts: each request and each fire once, whatever the files have been through."""

import json
from typing import Any

import pytest

from tallyward.capture import claude_code
from tallyward.capture._claude_records import named
from tallyward.capture._transcript import Facts, Told
from tallyward.capture.claude_transcripts import ClaudeTranscripts
from tests.transcripts import CANARY, FACTS, USAGE, Transcript, at, call, fires, usage_rows

Json = dict[str, Any]


def reader(lines: list[bytes], facts: Facts = FACTS) -> ClaudeTranscripts:
    made = ClaudeTranscripts(facts)
    for line in lines:
        made.line(line)
    made.end()
    return made


def told(lines: list[bytes]) -> list[Told]:
    return reader(lines).take()


def test_an_answer_of_several_lines_is_one_request_with_the_greatest_counts():
    thinking, text = {"type": "thinking", "thinking": CANARY}, {"type": "text", "text": CANARY}
    session = Transcript().prompt().answer("msg_1", thinking, usage={**USAGE, "output_tokens": 1})
    session.answer("msg_1", text, usage={**USAGE, "output_tokens": 40, "input_tokens": 7})
    (row,) = usage_rows(told(session.lines))
    assert row == {
        "request_key": "msg_1", "ts": "2026-05-01T10:00:02.000000Z", "model": "claude-opus-4-8",
        "runtime": "claude-code-cli", "engineer_id": "ann", "repo": "acme/widget", "branch": "feature",
        "session_id": "s1", "prompt_id": "p1", "source": "transcript",
        "input_tokens": 1_000, "cache_read_tokens": 3_000, "cache_write_5m_tokens": 200, "output_tokens": 40,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"cache_creation_input_tokens": 300}, (300, 0)),
        ({"cache_creation_input_tokens": 300, "cache_creation": None}, (300, 0)),
        (
            {
                "cache_creation_input_tokens": 300,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
            },
            (100, 200),
        ),
        # As the program writes it when the provider did not split: nothing in either.
        (
            {
                "cache_creation_input_tokens": 300,
                "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            },
            (300, 0),
        ),
        ({"cache_creation": {"ephemeral_1h_input_tokens": 5}}, (0, 5)),
    ],
)
def test_cache_writes_are_told_by_how_long_they_last_and_none_is_lost(usage: Json, expected: tuple[int, int]):
    (row,) = usage_rows(told(Transcript().prompt().answer("msg_1", usage=usage).lines))
    assert (row.get("cache_write_5m_tokens", 0), row.get("cache_write_1h_tokens", 0)) == expected


@pytest.mark.parametrize(
    ("usage", "field", "expected"),
    [
        ({"input_tokens": "12"}, "input_tokens", 12),
        ({"input_tokens": 12.0}, "input_tokens", 12),
        ({"output_tokens": 3, "server_tool_use": {"web_search_requests": 2}}, "web_search_requests", 2),
        ({"output_tokens": 9, "output_tokens_details": {"thinking_tokens": 4}}, "reasoning_tokens", 4),
        ({"output_tokens": 9, "speed": "fast", "service_tier": "standard"}, "service_tier", "fast"),
        ({"output_tokens": 9, "service_tier": "of-tomorrow"}, "service_tier", None),
        ({"output_tokens": 9, "input_tokens": -4}, "input_tokens", None),
        ({"output_tokens": 9, "input_tokens": 2**40}, "input_tokens", None),
        ({"output_tokens": 9, "input_tokens": {"deep": 1}}, "input_tokens", None),
        ({"output_tokens": 9, "cache_creation": "odd", "server_tool_use": []}, "output_tokens", 9),
    ],
)
def test_a_count_is_taken_as_a_number_or_not_at_all(usage: Json, field: str, expected: object):
    (row,) = usage_rows(told(Transcript().prompt().answer("msg_1", usage=usage).lines))
    assert row.get(field) == expected


def test_what_no_model_said_is_no_request_and_is_counted():
    session = Transcript().prompt().answer("msg_1", inner={"model": "<synthetic>"}).answer("msg_2", usage={})
    read = reader(session.lines)
    assert usage_rows(read.take()) == []
    assert read.counts.synthetic == 1


def test_a_subagent_works_for_the_session_and_the_prompt_of_its_parent():
    agent = Transcript(sidechain=True, agentId="a1").prompt("p1").answer("msg_2", call("toolu_1")).result("toolu_1")
    rows = told(agent.lines)
    assert [(row["session_id"], row["prompt_id"]) for row in usage_rows(rows)] == [("s1", "p1")]
    assert [row["kind"] for row in fires(rows)] == ["tool"], "a subagent's prompt is no prompt of a person"


def test_a_subagents_records_in_its_parents_file_are_the_same_requests():
    inner = {"type": "assistant", "timestamp": at(9), "message": {"id": "msg_9", "model": "m", "usage": USAGE}}
    session = Transcript().add({"type": "progress", "data": {"type": "agent_progress", "message": inner}})
    assert [row["request_key"] for row in usage_rows(told(session.lines))] == ["msg_9"]


CALLS = {
    "went well": (call("t"), {}, "success"),
    "failed": (call("t"), {"is_error": True, "content": "Exit code 3", "answer": "Error: Exit code 3"}, "error"),
    "interrupted": (call("t"), {"answer": {"interrupted": True}}, "abandoned"),
    "stopped by a person": (
        call("t"),
        {"is_error": True, "content": "[Request interrupted by user for tool use]"},
        "abandoned",
    ),
    "not wanted": (
        call("t"),
        {"is_error": True, "content": [{"type": "text", "text": "The user doesn't want to proceed with this"}]},
        "abandoned",
    ),
    "not allowed": (call("t"), {"is_error": True, "content": "Claude requested permissions to write"}, "abandoned"),
    "a skill that a rule forbids": (
        call("t", "Skill", skill="probe"),
        {"is_error": True, "content": "Skill execution blocked by permission rules"},
        "abandoned",
    ),
    "a skill that failed": (call("t", "Skill", skill="probe"), {"answer": {"success": False}}, "error"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_one_fire_with_its_outcome(name: str):
    asked, result, status = CALLS[name]
    session = Transcript().prompt().answer("msg_1", asked).result("t", **result)
    (fire,) = [row for row in fires(told(session.lines)) if row["kind"] != "session"]
    assert (fire["fire_key"], fire["status"], fire["prompt_id"]) == ("t", status, "p1")
    assert fire["ts"] == "2026-05-01T10:00:03.000000Z", "the moment of the result: a hook has always spoken before"


def test_a_call_that_was_never_made_is_no_fire():
    refused = {"is_error": True, "content": "<tool_use_error>Error: No such tool available: Nope</tool_use_error>"}
    read = reader(Transcript().prompt().answer("msg_1", call("t", "Nope")).result("t", **refused).lines)
    assert [row["kind"] for row in fires(read.take())] == ["session"]
    assert read.counts.rejected_calls == 1


def test_a_quick_call_that_nobody_allowed_is_no_fire_as_no_hook_has_told_of_it():
    refused = {"is_error": True, "content": "Claude requested permissions to write to /x"}
    read = reader(Transcript().prompt().answer("msg_1", call("t", "Write")).result("t", **refused).lines)
    assert [row["kind"] for row in fires(read.take())] == ["session"]
    assert read.counts.rejected_calls == 1


def test_a_call_without_a_result_is_abandoned_until_one_comes():
    session = Transcript().prompt().answer("msg_1", call("t"))
    first = reader(session.lines)
    (open_call,) = [one for one in first.take() if one.key == "trace t"]
    assert (open_call.row["status"], open_call.closed) == ("abandoned", False)
    later = ClaudeTranscripts(FACTS, json.loads(json.dumps(first.state)))
    later.line(Transcript(start=60).result("t").lines[0])
    (closed,) = [one for one in later.take() if one.key == "trace t"]
    assert (closed.row["status"], closed.row["skill_name"], closed.closed) == ("success", "Bash", True)


def test_a_result_that_comes_before_its_call_finds_it():
    session = Transcript().prompt().answer("msg_1", call("t")).result("t")
    lines = [session.lines[0], session.lines[2], session.lines[1]]
    assert sorted(fires(told(lines)), key=str) == sorted(fires(told(session.lines)), key=str)


@pytest.mark.parametrize(
    ("tool", "given_input"),
    [
        ("Bash", {"command": "x"}),
        ("Skill", {"skill": "plugin:probe", "args": "x"}),
        ("Skill", {}),
        ("Agent", {"subagent_type": "Explore"}),
        ("Task", {}),
        ("mcp__probe__ping", {"x": 1}),
    ],
)
def test_a_call_has_the_name_that_the_hook_gives_it(tool: str, given_input: Json):
    assert named(tool, given_input) == claude_code._named(tool, given_input)


def test_an_agents_result_says_what_its_work_took():
    answer = {"resolvedModel": "claude-haiku", "totalDurationMs": 144, "usage": {"input_tokens": 7, "output_tokens": 3}}
    session = Transcript().prompt().answer("msg_1", call("t", "Agent", subagent_type="Explore"))
    session.result("t", answer=answer)
    (fire,) = [row for row in fires(told(session.lines)) if row["kind"] == "agent"]
    told_of = {name: fire[name] for name in ("skill_name", "model", "latency_ms", "input_tokens", "output_tokens")}
    assert told_of == {"skill_name": "Explore", "model": "claude-haiku", "latency_ms": 144, "input_tokens": 7, "output_tokens": 3}  # fmt: skip  # noqa: E501


def test_an_agent_that_used_tools_brings_no_tokens_as_it_tells_those_of_its_last_request_alone():
    answer = {"totalToolUseCount": 1, "usage": {"input_tokens": 320, "output_tokens": 32}}
    session = Transcript().prompt().answer("msg_1", call("t", "Agent", subagent_type="Explore"))
    session.result("t", answer=answer)
    (fire,) = [row for row in fires(told(session.lines)) if row["kind"] == "agent"]
    assert fire.get("input_tokens") is None
    assert fire.get("output_tokens") is None


@pytest.mark.parametrize(
    ("stop", "block", "status"),
    [
        ("end_turn", None, "success"),
        ("max_tokens", None, "success"),
        (None, {"type": "text", "text": CANARY}, "success"),
        (None, {"type": "thinking", "thinking": CANARY}, "abandoned"),
        ("tool_use", call("t"), "abandoned"),
        (None, call("t"), "abandoned"),
    ],
)
def test_a_prompt_is_one_row_with_the_hooks_key(stop: str | None, block: Json | None, status: str):
    session = Transcript().prompt("p7").answer("msg_1", *([block] if block else []), stop=stop)
    (row,) = [row for row in fires(told(session.lines)) if row["kind"] == "session"]
    assert (row["fire_key"], row["skill_name"], row["status"]) == ("s1:p7:session", "session", status)


def test_a_prompt_that_the_provider_refused_is_an_error():
    failed = {"inner": {"model": "<synthetic>"}, "isApiErrorMessage": True}
    (row,) = fires(told(Transcript().prompt().answer("x", **failed).lines))
    assert (row["kind"], row["status"]) == ("session", "error")


def test_a_prompt_that_was_interrupted_is_abandoned():
    session = Transcript().prompt().answer("msg_1").prompt("p1", "[Request interrupted by user]")
    assert [row["status"] for row in fires(told(session.lines))] == ["abandoned"]


def test_a_typed_skill_is_a_fire_with_the_hooks_key_and_a_local_command_is_none():
    typed = f"<command-message>probe</command-message>\n<command-name>/probe</command-name>\n<command-args>{CANARY}"
    local = f"<command-name>/clear</command-name>\n <command-message>clear</command-message>\n<command-args>{CANARY}"
    session = Transcript().prompt("p1", local).prompt("p2", typed)
    session.prompt("p2", CANARY, isMeta=True).answer("msg_1", stop="end_turn")
    keys = {(row["kind"], row["fire_key"], row["status"]) for row in fires(told(session.lines))}
    assert keys == {("session", "s1:p2:session", "success"), ("skill", "s1:p2:probe", "success")}


def test_unknown_types_and_fields_are_passed_over_and_counted():
    session = Transcript().add({"type": "of-tomorrow", "message": CANARY}).add({"type": ["odd"]}).add({"x": 1})
    session.add({"type": "file-history-snapshot"}).prompt().answer("msg_1", {"type": "odd"}, more={"deep": [1]})
    read = reader(session.lines)
    assert [row["request_key"] for row in usage_rows(read.take())] == ["msg_1"]
    assert read.counts.unknown_types == {"of-tomorrow": 1, "(none)": 2}


@pytest.mark.parametrize(
    "line",
    [b"{\n", b"[]\n", b"nothing\n", b'{"type":"assistant"\n', b"\xff\xfe\n", b"[" * 100_000 + b"\n", b'{"a":1}x\n'],
)
def test_a_line_that_is_no_object_costs_itself_alone(line: bytes):
    session = Transcript().prompt().answer("msg_1")
    read = reader([session.lines[0], line, session.lines[1]])
    assert [row["request_key"] for row in usage_rows(read.take())] == ["msg_1"]
    assert (read.counts.broken, read.counts.lines) == (1, 3)


def test_bytes_that_are_no_text_cost_their_letters_alone():
    line = Transcript().answer("msg_1").lines[0].replace(CANARY.encode(), b"\xff\xc3")
    read = reader([line])
    assert [row["request_key"] for row in usage_rows(read.take())] == ["msg_1"]
    assert read.counts.not_utf8 == 1


@pytest.mark.parametrize("odd", [None, 0, "", "0", "1970-01-01T00:00:00.000Z", "noon", {"at": 1}, -5, True])
def test_a_record_without_a_moment_takes_the_last_one_that_was_known(odd: object):
    session = Transcript().prompt().answer("msg_1").answer("msg_2", timestamp=odd)
    before, after = usage_rows(told(session.lines))
    assert after["ts"] == before["ts"]
    alone = reader(Transcript().answer("msg_2", timestamp=odd).lines)
    assert usage_rows(alone.take())[0]["ts"] == FACTS.written_at
    assert alone.counts.undated == 1


def test_a_clock_that_goes_back_gives_the_earliest_moment():
    session = Transcript().prompt().answer("msg_1").answer("msg_1", timestamp=at(-3600))
    assert [row["ts"] for row in usage_rows(told(session.lines))] == ["2026-05-01T09:00:00.000000Z"]


def test_usage_that_nothing_names_is_counted_and_not_told():
    read = reader(Transcript().answer("msg_1", inner={"id": None}, uuid=None).lines)
    assert usage_rows(read.take()) == []
    assert read.counts.unkeyed == 1


def test_nothing_that_was_said_is_in_a_row():
    session = (
        Transcript(slug=CANARY).prompt("p1", CANARY).answer("msg_1", call("t"), call("u", "Read", file_path=CANARY))
    )
    session.result("t", CANARY).result("u", [{"type": "text", "text": CANARY}], {"file": {"content": CANARY}})
    session.add({"type": "attachment", "attachment": {"content": CANARY}}).add({"type": "summary", "summary": CANARY})
    read = reader(session.lines)
    assert CANARY not in str(read.take())
    assert CANARY not in json.dumps(read.state)
