"""Takes points of training series in: from line protocol, and from whatever of ours observes, acts and sees the end.

A point is known by its measurement, its tags and its moment, as in InfluxDB. Told again it changes nothing; told with
another field it learns that field. Good lines of a body are kept though others are refused.

Every transaction that adds points holds the lock of the tenant's outbox from then on to its commit. So the places that
points get are the order in which they become visible, and whoever forwards them by place misses none.
"""

import asyncio
from collections.abc import Sequence

import msgspec

from tallyward import clock
from tallyward.domain.access import Principal
from tallyward.domain.line_protocol import PRECISIONS, BadLine, Point, parse
from tallyward.domain.series import Inadmissible, Kept, Schema, merged
from tallyward.errors import Invalid, LinesRefused, TooLarge
from tallyward.fault_points import reached
from tallyward.ledger.database import CHANGES_CHANNEL, Connection, Database, fetch_all
from tallyward.services.tenants import Tenants

LINES_MAX = 10_000  # in one body; what clients of InfluxDB send at once is half of it
V2_PRECISIONS = ("ns", "us", "ms", "s")


class Series:
    """The series of a ledger."""

    def __init__(self, database: Database, tenants: Tenants) -> None:
        self._database = database
        self._tenants = tenants
        self._schemas: dict[str, Schema] = {}

    def schema(self, tenant: str) -> Schema:
        """Which measurements the tenant keeps."""
        if tenant not in self._schemas:
            self._schemas[tenant] = Schema(self._tenants.config(tenant).series)
        return self._schemas[tenant]

    async def write(self, principal: Principal, body: bytes, precision: str = "ns") -> None:
        """Stores what is good of a body, and returns after the commit. Raises LinesRefused when not all of it was."""
        if precision not in PRECISIONS:
            raise Invalid(f"precision must be one of {', '.join(V2_PRECISIONS)}.", field="precision")
        if body.count(b"\n") > LINES_MAX:
            raise TooLarge(f"A body holds at most {LINES_MAX} lines.")
        # A full body takes a second, in which others must be answered.
        points, refused = await asyncio.to_thread(_admitted, self.schema(principal.tenant), body, precision)
        if points:
            async with self._database.transaction(principal.tenant) as connection:
                await _store(connection, principal.tenant, points)
                reached("series.before_commit")
        if refused:
            raise LinesRefused([(bad.line, bad.reason) for bad in refused], kept=len(points))

    async def append(self, connection: Connection, tenant: str, points: Sequence[Point]) -> int:
        """Stores points of our own within the caller's transaction; how many of them were new or told more.

        Raises Invalid for a point that is not kept: none of ours should be such a one.
        """
        schema, now = self.schema(tenant), clock.now()
        try:
            kept = [schema.admit(point, now) for point in points]
        except Inadmissible as error:
            raise Invalid(f"A point cannot be kept: {error}.") from error
        return await _store(connection, tenant, kept) if kept else 0


def _admitted(schema: Schema, body: bytes, precision: str) -> tuple[list[Kept], list[BadLine]]:
    """The points of a body that are kept, and the lines that are not, in their order."""
    read, now = parse(body, precision), clock.now()
    points: list[Kept] = []
    refused = list(read.refused)
    for number, point in read.points:
        try:
            points.append(schema.admit(point, now))
        except Inadmissible as error:
            refused.append(BadLine(number, str(error)))
    return points, sorted(refused, key=lambda bad: bad.line)


async def _store(connection: Connection, tenant: str, points: list[Kept]) -> int:
    await fetch_all(connection, "lock_outbox")
    rows = msgspec.json.encode(merged(points)).decode()
    changed = len(await fetch_all(connection, "put_series_points", {"rows": rows}))
    if changed:
        await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))
    return changed
