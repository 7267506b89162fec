"""The rates over a known history of merges: at each merge, across their thresholds both ways, and before they are full.

The history goes in over the API, a merge at a time, and everything asserted comes out of it again.
"""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from tests.contract.flow import Flow, flowing

FIRST_PASS, CONFLICTS, P95 = "first_pass_merge_rate", "rebase_conflict_rate", "p95_attempts_to_merge"
KINDS = ("metric.window_filled", "metric.threshold_crossed", "metric.threshold_withdrawn", "metric.early_warning")


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


async def test_an_empty_ledger_has_no_rate_and_says_how_far_it_is_from_one(flow: Flow):
    rates = await flow.rates()

    assert rates[FIRST_PASS]["value"] is None
    assert [rates["says"][name] for name in (FIRST_PASS, CONFLICTS, P95)] == [
        "first_pass_merge_rate = undefined (n=0/50)",
        "rebase_conflict_rate = undefined (n=0/100)",
        "p95_attempts_to_merge = undefined (n=0/100)",
    ]
    assert (rates["trust"]["level"], rates["overlap"]) == ("normal", "graded")


async def test_a_window_that_is_not_full_has_no_value_no_interval_and_no_crossing(flow: Flow):
    await flow.merges("x" * 23)
    rates = await flow.rates()

    assert rates[FIRST_PASS] == {
        "value": None, "n": 23, "window": 50, "scope": "global", "interval": None, "state": "undefined",
    }  # fmt: skip
    assert rates["says"][FIRST_PASS] == "first_pass_merge_rate = undefined (n=23/50)"
    assert await flow.crossings() == []


async def test_each_merge_tells_the_rates_that_a_count_by_hand_gives(flow: Flow):
    marks = "".join(random.Random(3).choices(".xc", (70, 20, 10), k=110))  # noqa: S311  # a history
    await flow.merges(marks)
    told = [event["payload"] for event in await flow.events("metric.rates")]

    assert len(told) == len(marks), "one event a merge"
    for count, payload in enumerate(told, 1):
        last = marks[max(0, count - 50) : count]
        expected = None if count < 50 else (50 - last.count("x")) / 50
        assert (payload[FIRST_PASS]["value"], payload[FIRST_PASS]["n"]) == (expected, min(count, 50))
        last = marks[max(0, count - 100) : count]
        expected = None if count < 100 else last.count("c") / 100
        assert (payload[CONFLICTS]["value"], payload[CONFLICTS]["n"]) == (expected, min(count, 100))


async def test_the_first_pass_rate_crosses_down_and_up_once_each_though_it_wanders(flow: Flow):
    await flow.merges("." * 50 + "x" * 15)  # 70 %: on the line, not under it
    assert await flow.crossings() == []
    await flow.merges("x")
    assert await flow.crossings() == [(FIRST_PASS, "global", "down")]
    assert (await flow.rates())["trust"]["level"] == "restricted"
    await flow.merges("." * 34 + "x.x.x")  # the good ones fall out of the window as fast as new ones come
    assert (await flow.crossings())[1:] == []
    await flow.merges("." * 50)
    assert await flow.crossings() == [(FIRST_PASS, "global", "down"), (FIRST_PASS, "global", "up")]
    down, up = [event["payload"] for event in await flow.events("metric.threshold_crossed")]
    assert (down["threshold"], down["value"], down["from"], down["state"]) == (0.70, 0.68, "above", "below")
    assert (up["threshold"], up["value"], up["from"], up["state"]) == (0.85, 0.86, "below", "above")


async def test_the_conflict_rate_crosses_both_ways_and_sets_how_strict_scopes_are(flow: Flow):
    await flow.merges("." * 100)
    assert (await flow.rates())["overlap"] == "relaxed"
    await flow.merges("c" * 10)
    assert (await flow.rates())["overlap"] == "strict"
    await flow.merges("." * 95)
    assert (await flow.rates("web"))["overlap"] == "strict", "5 of 100 is not under 5 %"
    await flow.merges(".")

    mine = [crossing for crossing in await flow.crossings() if crossing[0] == CONFLICTS]
    assert mine == [(CONFLICTS, scope, way) for way in ("up", "down") for scope in ("global", "project:web")]
    assert (await flow.rates())["overlap"] == "relaxed"


