"""Cost, agents and the audit trail over the API: what they tell, to whom, and what they leave out."""

from collections.abc import AsyncIterator
from typing import Any

import psycopg
import pytest

from tallyward import clock
from tests.in_process import InProcess, application
from tests.ledger_rows import connected


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url) as running:
        yield running


async def told(site: InProcess, target: str, scope: str = "read", engineer: str | None = None) -> Any:
    answer = await site.call("GET", target, token=await site.token([scope], engineer))
    assert answer.status == 200, answer.body
    return answer.json


def request(key: str, engineer: str, model: str = "claude-opus-4-8", **facts: Any) -> dict[str, Any]:
    return {
        "request_key": key, "ts": clock.iso_now(), "model": model, "runtime": "claude-code-cli",
        "engineer_id": engineer, "input_tokens": 1_000, "source": "transcript", **facts,
    }  # fmt: skip


async def spend(site: InProcess, *rows: dict[str, Any]) -> None:
    answer = await site.call("POST", "/v1/usage", token=await site.token(["capture"]), body=list(rows))
    assert answer.status == 202, answer.body


async def test_cost_tells_the_whole_what_nothing_explains_and_what_has_no_price(site: InProcess):
    await spend(
        site,
        request("a", "amy", skill_name="/ship"),
        request("b", "bo"),
        request("c", "bo", "nobody-makes-this"),
    )
    board = await told(site, "/v1/cost?by=skill")

    assert {row["key"]: row["requests"] for row in board["rows"]} == {"/ship": 1, "(none)": 2}
    assert (board["entire"]["requests"], board["entire"]["people"], board["entire"]["unpriced_requests"]) == (3, 2, 1)
    assert board["unattributed"]["requests"] == 2
    assert board["unattributed"]["share"]["value"] == pytest.approx(2 / 3)
    assert board["unpriced"] == [{"model": "nobody-makes-this", "requests": 1}]
    assert len(board["days"]) == 30
    series = {line["key"]: line["cost_micros"] for line in board["daily"]}
    assert sum(value or 0 for value in series["/ship"]) == board["rows"][0]["cost_micros"]
    assert isinstance(board["rows"][0]["cost_micros"], int)


async def test_without_a_request_there_is_no_share_and_without_a_price_no_cost(site: InProcess):
    empty = await told(site, "/v1/cost?by=model")
    assert empty["unattributed"]["share"] == {"value": None, "n": 0, "low": None, "high": None}

    await spend(site, request("c", "bo", "nobody-makes-this"))
    board = await told(site, "/v1/cost?by=model")

    assert (board["entire"]["cost_micros"], board["rows"][0]["cost_micros"]) == (None, None)


async def test_an_engineer_sees_the_own_cost_and_no_small_groups(site: InProcess):
    await spend(
        site,
        *[request(f"m{who}", who, "claude-opus-4-8") for who in ("amy", "bo", "cy", "di")],
        *[request(f"h{who}", who, "claude-haiku-4-5") for who in ("amy", "bo", "cy")],
        request("x", "di", "claude-sonnet-4-5"),
    )
    board = await told(site, "/v1/cost?by=model", engineer="amy")
    people = await told(site, "/v1/cost?by=engineer", engineer="amy")
    own = await told(site, "/v1/cost?by=model&engineer=amy", engineer="amy")

    shown = {row["key"]: (row["requests"], row["suppressed"]) for row in board["rows"]}
    assert shown == {
        "claude-opus-4-8": (4, False), "claude-haiku-4-5": (None, True), "claude-sonnet-4-5": (None, True),
    }  # fmt: skip
    assert (board["entire"]["requests"], board["unattributed"], board["daily"]) == (8, None, [])
    assert [row["key"] for row in people["rows"]] == ["amy"]
    assert (own["entire"]["requests"], own["unattributed"]["requests"]) == (2, 2)


