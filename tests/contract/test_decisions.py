"""The decisions of the shepherd over the API and on its page: who sees which, as JSON, as CSV and drawn."""

import csv
import io
from datetime import timedelta
from typing import Any

import msgspec

from tallyward import clock
from tallyward.domain.tenant import DEFAULT_TENANT, SAMPLE_TENANT
from tallyward.ledger.database import fetch_all
from tallyward.ops.sample_shepherd import SCRIPTS, decisions_of
from tests.in_process import Answer, InProcess, application
from tests.shepherding import READY, Care

CONFLICT = {"mergeable": False, "merge_state": "DIRTY"}


async def keep(site: InProcess, events: list[tuple[str, dict[str, Any]]], tenant: str = DEFAULT_TENANT) -> None:
    told = msgspec.json.encode([{"kind": kind, "payload": payload} for kind, payload in events]).decode()
    async with site.app.state.database.transaction(tenant) as connection:
        await fetch_all(connection, "append_events", {"events": told})


def looked(care: Care, looks: int = 1, minutes: float = 5) -> list[tuple[str, dict[str, Any]]]:
    care.now = clock.now() - timedelta(minutes=minutes * looks)
    for _ in range(looks):
        care.look()
        care.passes(minutes)
    return care.events


async def get(site: InProcess, target: str, token: str, **headers: str) -> Answer:
    answer = await site.call("GET", target, token=token, **headers)
    assert answer.status == 200, answer.body
    return answer


async def test_decisions_are_told_newest_first_with_the_state_they_were_taken_by(database_url: str):
    care = Care()
    care.becomes(**CONFLICT)
    async with application(database_url) as site:
        await keep(site, looked(care, 3))
        token = await site.token(["read"])
        board = (await get(site, "/v1/decisions", token)).json
        (asked,) = (await get(site, "/v1/decisions?action=request_conflict_fix&repo=acme/shop&number=41", token)).json[
            "decisions"
        ]
        nothing = (await get(site, "/v1/decisions?repo=acme/other", token)).json["decisions"]

    assert [row["action"] for row in board["decisions"]] == ["wait", "wait", "request_conflict_fix"]
    assert (asked["stands"], asked["asked"], asked["attempts"]["conflict"]) == ("CONFLICTING", "conflict", 0)
    assert asked["deadline"] > asked["at"]
    assert asked["state"]["merge_state"] == "DIRTY"
    assert board["decisions"][0]["asked"] == "conflict", "a wait tells what it waits for"
    assert nothing == []


async def test_decisions_as_csv_have_the_columns_of_a_row(database_url: str):
    async with application(database_url) as site:
        await keep(site, looked(Care()))
        answer = await get(site, "/v1/decisions?format=csv", await site.token(["read"]))
    (row,) = csv.DictReader(io.StringIO(answer.body.decode()))
    assert (row["repo"], row["number"], row["action"], row["reason"]) == ("acme/shop", "41", "merge", "merge")


async def test_an_engineer_sees_agents_work_and_the_own_and_not_whose_account_made_it(database_url: str):
    of_agent, own, others = Care(), Care(agent=None), Care(agent=None)
    own.becomes(number=42, repo_id=7, author="thomas-c")
    others.becomes(number=43, repo_id=7, author="amy")
    async with application(database_url) as site:
        for care in (of_agent, own, others):
            await keep(site, looked(care))
        engineer = await site.token(["read"], engineer="thomas-c")
        seen = (await get(site, "/v1/decisions", engineer)).json["decisions"]
        cared = (await get(site, "/v1/shepherd", engineer)).json["pull_requests"]
        everything = (await get(site, "/v1/shepherd", await site.token(["read"]))).json["pull_requests"]
    assert {(row["number"], row["state"]["author"]) for row in seen} == {(41, None), (42, "thomas-c")}
    assert {row["number"] for row in cared} == {41, 42}
    assert {row["number"] for row in everything} == {41, 42, 43}


async def test_what_is_asked_wrongly_is_refused_by_its_name(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["read"])
        for query, field in (
            ("action=dance", "action"),
            ("number=-1", "number"),
            ("number=x", "number"),
            ("pr=1", "pr"),
        ):
            answer = await site.call("GET", f"/v1/decisions?{query}", token=token)
            assert (answer.status, answer.json["error"]["field"]) == (422, field)


async def test_the_board_tells_the_way_and_who_waits_for_a_person_comes_first(database_url: str):
    given_up, merged = Care(), Care()
    given_up.becomes(number=40, checks=[])
    merged.becomes(number=44)
    async with application(database_url) as site:
        await keep(site, looked(Care(), 2))
        await keep(site, looked(given_up, 3, minutes=31))
        looked(merged)
        merged.becomes(state="merged", merged_at=merged.now)
        outcome = {
            "subject": "github:7#44", "forge": "github", "repo": "acme/shop", "number": 44, "at": clock.iso_now(),
            "result": "success", "detail": "merged_by_the_shepherd", "resolution_hours": 2.5,
        }  # fmt: skip
        await keep(site, [*merged.events, ("pull_request.outcome", outcome)])
        board = (await get(site, "/v1/shepherd", await site.token(["read"]))).json
    first, second = board["pull_requests"]
    assert (first["number"], first["stands"], first["escalation"]) == (40, "NEEDS_HUMAN", "no_checks_for_long")
    assert [stretch["stands"] for stretch in first["path"]] == ["CI_MISSING", "NEEDS_HUMAN"]
    assert second["number"] == READY.number
    assert sum(day["decisions"].get("escalate", 0) for day in board["days"]) == 1
    assert [(end["number"], end["result"]) for end in board["outcomes"]] == [(44, "success")]


async def test_the_page_goes_from_nothing_to_pull_requests_with_their_way(database_url: str):
    async with application(database_url) as site:
        token = await site.token(["read"])
        empty = (await get(site, "/shepherd", token)).body.decode()
        care = Care(acting=False)
        care.becomes(**CONFLICT, repo="acme/<b>shop</b>")
        await keep(site, looked(care, 2))
        full = (await get(site, "/shepherd", token)).body.decode()
    assert "No pull request is taken care of" in empty
    assert "acme/&lt;b&gt;shop" in full
    assert "dry run" in full
    assert "conflict fix asked" in full
    assert "conflict 1 of 2" in full
    assert 'class="way-asked"' in full
    assert "CONFLICTING" in full


async def test_the_sample_has_pull_requests_in_every_kind_of_state(database_url: str):
    async with application(database_url) as site:
        await site.app.state.tenants.ensure(SAMPLE_TENANT)
        await keep(site, list(decisions_of("sample-org/app", clock.now())), SAMPLE_TENANT)
        shown = (await get(site, "/shepherd?sample=1", await site.token(["read"]))).body.decode()
    assert shown.count('<svg class="way" role="img"') == len(SCRIPTS) - 3, "three of them have ended"
    for word in ("needs human", "fix requested", "review wait", "ready", "merged by the shepherd"):
        assert word in shown
