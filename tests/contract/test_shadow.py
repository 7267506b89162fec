"""A learned policy in the shadow of the shepherd: asked at each decision, kept beside it, and never acting."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from tallyward import clock
from tallyward.domain.policy_rows import FEATURES
from tallyward.domain.policy_shadow import NEVER_ALONE
from tallyward.domain.policy_tree import Node, Trained, Tree
from tallyward.services.revising import append
from tallyward.services.shadow import ShadowPolicy
from tallyward.testing.frozen_clock import FrozenClock
from tests.contract.flow import Flow, flowing
from tests.decisions import decisions

TRAINED = Trained(rules="rules/1", rows=1, pull_requests=1, since="", until="", cut="", library="")
LAZY = Tree(features=list(FEATURES), nodes=[Node(counts={"wait": 3.0, "merge": 1.0})], trained=TRAINED)
HISTORY = decisions(56)


def asks(feature: str, at_most: float, yes: str, no: str) -> Tree:
    """A policy of one question."""
    question = Node(feature=list(FEATURES).index(feature), at_most=at_most, yes=1, no=2)
    return Tree(features=list(FEATURES), nodes=[question, Node(counts={yes: 1.0}), Node(counts={no: 1.0})],
                trained=TRAINED)  # fmt: skip


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


def book_of(flow: Flow) -> ShadowPolicy:
    return ShadowPolicy(flow.site.app.state.database)


async def consider(book: ShadowPolicy, payload: dict[str, Any]) -> dict[str, Any]:
    return await book.consider("default", payload["state"], payload["candidates"], payload) or {}


async def keep(flow: Flow, payload: dict[str, Any], shadow: dict[str, Any] | None) -> None:
    """A decision of the rule table, kept as the shepherd keeps it."""
    async with flow.site.app.state.database.transaction("default") as connection:
        await append(connection, "pull_request.decision", {**payload, "shadow": shadow})


async def told(flow: Flow, kind: str) -> list[dict[str, Any]]:
    admin = await flow.site.token(["admin"])
    events = (await flow.site.call("GET", f"/v1/events?kind={kind}", token=admin)).json["events"]
    return [event["payload"] for event in events]


async def test_nobody_is_asked_until_a_policy_is_in_the_shadow_and_none_after(flow: Flow):
    book = book_of(flow)
    assert await consider(book, HISTORY[0]) == {}
    on = await book.turn_on("default", LAZY, actor="kay")
    said = await consider(book, HISTORY[0])
    off = await book.turn_off("default", actor="kay")

    assert (on.phase, on.policy, off.phase) == ("shadow", LAZY.name, "off")
    assert said == {"policy": LAZY.name, "action": "wait", "probability": 0.75, "allowed": True}
    assert await consider(book, HISTORY[0]) == {}
    assert await consider(book_of(flow), HISTORY[0]) == {}


async def test_what_no_guard_asks_for_is_said_and_marked(flow: Flow):
    book = book_of(flow)
    await book.turn_on("default", asks("checks_pending", 0.5, "merge", "wait"), actor="kay")
    red = next(one for one in HISTORY if one["state"]["checks_failing"])
    said = await consider(book, red)

    assert (said["action"], said["allowed"]) == ("merge", False)


async def test_the_policy_itself_is_in_the_event_and_the_same_one_is_put_there_once(flow: Flow):
    book = book_of(flow)
    for _ in range(2):
        await book.turn_on("default", LAZY, actor="kay")
    (event,) = await told(flow, "policy.shadow_on")

    assert (event["policy"], event["tree"]) == (LAZY.name, msgspec.to_builtins(LAZY))


async def test_it_knows_what_was_asked_for_before_from_the_outbox(flow: Flow):
    book = book_of(flow)
    await book.turn_on("default", asks("hours_since_asked_review", -0.5, "merge", "wait"), actor="kay")
    request = next(one for one in HISTORY if one["action"] == "request_review_fix")
    before = await consider(book, request)
    await keep(flow, request, before)

    assert (before["action"], (await consider(book, request))["action"]) == ("merge", "wait")


async def test_promotion_is_refused_and_why_is_kept_and_read(flow: Flow):
    book = book_of(flow)
    await book.turn_on("default", LAZY, actor="kay")
    board = await book.promote("default", actor="kay")
    (event,) = await told(flow, "policy.promotion_refused")
    read = (await flow.site.call("GET", "/v1/policy", token=flow.reader)).json

    assert board.standing.phase == "shadow"
    assert event["because"] == board.refused_because
    assert (read["standing"]["policy"], read["says"]) == (LAZY.name, NEVER_ALONE)
    assert any("less than 7 days" in sentence for sentence in read["refused_because"])


async def test_after_a_week_of_agreement_it_is_promoted_and_goes_on_watching(flow: Flow):
    book = book_of(flow)
    begin = datetime.fromisoformat(HISTORY[0]["at"]) - timedelta(hours=1)
    with FrozenClock(begin):
        await book.turn_on("default", LAZY, actor="kay")
    week = [one for one in HISTORY if datetime.fromisoformat(one["at"]) <= begin + timedelta(days=7)]
    for payload in week:
        await keep(flow, payload, {**(await consider(book, payload)), "action": payload["action"]})
    with FrozenClock(begin + timedelta(days=7, seconds=1)):
        board = await book.promote("default", actor="kay")
        again = await book.promote("default", actor="kay")

    assert (board.standing.phase, board.refused_because, board.says) == ("promoted", [], NEVER_ALONE)
    assert again.refused_because == ["It is promoted already."]
    assert (await consider(book, HISTORY[-1]))["policy"] == LAZY.name
    assert board.agreement is not None
    assert board.agreement.decisions == len(week) >= 200


async def test_one_decision_that_was_not_compared_refuses_it(flow: Flow):
    book = book_of(flow)
    await book.turn_on("default", LAZY, actor="kay")
    await keep(flow, {**HISTORY[0], "at": clock.iso(clock.now() - timedelta(hours=1))}, None)
    board = await book.board("default")

    assert board.agreement is not None
    assert (board.agreement.decisions, board.agreement.missing) == (1, 1)
    assert "1 of 1 decisions were not compared." in board.refused_because


async def test_the_rows_of_the_ledger_are_those_of_its_decisions(flow: Flow):
    for payload in HISTORY[:7]:
        await keep(flow, payload, None)
    rows = await book_of(flow).rows("default", datetime.fromisoformat("2020-01-01T00:00:00Z"))

    assert [(row.subject, row.action) for row in rows] == [(one["subject"], one["action"]) for one in HISTORY[:7]]


async def test_the_page_of_the_shepherd_shows_what_watches_and_how_it_agreed(flow: Flow):
    book = book_of(flow)
    await book.turn_on("default", LAZY, actor="kay")
    last = {**HISTORY[0], "at": clock.iso(clock.now())}
    await keep(flow, last, await consider(book, last))
    page = (await flow.site.call("GET", "/shepherd", token=flow.reader)).body.decode()

    assert LAZY.name in page
    assert NEVER_ALONE in page
    assert "of all: 100.0% of 1" in page
