"""Decisions beside their outcomes: from our own events, from other people's points, in the report and row by row."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tallyward import clock
from tallyward.domain.series import nanoseconds
from tallyward.ledger.database import fetch_all
from tests.in_process import InProcess, application


class Ledger:
    """A site with decisions and points in it."""

    def __init__(self, site: InProcess, capture: str, read: str) -> None:
        self.site, self.capture, self.read = site, capture, read
        self.begin = clock.now() - timedelta(days=10)

    def at(self, hours: float) -> datetime:
        return self.begin + timedelta(hours=hours)

    async def decide(self, number: int, action: str, **facts: Any) -> None:
        payload = {
            "subject": f"github:acme/shop#{number}", "forge": "github", "repo": "acme/shop", "number": number,
            "at": clock.iso(clock.now()), "action": action, "reason": f"for {action}", "candidates": ["wait", action],
            "probability": 1.0, "policy": "rules/1", "dry_run": False, "attempts": {"conflict": 1},
            "state": {"merge_state": "CLEAN", "checks_failing": 0}, **facts,
        }  # fmt: skip
        await self.event("pull_request.decision", payload)

    async def end(self, number: int, result: str, hours: float) -> None:
        about = {"subject": f"github:acme/shop#{number}", "repo": "acme/shop", "number": number}
        payload = {**about, "result": result, "detail": "as told", "resolution_hours": hours}
        await self.event("pull_request.outcome", payload)

    async def event(self, kind: str, payload: dict[str, Any]) -> None:
        async with self.site.app.state.database.transaction("default") as connection:
            row = {"kind": kind, "payload": msgspec.json.encode(payload).decode()}
            await fetch_all(connection, "append_event", row)

    async def write(self, *lines: tuple[str, float]) -> None:
        body = "\n".join(f"{line} {nanoseconds(self.at(hours))}" for line, hours in lines).encode()
        answer = await self.site.call("POST", "/api/v2/write", token=self.capture, body=body)
        assert answer.status == 204, answer.body

    async def rows(self) -> list[dict[str, Any]]:
        return [row async for row in self.site.app.state.training.rows("default", self.at(-1))]

    async def report(self, query: str = "?days=90") -> dict[str, dict[str, Any]]:
        answer = await self.site.call("GET", f"/v1/training{query}", token=self.read)
        assert answer.status == 200, answer.body
        return {line["action"] + ("?" if line["dry_run"] else ""): line for line in answer.json["actions"]}


@pytest.fixture
async def ledger(database_url: str) -> AsyncIterator[Ledger]:
    async with application(database_url) as site:
        yield Ledger(site, await site.token(["capture"]), await site.token(["read"]))


OBSERVED = "pr_observation,repo=acme_shop,pr={},author=amy checks_failing={}i"
ACTED = 'action_taken,repo=acme_shop,pr={} action="{}",reason="because"'
ENDED = 'outcome,repo=acme_shop,pr={} result="{}",detail="so",resolution_hours={}'


async def test_a_decision_of_our_own_has_its_state_inside_and_the_first_outcome_after_it(ledger: Ledger):
    await ledger.decide(1, "wait")
    await ledger.end(1, "escalated", 3.0)
    await ledger.decide(1, "merge")
    await ledger.end(1, "success", 5.0)
    await ledger.decide(1, "wait")
    await ledger.decide(2, "wait", dry_run=True)
    rows = await ledger.rows()

    assert [(row["pr"], row["action"], row["outcome"], row["censored"]) for row in rows] == [
        (1, "wait", "escalated", False),
        (1, "merge", "success", False),
        (1, "wait", None, True),
        (2, "wait", None, True),
    ]
    assert rows[1]["state"] == {"merge_state": "CLEAN", "checks_failing": 0}
    assert (rows[1]["source"], rows[1]["candidates"], rows[1]["probability"]) == ("decision", ["wait", "merge"], 1.0)
    assert (rows[1]["resolution_hours"], rows[1]["reason"], rows[1]["attempts"]) == (5.0, "for merge", {"conflict": 1})
    assert [row["dry_run"] for row in rows] == [False, False, False, True]


async def test_an_action_of_a_script_is_joined_with_what_was_seen_last_and_what_came_next(ledger: Ledger):
    await ledger.write(
        (OBSERVED.format(7, 1), 1),
        (OBSERVED.format(7, 2), 2),
        (ACTED.format(7, "wait"), 2),
        (ACTED.format(7, "request_review_fix"), 3),
        (OBSERVED.format(7, 0), 4),
        (ENDED.format(7, "success", 4.5), 5),
        (ACTED.format(7, "merge"), 6),
        (OBSERVED.format(8, 9), 2),
        (ACTED.format(9, "wait"), 3),
    )
    rows = await ledger.rows()

    assert [(row["pr"], row["action"], (row["state"] or {}).get("checks_failing"), row["outcome"]) for row in rows] == [
        (7, "wait", 2, "success"),
        (7, "request_review_fix", 2, "success"),
        (9, "wait", None, None),
        (7, "merge", 0, None),
    ]
    assert {(row["source"], row["candidates"], row["probability"]) for row in rows} == {("points", None, None)}
    assert rows[0]["observed_at"] == ledger.at(2)
    assert rows[1]["resolution_hours"] == 4.5


async def test_a_repository_is_the_same_with_a_slash_and_without(ledger: Ledger):
    await ledger.write(
        ("pr_observation,repo=acme/shop,pr=7 checks_failing=3i", 1),
        (ACTED.format(7, "wait"), 2),
        ('outcome,repo=acme/shop,pr=7 result="closed"', 3),
    )
    (row,) = await ledger.rows()

    assert (row["state"], row["outcome"]) == ({"checks_failing": 3}, "closed")


async def test_a_point_that_was_written_with_a_decision_is_not_a_second_one(ledger: Ledger):
    moment = ledger.at(1)
    await ledger.decide(7, "wait", at=clock.iso(moment))
    twin = datetime.fromisoformat(clock.iso(moment))
    await ledger.write((ACTED.format(7, "wait"), (twin - ledger.begin) / timedelta(hours=1)))
    await ledger.write((ACTED.format(7, "merge"), 2))

    assert [(row["source"], row["action"]) for row in await ledger.rows()] == [
        ("points", "merge"),
        ("decision", "wait"),
    ]


async def test_the_report_counts_a_pull_request_once_for_each_action(ledger: Ledger):
    for number, result, took in ((1, "success", 2.0), (2, "success", 4.0), (3, "closed", 9.0)):
        for _ in range(5):
            await ledger.decide(number, "wait")
        await ledger.decide(number, "merge")
        await ledger.end(number, result, took)
    await ledger.decide(4, "wait")
    await ledger.decide(5, "merge", dry_run=True)
    report = await ledger.report()
    wait = report["wait"]

    assert sorted(report) == ["merge", "merge?", "wait"]
    assert (wait["decisions"], wait["works"], wait["ended"], wait["open"]) == (16, 4, 3, 1)
    assert wait["outcomes"] == {"closed": 1, "success": 2}
    assert (wait["success"]["n"], wait["success"]["value"]) == (3, pytest.approx(2 / 3))
    assert wait["success"]["low"] < 2 / 3 < wait["success"]["high"]
    assert (wait["resolution_hours"]["mean"], wait["resolution_hours"]["median"]) == (5.0, 4.0)
    assert wait["resolution_hours"]["mean_low"] == 0.0
    assert (report["merge?"]["open"], report["merge?"]["success"]["value"]) == (1, None)


async def test_a_range_leaves_out_what_was_decided_before_it(ledger: Ledger):
    await ledger.write((ACTED.format(7, "wait"), 1), (ACTED.format(8, "merge"), 9 * 24))

    assert sorted(await ledger.report("?days=3")) == ["merge"]
    assert sorted(await ledger.report("?days=30")) == ["merge", "wait"]


async def test_the_report_is_csv_too_and_of_one_tenant(ledger: Ledger):
    await ledger.write((ACTED.format(7, "wait"), 1), (ENDED.format(7, "success", 1.5), 2))
    table = await ledger.site.call("GET", "/v1/training?days=90&format=csv", token=ledger.read)
    head, line = table.body.decode().splitlines()

    assert head.startswith("action,dry_run,decisions,works,ended,open,outcomes,success_value,success_n")
    assert line.startswith("wait,false,1,1,1,0,")
    assert [row async for row in ledger.site.app.state.training.rows("sample", ledger.at(-1))] == []


async def test_the_page_says_what_actions_led_to_or_how_to_begin(ledger: Ledger):
    empty = await ledger.site.call("GET", "/training", token=ledger.read)
    await ledger.write(
        (ACTED.format(7, "wait"), 1), (ENDED.format(7, "success", 1.5), 2), (ACTED.format(8, "<b>"[1]), 3)
    )
    full = await ledger.site.call("GET", "/training?days=90", token=ledger.read)

    assert "Nothing was decided" in empty.body.decode()
    assert "tally shepherd run --once --dry-run" in empty.body.decode()
    assert "100% of 1, the true one is 21% to 100%" in full.body.decode()
    assert "1.5 h" in full.body.decode()


async def test_thousands_of_decisions_come_in_their_order_one_snapshot(ledger: Ledger):
    for begin in range(0, 3_000, 1_000):
        await ledger.write(
            *((ACTED.format(number + 1, "wait"), number / 100) for number in range(begin, begin + 1_000))
        )
    prs = []
    async for row in ledger.site.app.state.training.rows("default", ledger.at(-1)):
        if not prs:
            await ledger.write((ACTED.format(9_999, "wait"), 50))
        prs.append(row["pr"])

    assert prs == list(range(1, 3_001))