@pytest.mark.parametrize(
    ("target", "field"),
    [
        ("/v1/cost?by=colour", "by"),
        ("/v1/cost?kind=skill", "kind"),
        ("/v1/cost?page=1000000000", "page"),
        ("/v1/agents?from=2026-01-02&to=2026-01-01", "to"),
        ("/v1/requests?status=error", "status"),
        ("/v1/audit?from=1900-01-01", "from"),
        ("/v1/sessions?tz=Mars", "tz"),
        ("/v1/fires?runtime=k8s-job,abacus", "runtime"),
        ("/v1/utilization?days=0", "days"),
        ("/v1/economics?format=xml", "format"),
        ("/v1/me?engineer=amy&colour=red", "colour"),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_name(site: InProcess, target: str, field: str):
    answer = await site.call("GET", target, token=await site.token(["admin"]))

    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["field"]) == (422, "invalid", field)


async def test_an_engineer_of_whom_nothing_is_known_has_boards_without_numbers(site: InProcess):
    me = await told(site, "/v1/me", engineer="nobody-yet")
    board = await told(site, "/v1/utilization", engineer="nobody-yet")
    skills = await told(site, "/v1/skills?engineer=nobody-yet", engineer="nobody-yet")
    cost = await told(site, "/v1/cost?engineer=nobody-yet", engineer="nobody-yet")

    assert (me["row"], me["skills"], board["engineers"], skills["rows"], cost["rows"]) == (None, [], [], [], [])
    assert skills["entire"]["success"]["value"] is None


async def test_rows_of_a_clock_that_is_ahead_count_while_the_range_is_open(site: InProcess):
    fire = {"engineer_id": "amy", "skill_name": "/ship", "runtime": "modal", "status": "success"}
    body = [fire, {**fire, "ts": "2096-01-01T00:00:00Z"}]
    await site.call("POST", "/v1/trace", token=await site.token(["capture"]), body=body)

    board = await told(site, "/v1/utilization")
    today = f"{clock.now():%Y-%m-%d}"
    until_today = await told(site, f"/v1/utilization?from=2026-01-01&to={today}")

    assert (board["team"]["fires_30d"], board["team"]["daily"][-1]) == (2, 2)
    assert until_today["team"]["fires_30d"] == 0


def agents_of(database_url: str) -> None:
    with connected(database_url) as connection:
        connection.execute(
            "INSERT INTO skill_invocations (engineer_id, skill_name, runtime, status, kind, cost_micros)"
            " SELECT 'fleet', agent, 'k8s-job', 'success', 'agent', micros FROM (VALUES ('dear', 30000001),"
            " ('fair', 30000000), ('cheap', 15000000), ('idle', 1), ('unmetered', NULL)) AS a (agent, micros)"
        )
        connection.execute(
            "INSERT INTO pull_requests (repo, number, state, head_branch, merged_at)"
            " SELECT 'o/a', row_number() OVER (), 'merged', 'axon/' || agent || '/1', now()"
            " FROM unnest('{dear,fair,cheap,unmetered}'::text[]) AS agent"
        )
        connection.execute(
            "INSERT INTO agent_health_stats (snapshot_date, agent_name, runs_30d, prs_opened_30d, prs_merged_30d,"
            " prs_reverted_30d) VALUES (current_date, 'cheap', 9, 10, 8, 1)"
        )


async def test_an_agent_is_judged_by_what_a_merged_pull_request_of_its_costs(site: InProcess, database_url: str):
    agents_of(database_url)

    board = await told(site, "/v1/agents")

    lights = {row["agent"]: (row["micros_per_merged_pr"], row["light"]) for row in board["rows"]}
    assert lights == {
        "dear": (30_000_001, "red"), "fair": (30_000_000, "yellow"), "cheap": (15_000_000, "green"),
        "idle": (None, "undefined"), "unmetered": (None, "undefined"),
    }  # fmt: skip
    cheap = next(row for row in board["rows"] if row["agent"] == "cheap")
    assert (cheap["survival"]["value"], cheap["survival"]["n"], cheap["usd_per_merged_pr"]) == (0.7, 10, 15.0)
    assert (board["entire"]["runs"], board["entire"]["prs_merged"]) == (5, 4)
    assert [row["agent"] for row in (await told(site, "/v1/agents?q=CHEA", engineer="amy"))["rows"]] == ["cheap"]


async def test_coverage_is_the_share_of_what_fired_that_has_arrived(site: InProcess, database_url: str):
    empty = await told(site, "/v1/capture")
    assert (empty["entire"]["fired"], empty["entire"]["coverage"]["value"], empty["machines"]) == (0, None, 0)
    with connected(database_url) as connection:
        connection.execute(
            "INSERT INTO capture_reports (machine, day, engineer_id, waiting, stored, duplicate, refused, lost)"
            " VALUES (repeat('1', 32), current_date, 'amy', 1, 7, 1, 0, 1),"
            " (repeat('2', 32), current_date, 'bo', 0, 10, 0, 0, 0)"
        )
    board = await told(site, "/v1/capture")
    own = await told(site, "/v1/capture", engineer="amy")
    others = await site.call("GET", "/v1/capture?engineer=bo", token=await site.token(["read"], "amy"))

    assert (board["machines"], board["entire"]["fired"], board["entire"]["coverage"]["value"]) == (2, 20, 0.9)
    assert [(row["machine"], row["coverage"]["value"]) for row in own["rows"]] == [("1" * 32, 0.8)]
    assert others.status == 403


async def test_how_long_the_hooks_took_adds_up_and_is_undefined_where_nobody_told(site: InProcess):
    assert (await told(site, "/v1/capture"))["hooks"] == {
        "entire": {"events": 0, "p50_ms": None, "p95_ms": None, "slow": 0}, "engineers": {},
    }  # fmt: skip
    day = {"day": clock.now().date().isoformat(), "waiting": 0, "stored": 9, "duplicate": 0, "refused": 0}
    for machine, counts in (("1", [0, 6, 0, 0, 0, 0, 0, 0, 0]), ("2", [0, 0, 0, 0, 3, 0, 0, 1, 0])):
        days = [{**day, "engineer_id": "amy", "hook_ms": counts}, {**day, "engineer_id": "bo"}]
        body = {"machine": machine * 32, "days": days}
        assert (
            await site.call("POST", "/v1/capture-report", token=await site.token(["capture"]), body=body)
        ).status == 202
    amy = {"events": 10, "p50_ms": 10, "p95_ms": 500, "slow": 1}
    assert (await told(site, "/v1/capture"))["hooks"] == {"entire": amy, "engineers": {"amy": amy}}
    assert (await told(site, "/v1/capture", engineer="bo"))["hooks"]["engineers"] == {}
    short = {"machine": "3" * 32, "days": [{**day, "engineer_id": "amy", "hook_ms": [1]}]}
    refused = await site.call("POST", "/v1/capture-report", token=await site.token(["capture"]), body=short)
    assert refused.status == 422


async def test_the_audit_trail_comes_in_pages_with_the_state_of_its_chain(site: InProcess):
    for _ in range(4):
        await site.token(["read"])
    board = await told(site, "/v1/audit?limit=2", "admin")

    length = board["chain"]["length"]
    assert length >= 5
    assert [event["seq"] for event in board["events"]] == [length, length - 1]
    assert (board["total"], board["chain"]["whole"], board["chain"]["broken_at"]) == (length, True, None)
    assert board["chain"]["checked"] == length
    assert board["events"][0]["prev_hash"] == board["events"][1]["hash"]
    assert board["chain"]["head"] == board["events"][0]["hash"]
    assert (await told(site, "/v1/audit?event=nothing.happened", "admin"))["total"] == 0


async def test_a_chain_that_somebody_mended_is_known_by_its_first_wrong_event(site: InProcess, database_url: str):
    for _ in range(3):
        await site.token(["read"])
    with psycopg.connect(database_url, options="-c tally.tenant=default") as connection:
        connection.execute("ALTER TABLE events_outbox DISABLE TRIGGER events_outbox_append_only")
        connection.execute("UPDATE events_outbox SET payload = '{}' WHERE seq = 2")

    board = await told(site, "/v1/audit", "admin")

    assert (board["chain"]["whole"], board["chain"]["broken_at"]) == (False, 2)