async def test_a_conflict_counts_where_it_was_the_last_verdict_before_the_merge(flow: Flow):
    for phase, verdict in (("build", None), ("merge", None), ("merge", "rebase_conflict"), ("merged", None)):
        await flow.move("web", "kept", {"phase": phase, "verdict": verdict})
    for phase, verdict in (("build", None), ("merge", None), ("build", "rebase_conflict"), ("review", "built")):
        await flow.move("web", "mended", {"phase": phase, "verdict": verdict})
    for phase, verdict in (("merge", "approved"), ("merged", None)):
        await flow.move("web", "mended", {"phase": phase, "verdict": verdict})

    merged = [
        event["payload"] for event in await flow.events("phase.transition") if event["payload"]["target"] == "merged"
    ]
    assert [(step["story_id"], step["verdict"]) for step in merged] == [
        ("kept", "rebase_conflict"),
        ("mended", "approved"),
    ]


async def test_a_noisy_project_is_strict_alone_and_a_young_one_goes_by_all(flow: Flow):
    await flow.merges("c" * 20 + "." * 80, project="noisy")
    await flow.merges("." * 100, project="calm")
    await flow.merges("." * 7, project="young")
    noisy, calm, young = [(await flow.rates(name)) for name in ("noisy", "calm", "young")]

    assert (noisy[CONFLICTS]["scope"], noisy[CONFLICTS]["value"], noisy["overlap"]) == ("project:noisy", 0.2, "strict")
    assert (calm[CONFLICTS]["scope"], calm[CONFLICTS]["value"]) == ("project:calm", 0.0)
    assert (young[CONFLICTS]["scope"], young[CONFLICTS]["n"]) == ("global", 100)
    assert {noisy[FIRST_PASS]["scope"], young[FIRST_PASS]["scope"]} == {"global"}


async def test_a_project_under_a_new_name_begins_anew_and_says_that_it_goes_by_all(flow: Flow):
    await flow.merges("c" * 100, project="before")
    await flow.merges("." * 3, project="after")

    assert (await flow.rates("before"))[CONFLICTS]["scope"] == "project:before"
    assert (await flow.rates("after"))[CONFLICTS]["scope"] == "global"


async def test_the_95th_of_a_hundred_attempts_is_the_percentile_and_the_90th_and_last_its_interval(flow: Flow):
    for attempts in random.Random(5).sample(range(1, 101), 100):  # noqa: S311  # an order
        await flow.merge(attempts)
    p95 = (await flow.rates())[P95]

    assert (p95["value"], p95["interval"], p95["n"], p95["window"]) == (95, [90, 100], 100, 100)


async def test_a_rate_carries_the_interval_of_wilson(flow: Flow):
    await flow.merges("x" * 7 + "." * 43)
    low, high = (await flow.rates())[FIRST_PASS]["interval"]

    assert (round(low, 3), round(high, 3)) == (0.738, 0.930)


async def test_giving_up_what_is_hard_does_not_go_unseen(flow: Flow):
    await flow.merges("." * 50)
    for number in range(25):
        await flow.move("web", f"hard-{number}", {"phase": "build"})
        await flow.move("web", f"hard-{number}", {"phase": "abandoned"})
    rates = await flow.rates()

    assert rates[FIRST_PASS]["value"] == 1.0
    assert (rates["abandoned_rate"]["value"], rates["abandoned_of_opened_rate"]["value"]) == (0.5, 0.5)


async def test_a_fall_is_warned_of_before_the_threshold_is_crossed_and_the_warning_ends(flow: Flow):
    await flow.merges("." * 50 + "x" * 7)
    warned = await flow.events("metric.early_warning")

    assert [event["payload"]["state"] for event in warned] == ["above"]
    assert await flow.crossings() == []
    assert ((await flow.rates())["early_warning"], (await flow.rates())["trust"]["level"]) == (True, "normal")
    await flow.merges("." * 30)
    assert (await flow.rates())["early_warning"] is False


async def test_merges_of_one_moment_count_in_the_order_of_their_events(flow: Flow):
    for mark in "." * 50 + "x" * 16:
        await flow.merge(2 if mark == "x" else 1, minute=1)
    (crossing,) = await flow.events("metric.threshold_crossed")

    assert crossing["payload"]["value"] == 0.68
    assert await replayed(flow) == (0, 0)


