"""What is read in Codex's rollouts: the growth of a sum, once, whatever the thread was forked from or how it ended."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.capture._codex_records import totals
from tallyward.capture._transcript import Facts, Told, merged
from tallyward.capture.codex_rollouts import CodexRollouts
from tests.transcripts import CANARY, FACTS, Rollout, at, fires, raw, sums, usage_rows

Json = dict[str, Any]
COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "output_tokens", "reasoning_tokens")
# Identifiers that begin with the moment they were made at: a parent's turn, a fork, and the fork's own turn.
PARENTS_TURN = "019ce4f0-0000-7000-8000-000000000001"
FORK = "019ce4f1-0000-7000-8000-000000000002"
OWN_TURN = "019ce4f1-1000-7000-8000-000000000003"


def reader(lines: list[bytes], facts: Facts = FACTS) -> CodexRollouts:
    made = CodexRollouts(facts)
    for line in lines:
        made.line(line)
    made.end()
    return made


def told(lines: list[bytes], facts: Facts = FACTS) -> list[Told]:
    return reader(lines, facts).take()


def counted(lines: list[bytes], facts: Facts = FACTS) -> list[tuple[str, Json]]:
    """Each request's key and counts."""
    rows = usage_rows(told(lines, facts))
    return [(row["request_key"], {name: row[name] for name in COUNTS if name in row}) for row in rows]


def test_a_request_is_a_step_of_the_sum_with_the_cached_part_apart():
    thread = Rollout().turn().count(1_200, 4_000, 42, reasoning=10).count(2_400, 8_000, 84, reasoning=20, written=5)
    first, second = usage_rows(told(thread.lines))
    assert first == {
        "request_key": "t1:5242", "ts": "2026-05-01T10:00:04.000000Z", "model": "gpt-5.4", "runtime": "codex-cli",
        "engineer_id": "ann", "repo": "acme/widget", "branch": "feature", "session_id": "t1", "prompt_id": "turn-1",
        "source": "transcript", "input_tokens": 1_200, "cache_read_tokens": 4_000, "output_tokens": 42,
        "reasoning_tokens": 10,
    }  # fmt: skip
    assert second["request_key"] == "t1:10489"
    assert {name: second[name] for name in COUNTS} == {
        "input_tokens": 1_200, "cache_read_tokens": 4_000, "cache_write_5m_tokens": 5, "output_tokens": 42,
        "reasoning_tokens": 10,
    }  # fmt: skip


