"""`GET /v1/skills`: ranges, filters, pages, roles and CSV of a board, over the API."""

import csv
import io
from typing import Any
from urllib.parse import quote

import pytest

from tests.in_process import InProcess, application

FIRE = {"runtime": "claude-code-cli", "status": "success"}
HOSTILE = [
    "<script>alert(1)</script>",
    "\u202egnirts",
    "🦉" * 75,
    "100%",
    "'; DROP TABLE x; --",
    "=1+1",
    'a,b\n"c"',
    " ",
]


def fire(engineer: str, skill: str, **more: Any) -> dict[str, Any]:
    return {"engineer_id": engineer, "skill_name": skill} | FIRE | more


async def store(site: InProcess, *rows: dict[str, Any]) -> None:
    token = await site.token(["capture"])
    for start in range(0, len(rows), 10_000):
        body = list(rows[start : start + 10_000])
        assert (await site.call("POST", "/v1/trace", token=token, body=body)).status == 202


async def ask(site: InProcess, query: str = "", engineer: str | None = None) -> Any:
    answer = await site.call("GET", f"/v1/skills?{query}", token=await site.token(["read"], engineer))
    assert answer.status == 200, answer.body
    return answer.json


async def test_a_rate_carries_its_number_and_its_interval(database_url: str):
    async with application(database_url) as site:
        await store(site, *[fire("ada", "/ship", latency_ms=10)] * 3, fire("bo", "/ship", status="error"))
        board = await ask(site)

    (row,) = board["rows"]
    assert (row["fires"], row["people"], row["latency_count"], row["p50_latency_ms"]) == (4, 2, 3, 10)
    assert (row["success"]["value"], row["success"]["n"]) == (0.75, 4)
    assert row["success"]["low"] == pytest.approx(0.3006, abs=1e-3)
    assert row["cost_micros"] is None
    assert board["entire"]["fires"] == 4


async def test_the_days_of_each_skill_add_up_to_its_fires(database_url: str):
    async with application(database_url) as site:
        await store(site, *[fire("ada", f"/s{number}") for number in range(9) for _ in range(number + 1)])
        board = await ask(site)
        own_team = await ask(site, engineer="ada")

    assert len(board["days"]) == 30
    sums = {line["skill_name"]: sum(line["fires"]) for line in board["daily"]}
    assert sums == {"/s8": 9, "/s7": 8, "/s6": 7, "/s5": 6, "/s4": 5, "/s3": 4, "/s2": 3, "(other)": 3}
    assert own_team["daily"] == [], "of a day too few may be left"


async def test_an_empty_ledger_has_no_rates(database_url: str):
    async with application(database_url) as site:
        board = await ask(site)

    assert board["rows"] == []
    assert board["entire"]["fires"] == 0
    assert board["entire"]["success"] == {"value": None, "n": 0, "low": None, "high": None}
    assert board["entire"]["p95_latency_ms"] is None


async def test_sessions_are_no_skills_unless_asked_for(database_url: str):
    async with application(database_url) as site:
        await store(site, fire("ada", "session", kind="session"), fire("ada", "Bash", kind="tool"))
        names = [row["skill_name"] for row in (await ask(site))["rows"]]
        asked = [row["skill_name"] for row in (await ask(site, "kind=session"))["rows"]]

    assert (names, asked) == (["Bash"], ["session"])


async def test_ten_thousand_skills_come_in_pages_and_the_total_is_of_all(database_url: str):
    async with application(database_url) as site:
        await store(site, *[fire("ada", f"/skill-{number:05}") for number in range(10_000)])
        first, last = [await ask(site, f"limit=1000&page={page}") for page in (1, 10)]
        beyond = await ask(site, "limit=1000&page=11")
        searched = await ask(site, "q=SKILL-0999")

    assert (first["found"], first["entire"]["fires"]) == (10_000, 10_000)
    assert [first["rows"][0]["skill_name"], last["rows"][-1]["skill_name"]] == ["/skill-00000", "/skill-09999"]
    assert beyond["rows"] == []
    assert (searched["found"], searched["entire"]["fires"]) == (10, 10_000)


