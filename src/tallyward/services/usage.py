"""Accounts: takes metered requests in."""

from dataclasses import dataclass

from tallyward.domain.access import Principal
from tallyward.domain.usage import SYNTHETIC_MODEL, UsageIn, from_report
from tallyward.errors import Refused
from tallyward.ledger.usage_rows import NEW
from tallyward.ledger.writer import Writer
from tallyward.services.ingest import RowDecoder


@dataclass(frozen=True)
class Taken:
    """What became of the rows of one body: each is in exactly one of the four."""

    stored: int
    duplicate: int
    ignored: int
    refusals: list[Refused]


class Accounts:
    """Metered requests of a tenant, and what they cost."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._decoder = RowDecoder(UsageIn)

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
