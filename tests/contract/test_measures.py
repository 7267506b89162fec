"""A number of the API is the number of the plain SQL behind it, over the same rows: every measure, every filter.

The measures read sums that are kept where they can; the SQL here reads the rows one by one. Both must agree on rows
with hostile names, of tomorrow, of every kind and outcome.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, quote

import msgspec
import pytest

from tallyward import clock, metrics
from tallyward.domain.suppression import PEOPLE_MIN
from tallyward.domain.tenant import DEFAULT_TENANT, TenantConfig
from tallyward.ledger.database import Database
from tallyward.metrics._base import Metric
from tallyward.plugins import found
from tallyward.redact import Secret
from tallyward.services.asked import Asked, read
from tallyward.services.rolling import sealable
from tallyward.services.tenants import Tenants
from tests.in_process import InProcess, application
from tests.ledger.summed import sum_up
from tests.ledger_rows import HOSTILE, connected, fill

METRICS = found(metrics, Metric)
KEYS = ("skill", "model", "repo", "engineer", "agent", "runtime")
FILTERED: tuple[dict[str, str], ...] = (
    {},
    {"engineer": "amy"},
    {"engineer": HOSTILE[0]},
    {"skill": HOSTILE[4], "kind": "skill,tool"},
    {"repo": HOSTILE[3]},
    {"repo": "(none)", "runtime": "k8s-job,modal"},
    {"model": HOSTILE[1], "engineer": HOSTILE[2]},
    {"runtime": "k8s-job"},
    {"kind": "agent"},
    {"skill": "nobody made this"},
)


async def kept_sums(url: str) -> int:
    """Sums whatever is old enough. How many hours that were."""
    ledger = Database(Secret(url))
    await ledger.open()
    try:
        await Tenants(ledger, None).ensure(DEFAULT_TENANT)
        return await sum_up(ledger, sealable(clock.now()))
    finally:
        await ledger.close()


@pytest.fixture(scope="module")
def filled(cluster: Any, migrated: str) -> Any:
    """A database with odd rows, summed as far as a server would, the same for every test of this file."""
    name = cluster.create(template=migrated)
    fill(cluster.url(name), seed=4)
    assert asyncio.run(kept_sums(cluster.url(name))) > 0
    yield cluster.url(name)
    cluster.drop(name)


@pytest.fixture
async def site(filled: str) -> AsyncIterator[InProcess]:
    async with application(filled) as running:
        yield running


def address(filters: dict[str, str], **more: str) -> str:
    """The range is fixed, so that both are asked of the same moments. It ends tomorrow, beyond the rows of today."""
    now = clock.now().replace(minute=17, second=3, microsecond=0)
    span = {"from": clock.iso(now - timedelta(days=30)), "to": clock.iso(now + timedelta(days=1))}
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in {**span, **filters, **more}.items())


def plain_rows(url: str, metric: type[Metric], asked: Asked, by: str) -> list[dict[str, Any]]:
    kinds = list(TenantConfig().counted_kinds)
    own = {"by": by, "people_min": PEOPLE_MIN, "counted_kinds": kinds, "grain": "hour"}
    with connected(url) as connection:
        statement = metric.statement(asked.filters, plain=True)
        return connection.execute(statement, {**asked.params(), **own}).fetchall()


def comparable(rows: list[dict[str, Any]], columns: set[str]) -> list[dict[str, Any]]:
    """The rows as the API says them, in one order: equals may change places."""

    def told(value: Any) -> Any:
        if isinstance(value, Decimal):
            return float(value)
        return json.loads(msgspec.json.encode(value)) if isinstance(value, date) else value

    plain = [{name: told(row[name]) for name in columns} for row in rows]
    plain.sort(key=lambda row: repr([(name, row[name]) for name in sorted(row)]))
    return plain


@pytest.mark.parametrize("filters", FILTERED, ids=lambda filters: ",".join(filters) or "all")
@pytest.mark.parametrize("name", METRICS)
async def test_the_number_of_the_api_is_that_of_the_plain_sql(
    site: InProcess, filled: str, name: str, filters: dict[str, str]
):
    metric = METRICS[name]
    wanted = {"engineer": "amy", **filters} if name == "skill_mix" else filters
    query = address(wanted, tz="Asia/Tokyo")
    asked = read(dict(parse_qsl(query)))
    for by in KEYS if "by" in metric.parameters else ("skill",):
        token = await site.token(["read"])
        answer = await site.call("GET", f"/v1/measures/{name}?{query}&by={by}", token=token)
        assert answer.status == 200, answer.body
        said, plain = answer.json["rows"], plain_rows(filled, metric, asked, by)

        unknown = set() if metric.knows_people(asked.filters) else {"people", "people_of_small", "people_of_all"}
        columns = {column for row in plain for column in row} - unknown
        assert comparable(said, columns) == comparable(plain, columns), by
        assert plain or filters, "it is compared on nothing"
        assert all(is_share(row[rate], row[hits] or 0, row[n] or 0) for row in said for rate, hits, n in metric.rates)


def is_share(rate: dict[str, Any], hits: int, n: int) -> bool:
    """Whether a rate is the share of these two, and undefined without a case."""
    if n == 0:
        return rate == {"value": None, "n": 0, "low": None, "high": None}
    return rate["n"] == n and rate["value"] == hits / n and rate["low"] <= rate["value"] <= rate["high"]


async def test_every_measure_is_listed_with_what_it_says_of_itself(site: InProcess):
    listed = (await site.call("GET", "/v1/measures", token=await site.token(["read"]))).json["rows"]

    assert [row["name"] for row in listed] == list(METRICS)
    for row in listed:
        assert all(row[said] for said in ("title", "says", "unit", "caveat", "undefined_when"))


async def test_a_measure_that_there_is_not_and_one_that_needs_somebody_say_so(site: InProcess):
    token = await site.token(["read"])
    unknown = await site.call("GET", "/v1/measures/" + "x" * 10_000, token=token)
    nobody = await site.call("GET", "/v1/measures/skill_mix", token=token)
    by = await site.call("GET", "/v1/measures/metered_usage?by=colour", token=token)

    assert (unknown.status, len(unknown.body) < 1_000) == (404, True)
    assert (nobody.status, nobody.json["error"]["field"]) == (422, "engineer")
    assert (by.status, by.json["error"]["field"]) == (422, "by")


async def test_an_engineer_reads_a_measure_of_the_own_rows_alone(site: InProcess, filled: str):
    token = await site.token(["read"], "amy")
    own = await site.call("GET", f"/v1/measures/utilisation?{address({})}", token=token)
    other = await site.call("GET", "/v1/measures/utilisation?engineer=bo", token=token)

    assert [row["engineer_id"] for row in own.json["rows"]] == ["amy"]
    assert other.status == 403
    assert own.json["tenant"] == DEFAULT_TENANT


BOARDS = {
    "/v1/utilization": ("engineers", "fires_30d"),
    "/v1/skills": ("rows", "fires"),
    "/v1/agents": ("rows", "runs"),
    "/v1/economics": ("agents", "runs"),
    "/v1/cost?by=skill": ("rows", "requests"),
    "/v1/cost?by=model": ("rows", "requests"),
    "/v1/cost?by=repo": ("rows", "requests"),
    "/v1/cost?by=engineer": ("rows", "requests"),
    "/v1/cost?by=agent": ("rows", "requests"),
    "/v1/cost?by=runtime": ("rows", "requests"),
    "/v1/cost?by=day": ("rows", "requests"),
}


@pytest.mark.parametrize("filters", [{}, {"repo": HOSTILE[3]}, {"engineer": "amy"}], ids=["all", "repo", "engineer"])
@pytest.mark.parametrize("path", BOARDS)
async def test_each_row_of_a_board_leads_to_exactly_the_rows_that_it_counts(
    site: InProcess, path: str, filters: dict[str, str]
):
    table, column = BOARDS[path]
    token = await site.token(["admin"])
    joined = "&" if "?" in path else "?"
    board = (await site.call("GET", f"{path}{joined}{address(filters)}", token=token)).json

    assert board[table] or filters
    for row in board[table]:
        if len(row["rows"]) > 5_000:
            continue  # a name that no call takes has no address
        answer = await site.call("GET", f"{row['rows']}&limit=1000", token=token)
        assert answer.status == 200, answer.body
        listed = answer.json.get("fires", answer.json.get("requests"))
        assert (len(listed), answer.json["total"]) == (row[column], row[column]), row["rows"]
        if "cost_micros" in row and "requests" in answer.json:
            assert answer.json["cost_micros"] == row["cost_micros"]
