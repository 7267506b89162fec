"""The health of capture: which machines report, how much of what they fired has arrived, and what is missing."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from tallyward import hook_times
from tallyward.domain.access import Principal
from tallyward.domain.capture_report import HookTimes
from tallyward.domain.rate import Rate, rate
from tallyward.errors import ScopeMissing
from tallyward.ledger.database import Database, Row, fetch_all
from tallyward.metrics.coverage import Coverage
from tallyward.services.asked import Asked
from tallyward.services.reading import Board, measured

_COUNTS = ("fired", "reached", "stored", "duplicate", "refused", "waiting", "lost")


class Books(Struct, kw_only=True):
    """What fired and what became of it: fired = stored + duplicate + refused + waiting + lost.

    `coverage` is the share of the fired that the server has; undefined where nothing fired.
    """

    fired: int
    reached: int
    stored: int
    duplicate: int
    refused: int
    waiting: int
    lost: int
    coverage: Rate


class MachineLine(Books, kw_only=True):
    """One machine of one engineer. `machine` is a number that the laptop made up, never its name."""

    machine: str
    engineer_id: str
    version: str | None
    days: int
    last_day: date
    reported_at: datetime


class Hooks(Struct, kw_only=True):
    """How long the hooks took, by what the laptops have told."""

    entire: HookTimes
    engineers: dict[str, HookTimes]


class CaptureBoard(Board, kw_only=True):
    """The machines, the one that reported last first. An engineer's token sees its own."""

    machines: int
    engineers: int
    entire: Books
    hooks: Hooks
    rows: list[MachineLine]


class Capture:
    """Reads the health of capture."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read(self, principal: Principal, asked: Asked) -> CaptureBoard:
        """The machines of the range. Raises ScopeMissing for those of somebody else."""
        asked = _own(principal, asked)
        async with self._database.transaction(principal.tenant) as connection:
            rows = await measured(connection, Coverage, asked)
            told = await fetch_all(connection, "list_hook_times", asked.params())
        return CaptureBoard(
            tenant=principal.tenant,
            window=asked.window,
            filters=asked.filters,
            machines=len({row["machine"] for row in rows}),
            engineers=len({row["engineer_id"] for row in rows}),
            entire=Books(**_books(_sums(rows))),
            hooks=_hooks(told),
            rows=[MachineLine(**row, coverage=rate(row["reached"], row["fired"])) for row in rows],
        )

    async def hooks(self, principal: Principal, asked: Asked) -> Hooks:
        """How long the hooks took in the range. Raises ScopeMissing for those of somebody else."""
        told = await self._database.query(principal.tenant, "list_hook_times", _own(principal, asked).params())
        return _hooks(told)


def _own(principal: Principal, asked: Asked) -> Asked:
    """What this principal may see of it."""
    if principal.role != "engineer":
        return asked
    if asked.engineer not in (None, principal.engineer_id):
        raise ScopeMissing("This token sees the rows of its own engineer only.")
    return asked.of(engineer=principal.engineer_id)


def _hooks(told: Sequence[Row]) -> Hooks:
    by_engineer = {row["engineer_id"]: hook_times.added(row["counts"]) for row in told}
    return Hooks(
        entire=HookTimes.of(hook_times.added(by_engineer.values())),
        engineers={engineer: HookTimes.of(counts) for engineer, counts in by_engineer.items()},
    )


def _sums(rows: Sequence[Row]) -> Row:
    return {name: sum(row[name] for row in rows) for name in _COUNTS}


def _books(sums: Row) -> dict[str, Any]:
    return {**sums, "coverage": rate(sums["reached"], sums["fired"])}
