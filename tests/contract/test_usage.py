"""`GET /v1/usage` and `/v1/reconciliation`: what was counted comes back as sums that hold together."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tallyward import clock
from tests.in_process import InProcess, application

COUNTS = ("input_tokens", "cache_read_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens")
ROW_FIELDS = {"key", "requests", *COUNTS, "reasoning_tokens", "cost_micros", "unpriced_requests"}


def request(key: str, seconds_ago: float = 60, **facts: Any) -> dict[str, Any]:
    ts = clock.iso(clock.now() - timedelta(seconds=seconds_ago))
    return {
        "request_key": key, "ts": ts, "model": "claude-opus-4-8", "runtime": "claude-code-cli", "engineer_id": "amy",
        "input_tokens": 1200, "cache_write_5m_tokens": 300, "cache_read_tokens": 4000, "output_tokens": 42,
        "session_id": "s", "prompt_id": "p", "source": "transcript", **facts,
    }  # fmt: skip


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url) as running:
        yield running


async def told(site: InProcess, query: str, *scopes: str, engineer: str | None = None) -> dict[str, Any]:
    answer = await site.call("GET", query, token=await site.token(scopes or ["read"], engineer))
    assert answer.status == 200, answer.body
    return answer.json


async def post(site: InProcess, path: str, rows: Any) -> None:
    answer = await site.call("POST", path, token=await site.token(["capture"]), body=rows)
    assert answer.status == 202, answer.body


async def test_a_private_skill_of_the_hook_meets_the_tokens_and_the_cost_of_the_request(site: InProcess):
    ts = clock.iso(clock.now() - timedelta(seconds=90))
    fire = {"engineer_id": "amy", "skill_name": "probe-echo", "runtime": "claude-code-cli", "status": "success"}
    await post(site, "/v1/trace", {**fire, "session_id": "s", "prompt_id": "p", "source": "hook", "ts": ts})
    await post(site, "/v1/usage", [request("a", 100), request("b", 80), request("c", 70, prompt_id="other")])

    board = await told(site, "/v1/usage?by=skill")

    assert {row["key"]: row["requests"] for row in board["rows"]} == {"probe-echo": 1, "(none)": 2}
    row = next(row for row in board["rows"] if row["key"] == "probe-echo")
    assert set(row) == ROW_FIELDS
    assert (row["cost_micros"], row["input_tokens"], row["cache_read_tokens"], row["output_tokens"]) == (
        10_925, 1200, 4000, 42,
    )  # fmt: skip
    assert set(board["totals"]) == ROW_FIELDS - {"key"}
    assert (board["totals"]["requests"], board["totals"]["cost_micros"]) == (3, 3 * 10_925)


@pytest.mark.parametrize("by", ["skill", "model", "repo", "day", "engineer", "session"])
async def test_the_totals_are_the_same_by_whatever_it_is_summed_up(site: InProcess, by: str):
    rows = [
        request("a", model="m1", repo="o/r"),
        request("b", model="claude-haiku-4-5", engineer_id="bo", session_id=None),
        request("c", 100_000, skill_name="x"),
    ]
    await post(site, "/v1/usage", rows)

    board = await told(site, f"/v1/usage?by={by}")

    assert board["by"] == by
    totals = board["totals"]
    assert (totals["requests"], totals["unpriced_requests"], totals["cost_micros"]) == (3, 1, 10_925 + 10_925 // 5)
    assert {name: sum(row[name] for row in board["rows"]) for name in COUNTS} == {name: totals[name] for name in COUNTS}


async def test_without_a_price_there_is_no_cost_and_without_requests_it_is_zero(site: InProcess):
    assert (await told(site, "/v1/usage"))["totals"]["cost_micros"] == 0
    await post(site, "/v1/usage", request("a", model="nobody-makes-this"))

    board = await told(site, "/v1/usage?by=model")

    assert (board["totals"]["cost_micros"], board["totals"]["unpriced_requests"]) == (None, 1)
    assert board["rows"][0]["cost_micros"] is None


async def test_since_and_days_limit_what_is_summed_up(site: InProcess):
    await post(site, "/v1/usage", [request("new"), request("old", 3 * 86_400), request("ancient", 400 * 86_400)])
    day = f"{clock.now() - timedelta(days=4):%Y-%m-%d}"

    found = {
        query: (await told(site, f"/v1/usage{query}"))["totals"]["requests"]
        for query in ("", "?days=1", f"?since={day}", f"?since={day}T00:00:00Z&days=1", "?since=2001-01-01")
    }

    assert list(found.values()) == [2, 1, 2, 2, 3]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("by=colour", "by"),
        ("since=yesterday", "since"),
        ("since=2026-05-17T12:00:00", "since"),
        ("since=2026-13-40", "since"),
        ("days=0", "days"),
        ("days=367", "days"),
        ("limit=0", "limit"),
        ("limit=10001", "limit"),
        ("engineer=bo", "engineer"),
    ],
)
async def test_what_cannot_be_asked_is_refused_by_name(site: InProcess, query: str, field: str):
    answer = await site.call("GET", f"/v1/usage?{query}", token=await site.token(["read"]))

    assert (answer.status, answer.json["error"]["field"]) == (422, field)


async def test_an_engineer_sees_the_own_requests_only(site: InProcess):
    await post(site, "/v1/usage", [request("a"), request("b", engineer_id="bo")])

    own = await told(site, "/v1/usage?by=engineer", engineer="amy")
    everybodys = await told(site, "/v1/usage?by=engineer")
    own_days = await told(site, "/v1/reconciliation", engineer="amy")

    assert ([row["key"] for row in own["rows"]], own["totals"]["requests"]) == (["amy"], 1)
    assert {row["key"] for row in everybodys["rows"]} == {"amy", "bo"}
    assert {row["engineer_id"] for row in own_days["rows"]} == {"amy"}


async def test_the_gap_to_what_the_client_says_is_shown(site: InProcess):
    rows = [request("a", 0, reported_cost_micros=10_925), request("b", 0, reported_cost_micros=11_000), request("c", 0)]
    await post(site, "/v1/usage", [*rows, request("d", 0, model="new", reported_cost_micros=5)])

    (day,) = (await told(site, "/v1/reconciliation?days=1"))["rows"]

    assert (day["requests"], day["compared_requests"], day["unpriced_requests"]) == (4, 2, 1)
    assert (day["our_micros"], day["reported_micros"], day["gap_micros"]) == (21_850, 21_925, 75)
    assert (day["attributed_micros"], day["unattributed_micros"]) == (None, 3 * 10_925)


async def test_what_is_beyond_the_limit_is_counted_and_in_the_totals(site: InProcess):
    rows = [request(f"r{number}", session_id=f"s{number}", input_tokens=1000 * number) for number in range(5)]
    await post(site, "/v1/usage", rows)

    board = await told(site, "/v1/usage?by=session&limit=2")

    assert ([row["key"] for row in board["rows"]], board["omitted"], board["totals"]["requests"]) == (
        ["s4", "s3"],
        3,
        5,
    )