async def replayed(flow: Flow, *, append: bool = False) -> tuple[int, int]:
    return await flow.site.app.state.rates.replay("default", append=append)


async def turns(flow: Flow) -> list[str]:
    """The turns that hold, whatever was taken back on the way."""
    held: dict[str, str] = {}
    for event in await flow.events(*KINDS):
        payload = event["payload"]
        if event["kind"] == "metric.threshold_withdrawn":
            del held[payload["crossing"]]
        else:
            assert payload["crossing"] not in held, "a turn is told once"
            held[payload["crossing"]] = f"{payload['place']} {payload['series']} {payload['state']}"
    return sorted(held.values())


async def test_a_merge_that_is_told_late_counts_where_it_happened(flow: Flow):
    for number, mark in enumerate("." * 50 + "x" * 15):
        await flow.merge(2 if mark == "x" else 1, minute=10 + number)
    assert await flow.crossings() == []
    await flow.merge(1, minute=59.5)  # a first pass that pushes an older first pass out of the window, no more
    assert await flow.crossings() == []
    await flow.merge(2, minute=60.5)

    (crossing,) = await flow.events("metric.threshold_crossed")
    assert crossing["payload"]["at"] == "2026-05-01T01:14:00.000000Z", (
        "with the merge that came last, not the one told last"
    )
    assert await replayed(flow) == (0, 0)


async def test_a_crossing_that_a_late_merge_undoes_is_taken_back(flow: Flow):
    for number, mark in enumerate("." * 10 + "x" + "." * 34 + "x" * 15):
        await flow.merge(2 if mark == "x" else 1, minute=10 + number)
    assert len(await flow.crossings()) == 1, "sixteen of fifty, the first of them the oldest"
    await flow.merge(1, minute=68.5)  # pushes the oldest out of the window of the last

    withdrawn = await flow.events("metric.threshold_withdrawn")
    told = await flow.events("metric.threshold_crossed")
    assert [event["payload"]["crossing"] for event in withdrawn] == [told[0]["payload"]["crossing"]]
    assert await replayed(flow) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_in_whatever_order_merges_are_told_the_same_turns_hold(flow: Flow, seed: int):
    dice = random.Random(seed)  # noqa: S311  # a history
    marks = dice.choices((1, 2), (78, 22), k=90)
    order = sorted(range(90), key=lambda number: number + dice.uniform(0, 20))
    for number in order:
        await flow.merge(marks[number], minute=number)

    assert await replayed(flow) == (0, 0), "what was reckoned merge by merge is what the whole history gives"


async def test_replaying_twice_changes_nothing(flow: Flow):
    await flow.merges("." * 50 + "x" * 20 + "." * 40)
    before = await flow.events()

    assert [await replayed(flow, append=True) for _ in range(2)] == [(0, 0), (0, 0)]
    assert await flow.events() == before


async def test_merges_at_once_are_each_told_and_reckoned_one_after_the_other(flow: Flow):
    await flow.merges("." * 45)
    await asyncio.gather(*(flow.merge(2) for _ in range(25)))
    told = [event["payload"][FIRST_PASS]["n"] for event in await flow.events("metric.rates")]

    assert (len(told), told[-1], await flow.crossings()) == (70, 50, [(FIRST_PASS, "global", "down")])
    assert await replayed(flow) == (0, 0)


async def test_an_edited_row_moves_no_rate(flow: Flow):
    await flow.merges("." * 50)
    async with flow.site.app.state.database.transaction("default") as connection:
        await connection.execute("UPDATE work_items SET attempts = 9, last_verdict = 'rebase_conflict'")

    assert (await flow.rates())[FIRST_PASS]["value"] == 1.0


async def test_the_organisations_own_words_find_the_merges(flow: Flow):
    await flow.merges(".x.")
    async with flow.site.app.state.database.transaction("default") as connection:
        cursor = await connection.execute(
            "SELECT count(*) FILTER (WHERE w.attempts = 1) AS first, count(*) AS merged"
            " FROM events_outbox e JOIN work_items w ON w.id = e.work_item_id"
            " WHERE e.kind = 'phase.transition' AND e.payload->>'target' = 'merged'"
        )
        assert await cursor.fetchone() == {"first": 2, "merged": 3}
