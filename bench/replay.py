"""Events a second of `tally replay --verify`: the chain checked, the rows made anew and compared; then the rates.

Reference in the same run: reading every event of the same ledger once, which is the least that a replay has to do.
"""

import argparse
import asyncio
import time

from history import ledger_with
from machinery import machine, median

from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger.database import Database
from tallyward.services.rates import RateBook
from tallyward.services.replay import replay
from tallyward.services.tenants import Tenants

READ = "SELECT count(*), sum(length(payload::text)) FROM events_outbox"


async def read(database: Database) -> float:
    begun = time.perf_counter()
    async with database.transaction(DEFAULT_TENANT) as connection:
        await connection.execute(READ)
    return time.perf_counter() - begun


async def verify(database: Database) -> float:
    begun = time.perf_counter()
    found = await replay(database, DEFAULT_TENANT, mend=False)
    assert found.whole, found
    return time.perf_counter() - begun


async def reckon(database: Database) -> float:
    book = RateBook(database, Tenants(database, None))
    begun = time.perf_counter()
    await book.replay(DEFAULT_TENANT, append=False)
    return time.perf_counter() - begun


async def measure(merges: int, rounds: int) -> None:
    async with ledger_with(merges, chained=True) as database:
        times = [(await read(database), await verify(database)) for _ in range(rounds)]
        rates = await reckon(database)
    events = 2 * merges
    reading, verifying = (median([pair[at] for pair in times]) for at in (0, 1))
    print(f"replay: {events / verifying:,.0f} events/s verified, {events / reading:,.0f} events/s read, {machine()}")
    print(f"  ratio {reading / verifying:.2f}; rates reckoned anew {merges / rates:,.0f} merges/s")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--merges", type=int, default=50_000)
    arguments.add_argument("--rounds", type=int, default=3)
    chosen = arguments.parse_args()
    asyncio.run(measure(chosen.merges, chosen.rounds))


if __name__ == "__main__":
    main()
