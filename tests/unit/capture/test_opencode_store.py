"""What is read in opencode's store: each step's own usage and cost, each call, and a row per prompt."""

import json
from typing import Any

import pytest

from tallyward.capture._transcript import Told
from tallyward.capture.opencode_store import OpencodeStore
from tests.transcripts import CANARY, FACTS, fires, usage_rows

Json = dict[str, Any]
MILLISECONDS = 1_777_629_600_000  # 2026-05-01 10:00 UTC
ANSWER = {
    "role": "assistant", "parentID": "msg_1", "modelID": "claude-opus-4-8", "providerID": "anthropic", "cost": 9,
    "tokens": {"input": 999}, "time": {"created": MILLISECONDS}, "finish": "stop",
}  # fmt: skip


def part(data: Json, **more: object) -> Json:
    return {
        "table": "part", "id": "prt_1", "session_id": "ses_1", "parent_id": None, "directory": "/home/ann/widget",
        "time": MILLISECONDS, "data": json.dumps(data), "message": json.dumps(ANSWER), **more,
    }  # fmt: skip


def message(data: Json, **more: object) -> Json:
    return {**part(data), "table": "message", "id": "msg_2", "message": None, "asked": MILLISECONDS - 5_000, **more}


def step(**tokens: object) -> Json:
    return {"type": "step-finish", "reason": "stop", "cost": 0.010925, "tokens": tokens}


def read(*records: Json) -> tuple[list[Told], OpencodeStore]:
    made = OpencodeStore(FACTS)
    for record in records:
        made.record(record)
    made.end()
    return made.take(), made


def test_a_step_is_a_request_with_its_own_usage_and_the_programs_own_cost():
    told, _ = read(part(step(input=1_200, output=42, reasoning=0, cache={"read": 4_000, "write": 300}, total=5_542)))
    assert usage_rows(told) == [{
        "request_key": "prt_1", "ts": "2026-05-01T10:00:00.000000Z", "model": "claude-opus-4-8", "engineer_id": "ann",
        "runtime": "local-job", "repo": "acme/widget", "session_id": "ses_1", "prompt_id": "msg_1",
        "source": "transcript", "input_tokens": 1_200, "cache_read_tokens": 4_000, "cache_write_5m_tokens": 300,
        "output_tokens": 42, "reported_cost_micros": 10_925,
    }]  # fmt: skip


def test_the_steps_of_an_answer_are_added_up_and_not_subtracted():
    steps = [part(step(input=100), id="a"), part(step(input=250), id="b"), part(step(input=400), id="c")]
    told, _ = read(*steps, message(ANSWER))
    assert [row["input_tokens"] for row in usage_rows(told)] == [100, 250, 400]


@pytest.mark.parametrize(("total", "output"), [(115, 15), (110, 10), (None, 15)])
def test_reasoning_is_part_of_the_output_and_counted_once(total: int | None, output: int):
    told, _ = read(part(step(input=100, output=10, reasoning=5, total=total)))
    assert [(row["output_tokens"], row["reasoning_tokens"]) for row in usage_rows(told)] == [(output, 5)]


@pytest.mark.parametrize(
    ("cost", "micros"),
    [(0.00034525, 345), ("0.5", 500_000), (0, None), (-1, None), (None, None), (1e300, None), ("x", None)],
)
def test_a_cost_is_whole_micros_or_not_told(cost: object, micros: int | None):
    told, _ = read(part({**step(input=1), "cost": cost}))
    assert [row.get("reported_cost_micros") for row in usage_rows(told)] == [micros]


CALLS = {
    "went well": ("bash", {"status": "completed", "metadata": {"exit": 0}}, ("tool", "bash", "success")),
    "exited with a code": ("bash", {"status": "completed", "metadata": {"exit": 3}}, ("tool", "bash", "error")),
    "failed": ("edit", {"status": "error", "error": CANARY}, ("tool", "edit", "error")),
    "is running": ("bash", {"status": "running"}, ("tool", "bash", "abandoned")),
    "a skill": ("skill", {"status": "completed", "input": {"name": "probe"}}, ("skill", "probe", "success")),
    "an agent": ("task", {"status": "completed", "input": {"subagent_type": "plan"}}, ("agent", "plan", "success")),
    "odd": ("bash", CANARY, ("tool", "bash", "abandoned")),
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_one_fire(name: str):
    tool, state, expected = CALLS[name]
    told, _ = read(part({"type": "tool", "callID": "c1", "tool": tool, "state": state}))
    assert [(row["kind"], row["skill_name"], row["status"]) for row in fires(told)] == [expected]


def test_a_call_tells_how_long_it_took():
    state = {"status": "completed", "time": {"start": MILLISECONDS, "end": MILLISECONDS + 399}, "input": {"x": CANARY}}
    told, _ = read(part({"type": "tool", "callID": "c1", "tool": "bash", "state": state}))
    assert [(row["latency_ms"], row["fire_key"], CANARY in str(row)) for row in fires(told)] == [(399, "c1", False)]


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ({}, "success"),
        ({"finish": "tool-calls"}, "abandoned"),
        ({"error": {"name": "ProviderAuthError", "data": {"message": CANARY}}}, "error"),
        ({"finish": None, "error": {"name": "MessageAbortedError"}}, "abandoned"),
    ],
)
def test_a_prompt_is_one_row_however_many_answers_it_took(more: Json, status: str):
    told, _ = read(message({**ANSWER, "finish": "tool-calls"}, id="msg_0"), message({**ANSWER, **more}))
    assert [(row["fire_key"], row["status"], row["ts"]) for row in fires(told)] == [
        ("ses_1:msg_1:session", status, "2026-05-01T09:59:55.000000Z")
    ]


def test_a_subagents_prompt_and_a_persons_words_are_no_rows():
    told, _ = read(message(ANSWER, parent_id="ses_0"), message({"role": "user", "summary": CANARY}))
    assert told == []


def test_what_does_not_exist_was_not_called_and_what_is_unknown_is_counted():
    told, made = read(
        part({"type": "tool", "callID": "c1", "tool": "invalid"}), part({"type": "of-tomorrow"}), part({}),
        part({"type": "text", "text": CANARY}), {**part({}), "data": "no json"}, part(step(input=1), id=None),
    )  # fmt: skip
    assert told == []
    assert made.counts.unknown_types == {"of-tomorrow": 1, "(none)": 2}
    assert (made.counts.rejected_calls, made.counts.unkeyed) == (1, 1)
