"""Work items over the API: what a step does, what is refused, and that a repeat is a no-op."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tallyward import clock
from tallyward.domain.work_item import NEXT, PHASES
from tests.contract.flow import Flow, flowing


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


async def walk(flow: Flow, story: str, *phases: str, **facts: Any) -> dict[str, Any]:
    for phase in phases:
        answer = await flow.move("web", story, {"phase": phase, **facts})
        assert answer.status == 202, answer.body
    return (await flow.site.call("GET", f"/v1/work-items/web/{story}", token=flow.reader)).json


async def test_a_story_goes_from_spec_to_merge_and_every_step_is_one_event(flow: Flow):
    item = await walk(flow, "S-1", "spec", "build", "review", "build", "review", "merge", "merged")

    assert (item["phase"], item["attempts"], item["merged_at"]) == ("merged", 2, item["updated_at"])
    steps = [event["payload"] for event in await flow.events("phase.transition")]
    assert [step["target"] for step in steps] == ["spec", "build", "review", "build", "review", "merge", "merged"]
    assert [step["from"] for step in steps] == [None, "spec", "build", "review", "build", "review", "merge"]
    assert [step["attempts"] for step in steps] == [0, 1, 1, 2, 2, 2, 2]
    assert {event["work_item_id"] for event in await flow.events("phase.transition")} == {item["id"]}


@pytest.mark.parametrize("origin", PHASES)
async def test_only_the_steps_of_the_table_are_taken(flow: Flow, origin: str):
    taken = set()
    for target in PHASES:
        await walk(flow, target, origin)
        answer = await flow.move("web", target, {"phase": target})
        if answer.status == 202:
            taken.add(target)
        else:
            assert (answer.status, answer.json["error"]["code"]) == (409, "transition_refused")

    assert taken == NEXT[origin]


@pytest.mark.parametrize("origin", ["spec", "build", "review", "merge"])
async def test_a_phase_may_be_left_out_and_a_merge_then_counts_all_the_same(flow: Flow, origin: str):
    item = await walk(flow, "S-1", origin, "merged")

    assert item["merged_at"] == item["updated_at"]
    assert (await flow.rates())["first_pass_merge_rate"]["n"] == 1


async def test_what_a_step_does_not_say_stays_as_it_was(flow: Flow):
    await flow.move("web", "S-1", {"phase": "build", "file_scope": ["src/b.py", "./src/a.py"], "verdict": "planned"})
    item = await walk(flow, "S-1", "review")

    assert (item["file_scope"], item["last_verdict"]) == (["src/a.py", "src/b.py"], "planned")


async def test_a_key_in_a_verdict_is_not_kept(flow: Flow):
    await flow.move("web", "S-1", {"phase": "build", "verdict": f"failed with ghp_{'x' * 36}"})
    item = await walk(flow, "S-1", "review")

    assert item["last_verdict"] == "failed with [redacted]"
    assert "ghp_" not in str(await flow.events("phase.transition"))


async def test_a_repeat_under_the_same_key_is_answered_and_not_taken_again(flow: Flow):
    first = await flow.move("web", "S-1", {"phase": "build"}, idempotency_key="k1")
    again = await flow.move("web", "S-1", {"phase": "build"}, idempotency_key="k1")
    other = await flow.move("web", "S-1", {"phase": "review"}, idempotency_key="k1")
    elsewhere = await flow.move("web", "S-2", {"phase": "build"}, idempotency_key="k1")

    assert (first.status, again.status) == (202, 202)
    assert again.json == {**first.json, "repeated": True}
    assert (other.status, other.json["error"]["code"]) == (409, "key_reused")
    assert (elsewhere.status, elsewhere.json["error"]["field"]) == (409, "Idempotency-Key")
    assert len(await flow.events("phase.transition")) == 1


async def test_ten_repeats_at_once_are_one_step(flow: Flow):
    answers = await asyncio.gather(
        *(flow.move("web", "S-1", {"phase": "build"}, idempotency_key="k1") for _ in range(10))
    )

    assert {answer.status for answer in answers} == {202}
    assert len({answer.json["seq"] for answer in answers}) == 1
    assert sum(not answer.json["repeated"] for answer in answers) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"phase": "merged", "attempts": 0}, "attempts"),
        ({"phase": "build", "file_scope": ["../etc/passwd"]}, "file_scope"),
        ({"phase": "build", "file_scope": ["/etc/passwd"]}, "file_scope"),
        ({"phase": "build", "file_scope": ["a\0b"]}, "file_scope"),
        ({"phase": "build", "verdict": "a\0b"}, "verdict"),
        ({"phase": "build", "at": "2026-05-01T00:00:00"}, "at"),
        ({"phase": "build", "at": "9998-01-01T00:00:00Z"}, "at"),
        ({"phase": "done"}, None),
        ({"phase": "build", "agent": "a\0b"}, "agent"),
        ({"phase": "build", "who": "x"}, None),
        ({}, None),
    ],
)
async def test_what_cannot_be_a_step_is_refused_by_name_and_leaves_nothing(flow: Flow, body: Any, field: str | None):
    answer = await flow.move("web", "S-1", body)

    assert (answer.status, answer.json["error"].get("field")) == (422, field)
    assert await flow.events("phase.transition") == []


@pytest.mark.parametrize("key", ["", "k" * 201, "a\tb"])
async def test_a_key_that_cannot_be_kept_is_refused(flow: Flow, key: str):
    answer = await flow.move("web", "S-1", {"phase": "build"}, idempotency_key=key)

    assert (answer.status, answer.json["error"]["field"]) == (422, "Idempotency-Key")


async def test_attempts_never_fall(flow: Flow):
    await walk(flow, "S-1", "build", "review", "build", "review", "merge")
    answer = await flow.move("web", "S-1", {"phase": "merged", "attempts": 1})

    assert (answer.status, answer.json["error"]["field"]) == (422, "attempts")


async def test_no_step_is_put_before_the_last_one_of_its_item(flow: Flow):
    now = clock.now()
    await flow.move("web", "S-1", {"phase": "build", "at": clock.iso(now)})
    answer = await flow.move("web", "S-1", {"phase": "review", "at": clock.iso(now - timedelta(seconds=1))})

    assert (answer.status, answer.json["error"]["field"]) == (409, "at")


async def test_a_project_may_be_named_like_a_repository(flow: Flow):
    answer = await flow.move("graph8-com/g8", "S-1", {"phase": "build"})
    found = await flow.site.call("GET", "/v1/work-items?project=graph8-com/g8&phase=build", token=flow.reader)

    assert answer.json["project"] == "graph8-com/g8"
    assert [item["story_id"] for item in found.json["work_items"]] == ["S-1"]


async def test_events_are_followed_without_a_gap_and_those_about_tokens_are_for_admins(flow: Flow):
    await walk(flow, "S-1", "spec", "build")
    admin = await flow.site.token(["admin"])
    first = (await flow.site.call("GET", "/v1/events?limit=2", token=admin)).json
    rest = (await flow.site.call("GET", f"/v1/events?after={first['next_after']}", token=admin)).json
    mine = (await flow.site.call("GET", "/v1/events?kind=token.created", token=flow.reader)).json

    seqs = [event["seq"] for event in first["events"] + rest["events"]]
    assert seqs == list(range(1, len(seqs) + 1))
    assert "token.created" in {event["kind"] for event in first["events"]}
    assert mine["events"] == []
    assert [event["payload"]["actor"] for event in rest["events"] if event["kind"] == "phase.transition"] == [
        "test"
    ] * 2
    assert {"actor", "request"}.isdisjoint((await flow.events("phase.transition"))[0]["payload"])


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1001", f"after={2**63}"])
async def test_a_place_that_there_is_not_is_refused(flow: Flow, query: str):
    answer = await flow.site.call("GET", f"/v1/events?{query}", token=flow.reader)

    assert (answer.status, answer.json["error"]["field"]) == (422, query.partition("=")[0])
