"""A made-up year of one organisation in a ledger of its own: rows, their sums, and what both cost."""

import asyncio
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tallyward import clock
from tallyward.domain.tenant import DEFAULT_TENANT
from tallyward.ledger import embedded
from tallyward.ledger.database import Database
from tallyward.ledger.migrate import migrate
from tallyward.ledger.rollup import seal, sum_marked, summing
from tallyward.redact import Secret
from tallyward.services.rolling import sealable
from tallyward.services.tenants import Tenants

DAYS, STEP = 365, 5
HERE = Path(__file__).parent
SIZES = """
    SELECT
        (SELECT count(*) FROM skill_invocations) AS fires, (SELECT count(*) FROM cost_ledger) AS requests,
        pg_total_relation_size('skill_invocations') + pg_total_relation_size('cost_ledger') AS row_bytes,
        (SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relname ~ '^rollup_' AND relkind = 'r')::bigint
            AS sum_bytes
"""


@dataclass
class Year:
    """What is in the ledger, and how long it took. Seconds are 0 where it was there already."""

    fires: int
    requests: int
    row_bytes: int
    sum_bytes: int
    fill_seconds: float
    sum_seconds: float

    def told(self) -> str:
        each = self.fires + self.requests
        took = "there already"
        if self.sum_seconds:
            took = f"{each / self.sum_seconds:,.0f} rows/s, {1e6 * self.sum_seconds / each:.0f} us each"
        return (
            f"{self.fires:,} fires and {self.requests:,} requests: {self.row_bytes / each:,.0f} bytes a row with its"
            f" indexes, {self.sum_bytes / each:,.0f} bytes of sums a row; summed: {took}"
        )


def make(data: Path, rows: int) -> Year:
    """Fills a data directory and sums it, or finds it filled."""
    cluster = embedded.start(data)
    try:
        url = cluster.url(tenant=DEFAULT_TENANT)
        migrate(Secret(url))
        with psycopg.connect(url, autocommit=True) as connection:
            known = connection.execute("SELECT 1 FROM skill_invocations LIMIT 1").fetchone()
            begun = time.perf_counter()
            if known is None:
                _fill(connection, rows)
            filled = time.perf_counter()
            asyncio.run(_sum(url))
            summed = time.perf_counter()
            connection.execute("VACUUM ANALYZE")
            fires, requests, row_bytes, sum_bytes = connection.execute(SIZES).fetchone()
    finally:
        cluster.stop()
    took = (0.0, 0.0) if known else (filled - begun, summed - filled)
    return Year(fires, requests, row_bytes, sum_bytes, *took)


def _fill(connection: psycopg.Connection, rows: int) -> None:
    """Oldest first, some days in one commit, as time would have brought them."""
    fires, requests = ((HERE / name).read_text(encoding="utf-8") for name in ("year.sql", "year_usage.sql"))
    connection.execute("SET synchronous_commit = off")
    connection.execute("SELECT setseed(0.5)")
    for age in range(DAYS - 1, -1, -STEP):
        connection.execute(fires, {"rows": rows * STEP // DAYS, "days": STEP, "age": age})
    connection.execute(requests, {"since": "2000-01-01", "until": "2100-01-01"})
    connection.execute("VACUUM ANALYZE")


async def _sum(url: str) -> None:
    """What the server does in the background, without its pauses."""
    ledger = Database(Secret(url))
    await ledger.open()
    await Tenants(ledger, None).ensure(DEFAULT_TENANT)
    target = sealable(clock.now())
    async with summing(ledger, wait=True) as connection:
        while True:
            reach = await seal(connection, DEFAULT_TENANT, target)
            hours = await sum_marked(connection, DEFAULT_TENANT, reach.last_mark)
            if reach.sealed_until >= target and not hours:
                break
    await ledger.close()
