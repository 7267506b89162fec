"""Trust over the API: for each agent and for all, by the merges, or by what a person sets for a time."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.testing.frozen_clock import FrozenClock
from tests.contract.flow import Flow, flowing

READER = Principal(token_id=0, tenant="default", name="tests", scopes=frozenset({"read"}))


@pytest.fixture
async def flow(database_url: str) -> AsyncIterator[Flow]:
    async with flowing(database_url) as found:
        yield found


async def board(flow: Flow) -> dict[str, Any]:
    return (await flow.site.call("GET", "/v1/trust", token=flow.reader)).json


async def levels(flow: Flow) -> dict[str | None, str]:
    said = await board(flow)
    return {one["agent"]: one["level"] for one in (said["everybody"], *said["agents"])}


def wish(level: str = "trusted", agent: str | None = None, **more: Any) -> dict[str, Any]:
    until = clock.iso(clock.now() + timedelta(hours=2))
    return {"level": level, "reason": "release week", "until": until, "agent": agent, **more}


async def test_one_bad_agent_is_restricted_and_the_others_are_not(flow: Flow):
    await flow.merges("." * 180, agent="good")
    await flow.merges(".x" * 25, agent="bad")
    await flow.merges("." * 80, agent="good")

    assert await levels(flow) == {None: "trusted", "bad": "restricted", "good": "trusted"}
    (crossed,) = [e["payload"] for e in await flow.events("metric.window_filled") if "bad" in e["payload"]["series"]
                  and e["payload"]["metric"] == "first_pass_merge_rate"]  # fmt: skip
    assert (crossed["scope"], crossed["state"]) == ("agent:bad", "below")


async def test_an_agent_is_never_trusted_more_than_all_are(flow: Flow):
    await flow.merges("." * 100, agent="good")
    await flow.merges("x" * 50, agent="bad")

    assert await levels(flow) == {None: "restricted", "bad": "restricted", "good": "restricted"}


async def test_the_agent_of_an_item_is_the_last_one_said(flow: Flow):
    await flow.move("web", "S-1", {"phase": "build", "agent": "one"})
    await flow.move("web", "S-1", {"phase": "review"})
    await flow.move("web", "S-1", {"phase": "merge", "agent": "two"})
    await flow.move("web", "S-1", {"phase": "merged"})
    item = (await flow.site.call("GET", "/v1/work-items/web/S-1", token=flow.reader)).json

    assert item["agent"] == "two"
    assert [e["payload"]["agent"] for e in await flow.events("phase.transition")] == ["one", "one", "two", "two"]
    assert [one["agent"] for one in (await board(flow))["agents"]] == ["two"]


async def test_a_person_sets_a_level_and_ends_it_and_both_are_events(flow: Flow):
    await flow.merges("." * 60, agent="axon")
    kay = await flow.site.token(["approve", "read"], "kay")
    made = await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish(agent="axon"))
    assert (made.status, made.json["by"]) == (202, "kay")
    assert (await levels(flow))["axon"] == "trusted"
    ended = await flow.site.call("POST", "/v1/trust/overrides/end", token=kay, body={"agent": "axon"})
    again = await flow.site.call("POST", "/v1/trust/overrides/end", token=kay, body={"agent": "axon"})

    assert (ended.status, again.status) == (202, 404)
    assert (await levels(flow))["axon"] == "normal"
    told = await flow.events("trust.overridden", "trust.override_ended")
    assert [(e["kind"], e["payload"].get("how")) for e in told] == [
        ("trust.overridden", None), ("trust.override_ended", "ended"),
    ]  # fmt: skip


async def test_a_level_set_for_all_is_that_of_the_rates_too_and_runs_out_by_itself(flow: Flow):
    kay = await flow.site.token(["approve"], "kay")
    await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish("restricted"))
    assert (await flow.rates())["trust"] == {"level": "restricted", "because": "set by kay: release week"}

    with FrozenClock(clock.now() + timedelta(hours=3)):
        rates = await flow.site.app.state.rates.read(READER)
        ended = await flow.site.app.state.trust.end_expired("default")
        twice = await flow.site.app.state.trust.end_expired("default")
    assert (rates.trust.level, ended, twice) == ("normal", 1, 0)
    (event,) = await flow.events("trust.override_ended")
    assert event["payload"]["how"] == "expired"


async def test_a_key_in_the_reason_is_not_kept(flow: Flow):
    key = f"ghp_{'x' * 36}"
    kay = await flow.site.token(["approve", "read"], "kay")
    await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish(reason=f"see {key}"))

    (told,) = await flow.events("trust.overridden")
    assert told["payload"]["reason"] == "see [redacted]"


async def test_what_was_set_before_is_replaced(flow: Flow):
    kay = await flow.site.token(["approve"], "kay")
    for level in ("trusted", "restricted"):
        await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish(level))

    assert (await levels(flow))[None] == "restricted"
    assert [e["payload"]["how"] for e in await flow.events("trust.override_ended")] == ["replaced"]


async def test_no_agent_sets_its_own_trust_and_no_machine_that_moves_work_sets_any(flow: Flow):
    await flow.merge(agent="axon")
    for scopes, engineer, agent in (
        (["dispatch"], None, None),
        (["dispatch", "approve"], None, None),
        (["approve"], "axon", "other"),
        (["admin"], "newcomer", "newcomer"),
    ):
        token = await flow.site.token(scopes, engineer)
        refused = await flow.site.call("POST", "/v1/trust/overrides", token=token, body=wish(agent=agent))
        assert (refused.status, refused.json["error"]["code"]) == (403, "scope_missing")
    assert await flow.events("trust.overridden") == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"until": "2026-05-01T00:00:00"}, "until"),
        ({"until": "2020-05-01T00:00:00Z"}, "until"),
        ({"until": "9020-05-01T00:00:00Z"}, "until"),
        ({"reason": " "}, "reason"),
        ({"agent": "a\u0000b"}, "agent"),
        ({"level": "boundless"}, None),
        ({"forever": True}, None),
    ],
)
async def test_what_cannot_be_set_is_refused_by_name(flow: Flow, wrong: dict[str, Any], field: str | None):
    kay = await flow.site.token(["approve"], "kay")
    refused = await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish() | wrong)

    assert (refused.status, refused.json["error"].get("field")) == (422, field)


async def test_the_page_shows_who_is_trusted_how_far(flow: Flow):
    kay = await flow.site.token(["approve"], "kay")
    await flow.merge(agent="<axon>")
    await flow.site.call("POST", "/v1/trust/overrides", token=kay, body=wish("restricted", agent="<axon>"))
    page = (await flow.site.call("GET", "/rates", token=flow.reader)).body.decode()

    assert "&lt;axon&gt;" in page
    assert "set by kay: release week" in page
