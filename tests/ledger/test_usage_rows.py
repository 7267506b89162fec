"""Metered requests at a real PostgreSQL: one row a key in whatever order they come, priced by what all reports say."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import datetime
from functools import reduce
from itertools import count
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallyward.domain.fire import FireIn, from_sighting
from tallyward.domain.usage import Usage, UsageIn, from_report, merge
from tallyward.ledger.database import Database
from tallyward.ledger.usage_rows import KNOWN, NEW
from tallyward.ledger.writer import Writer
from tallyward.redact import Secret
from tests.reports import reports, usage
from tests.sightings import NOON

KEYS = ("k1", "k2", "K3", "é")
_tenants = count()


def by_the_token(model: str, used: Usage, at: datetime) -> tuple[int, str] | None:
    """A price that tells whatever it was reckoned from; no price for the model `b`."""
    if model == "b":
        return None
    return used.input_tokens + 10 * used.output_tokens, f"of {at:%H:%M:%S}"


async def stored(database: Database, tenant: str = "default") -> dict[str, Usage]:
    async with database.transaction(tenant) as connection:
        cursor = await connection.execute(
            "SELECT request_key, ts, model, runtime, engineer_id, input_tokens, cache_read_tokens,"
            " cache_write_5m_tokens, cache_write_1h_tokens, output_tokens, reasoning_tokens, web_search_requests,"
            " skill_name, session_id, prompt_id, repo, branch, service_tier, reported_cost_micros, cost_micros,"
            " price_version, seen_by, field_sources FROM cost_ledger"
        )
        return {row["request_key"]: Usage(**row) for row in await cursor.fetchall()}


def expected(rows: Sequence[UsageIn]) -> dict[str, Usage]:
    found: dict[str, Usage] = {}
    for key in {row.request_key for row in rows}:
        whole = reduce(merge, [from_report(row) for row in rows if row.request_key == key])
        whole.cost_micros, whole.price_version = by_the_token(whole.model, whole, whole.ts) or (None, None)
        found[key] = whole
    return found


@pytest.fixture
async def accounts(ledger: Database) -> AsyncIterator[Writer]:
    writer = Writer(ledger, pricer=by_the_token)
    await writer.start()
    yield writer
    await writer.stop()


@pytest.fixture(scope="module")
def shared(shared_url: str) -> Iterator[tuple[asyncio.Runner, list[Writer], Database]]:
    """Two servers on one database, in one loop that outlives the examples of a test."""
    with asyncio.Runner() as loop:
        database = Database(Secret(shared_url))
        writers = [Writer(database, pricer=by_the_token) for _ in range(2)]
        loop.run(database.open())
        for writer in writers:
            loop.run(writer.start())
        yield loop, writers, database
        for writer in writers:
            loop.run(writer.stop())
        loop.run(database.close())


@settings(max_examples=40, deadline=None)
@given(st.lists(reports(KEYS), min_size=1, max_size=10), st.randoms(use_true_random=False))
def test_any_order_and_split_over_two_servers_gives_the_same_rows_and_prices(
    shared: tuple[asyncio.Runner, list[Writer], Database], rows: list[UsageIn], chance: Random
) -> None:
    loop, writers, database = shared
    tenant = f"t{next(_tenants)}"
    sent = [*rows, *rows]
    chance.shuffle(sent)
    cut = chance.randint(0, len(sent))

    async def take() -> list[list[int]]:
        parts = [part for part in (sent[:cut], sent[cut:]) if part]
        return await asyncio.gather(
            *(chance.choice(writers).store(tenant, [from_report(row) for row in part]) for part in parts)
        )

    told = [number for numbers in loop.run(take()) for number in numbers]
    assert loop.run(stored(database, tenant)) == expected(rows)
    assert told.count(NEW) == len({row.request_key for row in rows})
    assert set(told) <= {NEW, KNOWN}


async def test_a_later_report_that_knows_more_prices_the_request_anew(ledger: Database, accounts: Writer) -> None:
    await accounts.store("default", [usage(input_tokens=5, output_tokens=1)])
    await accounts.store("default", [usage(input_tokens=2, output_tokens=4)])

    (row,) = (await stored(ledger)).values()

    assert (row.input_tokens, row.output_tokens, row.cost_micros) == (5, 4, 45)


async def test_a_plain_repeat_writes_nothing(ledger: Database, accounts: Writer) -> None:
    async def version() -> str:
        async with ledger.transaction("default") as connection:
            return str(await (await connection.execute("SELECT xmin FROM cost_ledger")).fetchone())

    assert await accounts.store("default", [usage(), usage()]) == [NEW, KNOWN]
    before = await version()
    assert await accounts.store("default", [usage()]) == [KNOWN]
    assert await version() == before


async def test_a_model_without_a_price_is_stored_without_one(ledger: Database, accounts: Writer) -> None:
    await accounts.store("default", [usage(model="b", input_tokens=5)])

    (row,) = (await stored(ledger)).values()

    assert (row.cost_micros, row.price_version, row.input_tokens) == (None, None, 5)


async def test_one_commit_takes_fires_and_requests_and_answers_in_their_order(
    ledger: Database, accounts: Writer
) -> None:
    row = FireIn(engineer_id="amy", skill_name="/s", runtime="modal", status="success")
    first, second = from_sighting(row, NOON, "k"), usage()
    numbers = await accounts.store("default", [second, first, second])
    async with ledger.transaction("default") as connection:
        cursor = await connection.execute("SELECT id FROM skill_invocations")
        (stored_fire,) = await cursor.fetchall()
    assert numbers == [NEW, stored_fire["id"], KNOWN]


async def test_a_request_of_another_tenant_with_the_same_key_is_another_request(
    ledger: Database, accounts: Writer
) -> None:
    assert await accounts.store("default", [usage(input_tokens=1)]) == [NEW]
    assert await accounts.store("other", [usage(input_tokens=2)]) == [NEW]
    assert [row.input_tokens for row in (await stored(ledger, "other")).values()] == [2]
    assert [row.input_tokens for row in (await stored(ledger)).values()] == [1]