STEPS: dict[str, tuple[list[bytes], list[Json]]] = {
    "a sum told again is no news": (
        Rollout().turn().count(100).count(100).count(100).count(150).lines,
        [{"input_tokens": 100}, {"input_tokens": 50}],
    ),
    "the last request's own counts are not added up": (
        Rollout().turn().count(100, last=sums(100)).count(100, last=sums(100)).count(150, last=sums(100)).lines,
        [{"input_tokens": 100}, {"input_tokens": 50}],
    ),
    "a sum that fell began anew": (
        Rollout().turn().count(100).count(30).count(70).lines,
        [{"input_tokens": 100}, {"input_tokens": 30}, {"input_tokens": 40}],
    ),
    "a sum that fell back to an earlier one has grown by the last request": (
        Rollout().turn().count(100).count(900).count(130, last=sums(30)).lines,
        [{"input_tokens": 100}, {"input_tokens": 800}, {"input_tokens": 30}],
    ),
    "more cached than asked for is no negative count": (
        Rollout().turn().event("token_count", info={"total_token_usage": {"input_tokens": 5, "cached_input_tokens": 9}})
        .lines,
        [{"cache_read_tokens": 9}],
    ),
    "numbers as text": (
        Rollout().turn().event("token_count", info={"total_token_usage": {"input_tokens": "7", "output_tokens": "2"}})
        .lines,
        [{"input_tokens": 7, "output_tokens": 2}],
    ),
    "only the plan's limits": (Rollout().turn().event("token_count", info=None, rate_limits={}).lines, []),
    "odd counts": (Rollout().turn().event("token_count", info={"total_token_usage": [CANARY]}).lines, []),
    "an aborted turn is booked": (
        Rollout().turn().count(100).event("turn_aborted", turn_id="turn-1", reason="interrupted").lines,
        [{"input_tokens": 100}],
    ),
    "a turn that was superseded is booked": (
        Rollout().turn("a").count(100).turn("b").count(150).lines,
        [{"input_tokens": 100}, {"input_tokens": 50}],
    ),
    "a turn that nobody began is booked": (Rollout().count(100).lines, [{"input_tokens": 100}]),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_the_sum_is_taken_apart(name: str):
    lines, expected = STEPS[name]
    requests = counted(lines)
    assert [counts for _, counts in requests] == expected
    assert len({key for key, _ in requests}) == len(requests)


def test_a_request_is_booked_to_the_turn_and_model_it_was_made_in():
    thread = Rollout().turn("a", "gpt-5.4").count(100).turn("b", "gpt-5.4-mini").count(150)
    assert [(row["prompt_id"], row["model"]) for row in usage_rows(told(thread.lines))] == [
        ("a", "gpt-5.4"),
        ("b", "gpt-5.4-mini"),
    ]


def record_of_request(thread: str, total: Json, usage: Json) -> Json:
    return {"thread_id": thread, "turn_id": "turn-1", "response_id": "r", "usage": usage, "thread_token_usage": total}


def test_a_request_that_the_sum_does_not_tell_of_any_more_is_booked_once():
    thread = Rollout().turn().count(100)
    thread.add("token_usage_record", record_of_request("t1", sums(160), sums(60)))
    thread.add("token_usage_record", record_of_request("other", sums(900), sums(900)))
    assert counted(thread.lines) == [("t1:100", {"input_tokens": 100}), ("t1:160", {"input_tokens": 60})]
    assert counted(thread.count(160).lines)[1:] == [("t1:160", {"input_tokens": 60})]


def test_a_fork_without_copies_begins_where_its_parent_was():
    fork = Rollout("t2", forked_from_id="t1", history_base={"thread_id": "t1"}).turn("b")
    fork.count(1_000, 50, 9, last=sums(40, 5, 3)).count(1_100, 50, 9)
    assert counted(fork.lines) == [
        ("t2:1059", {"input_tokens": 40, "cache_read_tokens": 5, "output_tokens": 3}),
        ("t2:1159", {"input_tokens": 100}),
    ]


def parent() -> Rollout:
    return Rollout("t1").turn(PARENTS_TURN).call("call_1").count(100, last=sums(100)).count(300, last=sums(200))


def copies(lines: list[bytes], moment: str | None = None) -> list[bytes]:
    """Records of a parent as a fork repeats them: with the fork's moment, or their own."""
    records = [json.loads(line) for line in lines]
    return [raw({**record, **({"timestamp": moment} if moment else {})}) for record in records]


@pytest.mark.parametrize("moment", [None, at(101)], ids=["own moments", "the fork's moment"])
@pytest.mark.parametrize("turn", ["turn-9", OWN_TURN])
def test_a_forks_copies_of_its_parents_records_are_not_its_own(moment: str | None, turn: str):
    fork = Rollout(FORK, start=100, forked_from_id="t1")
    fork.lines += copies(parent().lines, moment)
    fork._now = 200
    fork.turn(turn).call("call_2").count(350, last=sums(50)).event("task_complete", turn_id=turn)
    rows = told(fork.lines)
    assert [(row["request_key"], row["input_tokens"]) for row in usage_rows(rows)] == [(f"{FORK}:350", 50)]
    assert {row["fire_key"] for row in fires(rows)} == {"call_2", f"{FORK}:{turn}:session"}


def test_a_fork_that_answers_at_once_is_told_from_its_copies_by_its_turn():
    fork = Rollout(FORK, start=100, forked_from_id="t1")
    fork.lines += copies(parent().lines, at(101))
    fork.turn(OWN_TURN).count(300 + 50)
    assert counted(fork.lines) == [(f"{FORK}:350", {"input_tokens": 50})]


def test_a_copied_sum_is_known_from_the_parents_rollout_whatever_its_moment():
    facts = Facts(runtime=str, totals_of=lambda thread: totals(parent().lines) if thread == "t1" else ())
    fork = Rollout("t2", start=100, forked_from_id="t1").count(100, last=sums(100)).count(300, last=sums(200))
    fork.turn("b").count(350, last=sums(50))
    assert counted(fork.lines, facts) == [("t2:350", {"input_tokens": 50})]


def test_a_subagents_copies_end_where_its_first_record_says():
    agent = {"subagent": {"thread_spawn": {"parent_thread_id": "t1"}}}
    child = Rollout("t2", forked_from_id="t1", source=agent, subagent_history_start_ordinal=3)
    child.add("turn_context", {"turn_id": "a", "model": "gpt-5.4"}, ordinal=1)
    child.add("event_msg", {"type": "token_count", "info": {"total_token_usage": sums(900)}}, ordinal=2)
    child.add("turn_context", {"turn_id": "b", "model": "gpt-5.4"}, ordinal=3)
    child.add("event_msg", {"type": "token_count", "info": {"total_token_usage": sums(960)}}, ordinal=4)
    rows = told(child.lines)
    assert [(row["prompt_id"], row["input_tokens"]) for row in usage_rows(rows)] == [("b", 60)]
    assert fires(rows) == [], "its turn is no prompt of a person"


def test_the_first_sum_of_a_subagent_without_copies_is_its_own():
    child = Rollout("t2", source={"subagent": "review"}).turn().count(100, last=sums(100))
    assert counted(child.lines) == [("t2:100", {"input_tokens": 100})]


def test_unknown_types_are_passed_over_and_counted():
    thread = Rollout().add("of_tomorrow", {}).event("of_tomorrow").add("response_item", {"type": "of_tomorrow"})
    thread.add("world_state", {}).turn().count(100)
    read = reader([*thread.lines, b"{\n", b'{"timestamp":"x","type":"event_msg","payload":null}\n'])
    assert len(usage_rows(read.take())) == 1
    assert (read.counts.unknown_types, read.counts.broken) == ({"of_tomorrow": 3, "(none)": 1}, 1)


def test_a_rollout_without_a_beginning_is_not_counted_and_not_lost_in_silence():
    read = reader(Rollout().turn().count(100).lines[1:])
    assert (usage_rows(read.take()), read.counts.unkeyed) == ([], 1)


def test_nothing_that_was_said_is_in_a_row():
    thread = Rollout().turn().call("c1", cmd=f"cat /x/skills/probe/SKILL.md # {CANARY}").count(5)
    thread.event("user_message", message=CANARY).event("agent_message", message=CANARY)
    thread.add("response_item", {"type": "message", "role": "assistant", "content": [{"text": CANARY}]})
    read = reader(thread.event("task_complete", turn_id="turn-1", last_agent_message=CANARY).lines)
    assert CANARY not in str(read.take())
    assert CANARY not in json.dumps(read.state)


def thread_with_everything() -> list[bytes]:
    thread = Rollout().turn("a").call("c1").count(100, 10, 5).count(100, 10, 5)
    thread.add("token_usage_record", record_of_request("t1", sums(100, 10, 5), sums(100)))
    thread.call("c2", "ping", namespace="mcp__probe").count(150, 10, 9).event("turn_aborted", turn_id="a")
    thread.turn("b").call("c3", cmd="cat /x/skills/probe/SKILL.md").count(30, 0, 2).count(70, 0, 2)
    return thread.event("task_complete", turn_id="b").lines


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_reading_in_slices_gives_the_same_rows(data: st.DataObject):
    lines = thread_with_everything()
    expected = {one.key: one for one in told(lines)}
    found: dict[str, Told] = {}
    state: Json = {}
    while lines:
        size = data.draw(st.integers(1, len(lines)))
        read = CodexRollouts(FACTS, json.loads(json.dumps(state)))
        for line in lines[:size]:
            read.line(line)
        lines = lines[size:]
        if not lines:
            read.end()
        state = read.state
        for one in read.take():
            found[one.key] = merged(found[one.key], one) if one.key in found else one
    assert found == expected


def test_an_independent_recount_agrees():
    lines, booked, before = thread_with_everything(), 0, 0
    for line in lines:
        info = json.loads(line)["payload"].get("info") or {}
        sum_now = info.get("total_token_usage", {}).get("total_tokens")
        if sum_now is not None:
            booked += sum_now - before if sum_now >= before else sum_now
            before = sum_now
    rows = usage_rows(told(lines))
    ours = sum(row.get(name, 0) for row in rows for name in COUNTS if name != "reasoning_tokens")
    assert ours == booked == 169 + 72
