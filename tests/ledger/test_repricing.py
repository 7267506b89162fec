"""Repricing reckons every row again, once, beside a writer that goes on."""

import asyncio
from datetime import datetime
from typing import Any

from tallyward.domain.usage import Usage
from tallyward.ledger.database import Database
from tallyward.ledger.writer import Writer
from tallyward.services.repricing import Repriced, reprice
from tests.reports import usage


def dearer(model: str, used: Usage, _at: datetime) -> tuple[int, str] | None:
    return None if model == "unknown" else (used.input_tokens * 2, "new")


def same_but_newer(_model: str, used: Usage, _at: datetime) -> tuple[int, str]:
    return used.input_tokens, "new"


async def rows(database: Database, tenant: str = "default") -> dict[str, tuple[Any, Any]]:
    async with database.transaction(tenant) as connection:
        cursor = await connection.execute("SELECT request_key, cost_micros, price_version FROM cost_ledger")
        return {row["request_key"]: (row["cost_micros"], row["price_version"]) for row in await cursor.fetchall()}


async def filled(database: Database, count: int, tenant: str = "default") -> Writer:
    """A writer of the old prices that has stored rows, one of them of an unknown model."""
    writer = Writer(
        database, pricer=lambda model, used, _at: None if model == "unknown" else (used.input_tokens, "old")
    )
    await writer.start()
    models = ["unknown", *["m"] * (count - 1)]
    await writer.store(tenant, [usage(request_key=f"k{n}", input_tokens=n, model=m) for n, m in enumerate(models)])
    return writer


async def test_every_row_is_priced_anew_across_all_batches(ledger: Database):
    await (await filled(ledger, 11)).stop()

    for batch_rows in (3, 11, 1000):
        found = await reprice(ledger, "default", dearer, batch_rows=batch_rows)
        assert (found.rows, found.unpriced) == (11, 1)
    assert await rows(ledger) == {"k0": (None, None)} | {f"k{n}": (2 * n, "new") for n in range(1, 11)}


async def test_it_says_what_changed_and_what_did_not(ledger: Database):
    await (await filled(ledger, 4)).stop()

    first = await reprice(ledger, "default", dearer)
    again = await reprice(ledger, "default", dearer)

    assert first == Repriced(
        tenant="default", rows=4, changed=3, unchanged=0, unpriced=1, cost_micros_before=6, cost_micros_after=12
    )
    assert again == Repriced(
        tenant="default", rows=4, changed=0, unchanged=3, unpriced=1, cost_micros_before=12, cost_micros_after=12
    )


async def test_a_price_of_the_same_amount_gets_its_new_name_and_is_no_change(ledger: Database):
    await (await filled(ledger, 2)).stop()

    found = await reprice(ledger, "default", same_but_newer)

    assert (found.changed, found.unchanged) == (1, 1)  # what was unpriced has a price now
    assert await rows(ledger) == {"k0": (0, "new"), "k1": (1, "new")}


async def test_a_price_that_is_no_longer_known_is_no_longer_told(ledger: Database):
    await (await filled(ledger, 2)).stop()

    found = await reprice(ledger, "default", lambda *_: None)

    assert (found.unpriced, found.cost_micros_after) == (2, 0)
    assert await rows(ledger) == {"k0": (None, None), "k1": (None, None)}


async def test_another_tenant_is_left_alone(ledger: Database):
    await (await filled(ledger, 2)).stop()
    await (await filled(ledger, 2, "other")).stop()

    await reprice(ledger, "other", dearer)

    assert (await rows(ledger))["k1"] == (1, "old")
    assert (await rows(ledger, "other"))["k1"] == (2, "new")


async def test_nothing_that_a_server_learns_meanwhile_is_lost(ledger: Database):
    writer = await filled(ledger, 40)

    async def go_on() -> None:
        for round_ in range(1, 6):
            reports = [usage(request_key=f"k{n}", input_tokens=n + round_, model="m") for n in range(40)]
            await writer.store("default", reports)

    _, *found = await asyncio.gather(go_on(), *(reprice(ledger, "default", dearer, batch_rows=7) for _ in range(5)))
    await writer.stop()
    async with ledger.transaction("default") as connection:
        cursor = await connection.execute("SELECT request_key, input_tokens FROM cost_ledger")
        learnt = {row["request_key"]: row["input_tokens"] for row in await cursor.fetchall()}

    assert learnt == {f"k{n}": n + 5 for n in range(40)}
    assert [repriced.rows for repriced in found] == [40] * 5
    await reprice(ledger, "default", dearer)
    # A request whose model somebody calls `unknown` keeps the greater text of two equal paths.
    assert {key: cost for key, (cost, _) in (await rows(ledger)).items() if key != "k0"} == {
        f"k{n}": 2 * (n + 5) for n in range(1, 40)
    }


async def test_a_row_that_a_server_is_just_changing_is_priced_by_what_it_becomes(ledger: Database):
    await (await filled(ledger, 2)).stop()
    async with ledger.transaction("default") as learning:
        await learning.execute("UPDATE cost_ledger SET input_tokens = 100 WHERE request_key = 'k1'")
        repricing = asyncio.create_task(reprice(ledger, "default", dearer))
        while not await waits(ledger):
            assert not repricing.done()
    await repricing

    assert (await rows(ledger))["k1"] == (200, "new")


async def waits(database: Database) -> bool:
    """Whether somebody waits for a lock in this database."""
    async with database.transaction(None) as connection:
        cursor = await connection.execute(
            "SELECT FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()"
        )
        return bool(cursor.rowcount)


async def test_no_row_is_nothing_to_do(ledger: Database):
    assert await reprice(ledger, "default", dearer) == Repriced(tenant="default")
