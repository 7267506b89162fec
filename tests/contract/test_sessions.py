"""`GET /v1/sessions` and `/v1/sessions/<id>`: a session in full, for those whose it is."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tallyward import clock
from tallyward.services import sessions
from tests.in_process import InProcess, application

START = clock.now() - timedelta(hours=1)
FIRE = {"engineer_id": "amy", "skill_name": "/ship", "runtime": "claude-code-cli", "status": "success"}
HOSTILE = "<script>/../\u202e 100% 🦉'"


def fire(session: str, start_ms: int, **facts: Any) -> dict[str, Any]:
    ts = clock.iso(START + timedelta(milliseconds=start_ms))
    return {**FIRE, "session_id": session, "prompt_id": "p", "ts": ts, **facts}


def request(key: str, session: str, **facts: Any) -> dict[str, Any]:
    return {
        "request_key": key, "ts": clock.iso(START + timedelta(seconds=1)), "model": "claude-opus-4-8",
        "runtime": "claude-code-cli", "engineer_id": "amy", "session_id": session, "prompt_id": "p",
        "input_tokens": 1_000_000, "output_tokens": 0, "source": "transcript", **facts,
    }  # fmt: skip


@pytest.fixture
async def site(database_url: str) -> AsyncIterator[InProcess]:
    async with application(database_url) as running:
        token = await running.token(["capture"])
        fires = [
            fire("s1", 0, kind="session", skill_name="session", latency_ms=9_000, repo="o/app"),
            fire("s1", 100, kind="agent", skill_name="reviewer", latency_ms=5_000),
            fire("s1", 200, kind="tool", skill_name="Read", latency_ms=10, status="error"),
            fire("s1", 150),
            fire("s2", 60_000, engineer_id="bo"),
            fire("s3", 120_000, engineer_id="fleet", runtime="k8s-job", kind="agent", skill_name="fixer"),
            fire(HOSTILE, 180_000),
        ]
        requests = [request("r1", "s1"), request("r2", "s1", model="nobody-makes-this"), request("r3", "s2")]
        assert (await running.call("POST", "/v1/trace", token=token, body=fires)).status == 202
        assert (await running.call("POST", "/v1/usage", token=token, body=requests)).status == 202
        yield running


async def listed(site: InProcess, query: str = "", scope: str = "admin", engineer: str | None = None) -> list[str]:
    answer = await site.call("GET", f"/v1/sessions?{query}", token=await site.token([scope], engineer))
    assert answer.status == 200, answer.body
    return [row["session_id"] for row in answer.json["rows"]]


async def status_of(site: InProcess, session: str, scope: str, engineer: str | None = None) -> int:
    token = await site.token([scope], engineer)
    return (await site.call("GET", f"/v1/sessions/{session}", token=token)).status


async def test_a_session_is_told_in_one_line_and_the_last_active_comes_first(site: InProcess):
    answer = await site.call("GET", "/v1/sessions", token=await site.token(["admin"]))

    assert [row["session_id"] for row in answer.json["rows"]] == [HOSTILE, "s3", "s2", "s1"]
    line = answer.json["rows"][-1]
    facts = ("engineer_id", "repo", "prompts", "fires", "errors", "skills", "requests", "unpriced_requests")
    assert {name: line[name] for name in facts} == {
        "engineer_id": "amy", "repo": "o/app", "prompts": 1, "fires": 3, "errors": 1, "skills": ["/ship", "reviewer"],
        "requests": 2, "unpriced_requests": 1,
    }  # fmt: skip
    assert line["cost_micros"] > 0
    assert answer.json["complete"] is True


async def test_sessions_are_found_filtered_and_come_in_pages(site: InProcess):
    assert await listed(site, "q=REVIEW") == ["s1"]
    assert await listed(site, "q=%25") == [HOSTILE], "a sign of a pattern is a letter"
    assert await listed(site, "engineer=bo") == ["s2"]
    assert await listed(site, "status=error&kind=tool") == ["s1"]
    assert await listed(site, "limit=1&page=2") == ["s3"]
    assert await listed(site, "from=2001-01-01&to=2001-01-02") == []


async def test_every_role_lists_what_it_may_see(site: InProcess):
    assert await listed(site, scope="read", engineer="amy") == [HOSTILE, "s1"]
    assert await listed(site, scope="read") == ["s3"], "a lead sees the agents"
    assert len(await listed(site, scope="admin")) == 4
    refused = [
        await site.call("GET", "/v1/sessions?engineer=bo", token=await site.token(["read"], "amy")),
        await site.call("GET", "/v1/sessions?runtime=codex-cli", token=await site.token(["read"])),
    ]
    assert [answer.status for answer in refused] == [403, 403]


async def test_sessions_of_more_fires_than_are_looked_at_are_listed_and_said_to_be_some(
    site: InProcess, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sessions, "REACH_FIRES", 3)
    answer = await site.call("GET", "/v1/sessions", token=await site.token(["admin"]))

    assert (answer.status, answer.json["complete"]) == (200, False)
    assert [row["session_id"] for row in answer.json["rows"]] == [HOSTILE, "s3", "s2"]


@pytest.mark.parametrize(
    ("session", "engineer", "lead", "admin"), [("s1", 200, 403, 200), ("s2", 404, 403, 200), ("s3", 404, 200, 200)]
)
async def test_a_session_is_for_the_one_whose_it_is(
    site: InProcess, session: str, engineer: int, lead: int, admin: int
):
    assert await status_of(site, session, "read", "amy") == engineer
    assert await status_of(site, session, "read") == lead
    assert await status_of(site, session, "admin") == admin


async def test_a_session_is_a_waterfall_of_fires_with_its_requests_and_their_cost(site: InProcess):
    board = (await site.call("GET", "/v1/sessions/s1", token=await site.token(["admin"]))).json

    spans = {span["skill_name"]: span for span in board["spans"]}
    assert [span["skill_name"] for span in board["spans"]] == ["session", "reviewer", "/ship", "Read"]
    assert [span["start_ms"] for span in board["spans"]] == [0, 100, 150, 200]
    assert [span["depth"] for span in board["spans"]] == [0, 1, 2, 2]
    assert spans["Read"]["parent"] == spans["reviewer"]["id"]
    assert [row["request_key"] for row in board["requests"]] == ["r1", "r2"]
    assert (board["requests_total"], board["unpriced_requests"], board["omitted"]) == (2, 1, 0)
    assert board["cost_micros"] == sum(row["cost_micros"] or 0 for row in board["requests"])


@pytest.mark.parametrize("name", ["nobody", "a\0b", "x" * 10_000, "🦉", "../s1"])
async def test_a_session_that_there_is_not_is_not_found(site: InProcess, name: str):
    assert await status_of(site, name, "admin") == 404


async def test_a_session_of_any_name_has_an_address_and_is_to_be_had_as_csv(site: InProcess):
    token = await site.token(["admin"])
    rows = (await site.call("GET", "/v1/sessions", token=token)).json["rows"]
    assert rows[0]["session"] == "/v1/sessions/" + quote(HOSTILE, safe="")

    answer = await site.call("GET", f"/v1/sessions/{HOSTILE}", token=token, accept="text/csv")

    head, row, rest = answer.body.decode().split("\r\n")
    assert (head.split(",")[-3:], row.split(",")[-3:], rest) == (["start_ms", "parent", "depth"], ["0", "", "0"], "")
