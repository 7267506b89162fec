"""Claude Code's transcripts, counted again by other means: split, repeated, and read the quick way and the long way."""

import json
from collections import defaultdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.capture._claude_quick import plain_answer, plain_result
from tallyward.capture._transcript import Told, merged
from tallyward.capture.claude_transcripts import ClaudeTranscripts
from tests.transcripts import FACTS, USAGE, Transcript, at, call, raw, usage_rows

Json = dict[str, Any]


def told(lines: list[bytes]) -> list[Told]:
    made = ClaudeTranscripts(FACTS)
    for line in lines:
        made.line(line)
    made.end()
    return made.take()


def conversation() -> list[bytes]:
    """A session that has everything in it, and what a fork of it adds."""
    session = Transcript().prompt("p1")
    session.answer("msg_1", {"type": "thinking"}, call("t1"), usage={**USAGE, "output_tokens": 5}).result("t1")
    session.answer("msg_1", call("t2", "Skill", skill="probe"), usage={**USAGE, "output_tokens": 60})
    session.result("t2", answer={"success": True}).answer("msg_2", stop="end_turn", usage={"output_tokens": "8"})
    session.prompt("p2").answer("msg_3", call("t3"), usage={**USAGE, "input_tokens": 5})
    session.result("t3", is_error=True, content="Exit code 1", answer="Error").answer("msg_4", stop="end_turn")
    return session.lines


def naive_recount(lines: list[bytes]) -> Json:
    """The same sums by other means: every record is kept in memory, and nothing is clever."""
    requests: dict[str, Json] = defaultdict(lambda: defaultdict(int))
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        message = record.get("message") or {}
        usage = message.get("usage")
        if record.get("type") != "assistant" or not usage or message.get("model") == "<synthetic>":
            continue
        known = requests[message["id"]]
        split = usage.get("cache_creation") or {}
        hour = int(split.get("ephemeral_1h_input_tokens") or 0)
        written = int(usage.get("cache_creation_input_tokens") or 0)
        seen = {
            "input_tokens": int(usage.get("input_tokens") or 0),
            "cache_read_tokens": int(usage.get("cache_read_input_tokens") or 0),
            "cache_write_5m_tokens": max(written - hour, int(split.get("ephemeral_5m_input_tokens") or 0)),
            "cache_write_1h_tokens": hour,
            "output_tokens": int(usage.get("output_tokens") or 0),
        }
        for name, value in seen.items():
            known[name] = max(known[name], value)
    return {key: {name: value for name, value in row.items() if value} for key, row in requests.items()}


COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens")


def test_an_independent_recount_agrees():
    lines = conversation() * 2
    ours = {
        row["request_key"]: {name: row[name] for name in COUNTS if row.get(name)} for row in usage_rows(told(lines))
    }
    assert ours == naive_recount(lines)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_splitting_and_repeating_lines_gives_the_same_rows(data: st.DataObject):
    lines = conversation()
    expected = {one.key: one for one in told(lines)}
    repeated = [line for line in lines for _ in range(data.draw(st.integers(1, 3)))]
    found: dict[str, Told] = {}
    state: Json = {}
    while repeated:
        size = data.draw(st.integers(1, len(repeated)))
        read = ClaudeTranscripts(FACTS, json.loads(json.dumps(state)))
        for line in repeated[:size]:
            read.line(line)
        repeated = repeated[size:]
        if not repeated:
            read.end()
        state = read.state
        for one in read.take():
            known = found.get(one.key)
            found[one.key] = one if known is None else merged(known, one)
    assert found == expected


def test_a_plain_result_is_read_the_quick_way_just_as_the_long_way():
    session = Transcript().prompt().answer("msg_1", call("t"))
    session.result("t", 'it said }]},"uuid":"x" and "is_error":true', {"stdout": '"interrupted":true,"usage":{'})
    quick, (line,) = told(session.lines), session.lines[2:]
    assert plain_result(line) == ("t", "p1", at(3))
    record = json.loads(line)
    reordered = raw(dict(reversed(record.items())))
    assert plain_result(reordered) is None
    assert told([*session.lines[:2], reordered]) == quick


@pytest.mark.parametrize(
    "answer", [{"interrupted": True}, {"success": False}, {"durationMs": 5}, {"usage": {"input_tokens": 1}}]
)
def test_a_result_that_says_more_is_read_whole(answer: Json):
    assert plain_result(Transcript().result("t", answer=answer).lines[0]) is None


THOUGHT, WORDS = {"type": "thinking", "thinking": "canary", "signature": "x"}, {"type": "text", "text": 'a "usage":{ b'}


def as_the_program_writes(session: Transcript) -> list[bytes]:
    """The lines with the fields of an answer in the program's own order."""
    records = [json.loads(line) for line in session.lines]
    for record in records:
        message = record["message"]
        if message["role"] == "assistant":
            usage = message.pop("usage")
            message |= {"stop_sequence": None, "usage": usage}
    return [raw(record) for record in records]


def reversed_fields(line: bytes) -> bytes:
    return raw(dict(reversed(json.loads(line).items())))


def one_answer(*blocks: Json, stop: str | None = None, **more: Any) -> list[bytes]:
    return as_the_program_writes(Transcript().prompt().answer("msg_1", *blocks, stop=stop, **more))


@pytest.mark.parametrize("stop", [None, "end_turn", "max_tokens", "tool_use"])
@pytest.mark.parametrize("block", [THOUGHT, WORDS], ids=["thought", "words"])
@pytest.mark.parametrize("usage", [USAGE, {**USAGE, "output_tokens": "7", "service_tier": "batch"}, {"speed": "fast"}])
def test_a_plain_answer_is_read_the_quick_way_just_as_the_long_way(stop: str | None, block: Json, usage: Json):
    lines = one_answer(block, stop=stop, usage=usage)
    assert plain_answer(lines[1]) is not None
    assert plain_answer(reversed_fields(lines[1])) is None
    assert told(lines) == told([lines[0], reversed_fields(lines[1])])


def two_blocks() -> list[bytes]:
    """An answer on one line, as an older version or a gateway may leave it."""
    return one_answer(WORDS, inner={"content": [WORDS, call("t")]})


@pytest.mark.parametrize(
    "lines",
    [
        two_blocks(),
        one_answer(call("t")),
        one_answer(WORDS, inner={"model": "<synthetic>"}),
        one_answer(WORDS, attributionSkill="probe"),
        one_answer(WORDS, promptId="p9"),
        one_answer(WORDS, isApiErrorMessage=True),
        one_answer({"type": "text", "text": "a", "citations": [{"a": 1}, {"b": 2}]}),
        one_answer(WORDS, usage={"iterations": [{"usage": {"input_tokens": 5}}], **USAGE}),
    ],
)
def test_an_answer_that_says_more_is_told_as_the_long_way_tells_it(lines: list[bytes]):
    assert told(lines) == told([lines[0], reversed_fields(lines[1])])


def test_two_results_on_one_line_are_two_outcomes():
    session = Transcript().prompt().answer("msg_1", call("t1"), call("t2")).result("t1")
    record = json.loads(session.lines.pop())
    failed = {"tool_use_id": "t2", "type": "tool_result", "content": "canary", "is_error": True}
    for results in ([failed, *record["message"]["content"]], [*record["message"]["content"], failed]):
        lines = [*session.lines, raw({**record, "message": {"role": "user", "content": results}})]
        outcomes = {one.row["fire_key"]: one.row["status"] for one in told(lines) if one.row.get("kind") == "tool"}
        assert outcomes == {"t1": "success", "t2": "error"}
