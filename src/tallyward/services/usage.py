"""Accounts: takes metered requests in, and says what they cost, by whom and for what."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, get_args

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.domain.capture_report import BookedDay
from tallyward.domain.usage import SYNTHETIC_MODEL, Usage, UsageIn, from_report
from tallyward.errors import Invalid, Refused
from tallyward.ledger.database import Database
from tallyward.ledger.usage_rows import NEW
from tallyward.ledger.writer import Writer
from tallyward.metrics.metered_usage import MeteredUsage
from tallyward.metrics.reconciliation import Reconciliation
from tallyward.metrics.session_usage import SessionUsage
from tallyward.services.asked import Asked, last_days
from tallyward.services.ingest import RowDecoder
from tallyward.services.reading import measured

Key = Literal["skill", "model", "repo", "day", "engineer", "session"]
KEYS: tuple[Key, ...] = get_args(Key)
ROWS_DEFAULT, ROWS_MAX = 1_000, 10_000  # a month of sessions of hundreds of people is more than a terminal can take


@dataclass(frozen=True)
class Taken:
    """What became of the rows of one body: each is in exactly one of the four."""

    stored: int
    duplicate: int
    ignored: int
    refusals: list[Refused]


class UsageTotals(Struct, kw_only=True):
    """Requests to models and what they took. `input_tokens` are fresh; `reasoning_tokens` are part of the output.

    `cost_micros` is in millionths of a US dollar over the priced requests, None where there are requests and no price.
    """

    requests: int
    input_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    output_tokens: int
    reasoning_tokens: int
    cost_micros: int | None
    unpriced_requests: int


class UsageRow(UsageTotals, kw_only=True):
    """Requests of one skill, model, repository, day, engineer or session."""

    key: str


class UsageBoard(Struct, kw_only=True):
    """Metered requests since a moment. An engineer's token sees its own. `omitted` rows are in the totals alone."""

    by: Key
    since: datetime
    tenant: str
    rows: list[UsageRow]
    omitted: int
    totals: UsageTotals


class ReconciledDay(Struct, kw_only=True):
    """One engineer on one day of UTC. Ours and theirs are over the reports that have both, and None without any."""

    day: date
    engineer_id: str
    fires: int
    fires_seen_by_several: int
    requests: int
    requests_seen_by_several: int
    requests_told_twice: int
    unpriced_requests: int
    attributed_micros: int | None
    unattributed_micros: int | None
    compared_requests: int
    our_micros: int | None
    reported_micros: int | None
    gap_micros: int | None


class ReconciliationBoard(Struct, kw_only=True):
    """What is stored against what clients said, newest day first. An engineer's token sees its own."""

    days: int
    tenant: str
    rows: list[ReconciledDay]
    books: list[BookedDay] = []  # what laptops fired, and what became of it, by their own books


class Accounts:
    """Metered requests of a tenant, and what they cost."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self._database = database
        self._writer = writer
        self._decoder = RowDecoder(UsageIn)

    @property
    def refused(self) -> dict[type, int]:
        """Requests since the start that were not as they must be."""
        return {Usage: self._decoder.refused}

    async def take_in(self, principal: Principal, body: bytes, content_type: str, *, partial: bool) -> Taken:
        """Stores metered requests, and answers after the commit that holds them.

        What a client answered by itself, under the name of a synthetic model, is no request: it is counted and left.
        """
        decoded = self._decoder.decode(body, content_type, partial=partial)
        rows = [row for row in decoded.rows if row is not None]
        usages = [from_report(row, principal.engineer_id) for row in rows if row.model != SYNTHETIC_MODEL]
        numbers = await self._writer.store(principal.tenant, usages) if usages else []
        stored = numbers.count(NEW)
        return Taken(stored, len(usages) - stored, len(rows) - len(usages), decoded.refusals)

    async def usage(
        self, principal: Principal, by: str, since: datetime | None, days: int, limit: int = ROWS_DEFAULT
    ) -> UsageBoard:
        """What was used since a moment, or in so many days back from now, the dearest first or day by day.

        Raises Invalid for an unknown key, and for a window or a limit that there is not.
        """
        key: Key | None = next((key for key in KEYS if key == by), None)
        if key is None:
            raise Invalid(f"by is {by[:100]!r}; it must be one of {', '.join(KEYS)}.", field="by")
        asked = last_days(days, engineer=_own(principal))
        if since is not None:
            asked = asked.of(since=since, days=None)
        if not 1 <= limit <= ROWS_MAX:
            raise Invalid(f"limit is {limit}; it must be from 1 to {ROWS_MAX}.", field="limit")
        rows = await self._rows(principal, asked, key)
        return UsageBoard(
            by=key,
            since=asked.since,
            tenant=principal.tenant,
            rows=rows[:limit],
            omitted=max(0, len(rows) - limit),
            totals=_totals(rows),
        )

    async def _rows(self, principal: Principal, asked: Asked, key: Key) -> list[UsageRow]:
        async with self._database.transaction(principal.tenant) as connection:
            if key == "session":
                found = await measured(connection, SessionUsage, asked)
            else:
                grain = "day" if key == "day" else "any"
                found = await measured(connection, MeteredUsage, asked, by=key, people_min=0, grain=grain)
        return [UsageRow(**{name: row[name] for name in UsageRow.__struct_fields__}) for row in found]

    async def reconciliation(self, principal: Principal, days: int) -> ReconciliationBoard:
        """What is stored per day and engineer, against what the clients said."""
        asked = last_days(days, engineer=_own(principal))
        async with self._database.transaction(principal.tenant) as connection:
            found = await measured(connection, Reconciliation, asked, grain="day")
        return ReconciliationBoard(days=days, tenant=principal.tenant, rows=[ReconciledDay(**row) for row in found])


def _own(principal: Principal) -> str | None:
    """Whose rows alone are shown; None for everybody's."""
    return principal.engineer_id if principal.role == "engineer" else None


def _totals(rows: list[UsageRow]) -> UsageTotals:
    names = UsageTotals.__struct_fields__
    whole = UsageTotals(**{name: sum(getattr(row, name) or 0 for row in rows) for name in names})
    if whole.requests and whole.requests == whole.unpriced_requests:
        whole.cost_micros = None
    return whole