async def test_hostile_names_are_listed_found_and_filtered_by_their_letters(database_url: str):
    async with application(database_url) as site:
        await store(site, *[fire(name, name, repo=name) for name in HOSTILE])
        assert {row["skill_name"] for row in (await ask(site))["rows"]} == set(HOSTILE)
        for name in HOSTILE:
            said = quote(name, safe="")
            board = await ask(site, f"skill={said}&engineer={said}&repo={said}&q={said}")
            assert [row["skill_name"] for row in board["rows"]] == [name]
            assert board["filters"] == {"skill": name, "engineer": name, "repo": name}


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("colour", "colour=red"),
        ("to", "from=2026-02-01&to=2026-01-01"),
        ("from", "from=1990-01-01&to=2090-01-01"),
        ("runtime", "runtime=abacus"),
        ("page", "page=1000000000"),
        ("tz", "tz=Mars"),
        ("format", "format=xml"),
        ("skill", "skill=" + "x" * 10_000),
    ],
)
async def test_what_cannot_be_meant_is_refused_by_its_name(database_url: str, field: str, query: str):
    async with application(database_url) as site:
        answer = await site.call("GET", f"/v1/skills?{query}", token=await site.token(["read"]))

    assert (answer.status, answer.json["error"]["code"], answer.json["error"]["field"]) == (422, "invalid", field)


async def test_an_engineer_sees_no_group_under_three_nor_can_work_it_out(database_url: str):
    async with application(database_url) as site:
        await store(
            site,
            *[fire(person, "/ship") for person in ("ada", "bo", "cy", "di")],
            *[fire(person, "/review") for person in ("ada", "bo", "cy")],
            fire("di", "/secret"),
        )
        seen = await ask(site, engineer="ada")
        by_lead = await ask(site)
        own = await ask(site, "engineer=ada", engineer="ada")
        narrowed = await ask(site, "runtime=claude-code-cli", engineer="ada")
        other = await site.call("GET", "/v1/skills?engineer=di", token=await site.token(["read"], "ada"))

    shown = {row["skill_name"]: (row["fires"], row["suppressed"]) for row in seen["rows"]}
    assert shown == {"/ship": (4, False), "/review": (None, True), "/secret": (None, True)}
    assert seen["entire"]["fires"] == 8
    assert {row["skill_name"]: row["fires"] for row in by_lead["rows"]} == {"/ship": 4, "/review": 3, "/secret": 1}
    assert {row["skill_name"]: row["fires"] for row in own["rows"]} == {"/ship": 1, "/review": 1}
    assert narrowed["filters"]["engineer"] == "ada", "a filter narrows to the own rows"
    assert (other.status, other.json["error"]["code"]) == (403, "scope_missing")


async def test_a_team_of_two_is_no_team(database_url: str):
    async with application(database_url) as site:
        await store(site, fire("ada", "/ship"), fire("bo", "/ship"))
        board = await ask(site, engineer="ada")

    assert (board["entire"]["suppressed"], board["entire"]["fires"], board["entire"]["success"]) == (True, None, None)


@pytest.mark.parametrize(("query", "accept"), [("format=csv", ""), ("", "text/csv")])
async def test_the_rows_are_to_be_had_as_csv(database_url: str, query: str, accept: str):
    async with application(database_url) as site:
        await store(site, *[fire("ada", name) for name in HOSTILE])
        token = await site.token(["read"])
        answer = await site.call("GET", f"/v1/skills?{query}", token=token, accept=accept)

    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))
    assert {row["skill_name"] for row in rows} == {"'=1+1" if name == "=1+1" else name for name in HOSTILE}
    assert {(row["fires"], row["success_n"], row["cost_micros"]) for row in rows} == {("1", "1", "")}
