"""The books of the laptops: what each fired and what became of it, held until somebody asks how they balance."""

import msgspec

from tallyward.domain.access import Principal
from tallyward.domain.capture_report import BookedDay, CaptureReportIn, booked
from tallyward.errors import Invalid
from tallyward.ledger.database import Database
from tallyward.services.body import read_one


class CaptureReports:
    """Takes reports in and adds them up."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._decoder = msgspec.json.Decoder(CaptureReportIn)

    async def take_in(self, principal: Principal, body: bytes) -> int:
        """Keeps the books of one machine. How many rows of them were new or newer."""
        report = read_one(self._decoder, body)
        if any("\0" in row.engineer_id for row in report.days) or "\0" in (report.version or ""):
            raise Invalid("A text holds a NUL character, which PostgreSQL cannot store.")
        rows = msgspec.json.encode(booked(report, principal.engineer_id)).decode()
        kept = {"machine": report.machine, "version": report.version, "rows": rows}
        return len(await self._database.query(principal.tenant, "put_capture_reports", kept))

    async def books(self, principal: Principal, days: int) -> list[BookedDay]:
        """The books by day and engineer; an engineer's token sees its own."""
        own = principal.engineer_id if principal.role == "engineer" else None
        asked = {"days": days, "engineer": own}
        return [BookedDay(**row) for row in await self._database.query(principal.tenant, "list_capture_reports", asked)]
