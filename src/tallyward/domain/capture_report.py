"""A laptop's books as it reports them: by day and engineer, what became of the rows that it fired.

An allow-list like every record: numbers, a day, a handle, and a random number for the machine. Nothing says which
machine it is, where it stands or what was done on it.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from tallyward import hook_times
from tallyward.domain.fire import Handle
from tallyward.domain.sighting import named

DAYS_MAX = 400  # of a machine with a few engineers, for two months
Rows = Annotated[int, Meta(ge=0, le=2**53)]
Counts = Annotated[list[Rows], Meta(min_length=len(hook_times.BOUNDS), max_length=len(hook_times.BOUNDS))]
Reason = Literal["overflow", "disk", "locked", "unreadable", "corrupt"]


class BookedIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """One engineer on one day of UTC. All that was fired is in exactly one of these."""

    day: date
    engineer_id: Handle
    waiting: Rows
    stored: Rows
    duplicate: Rows
    refused: Rows
    losses: dict[Reason, Rows] = {}
    hook_ms: Counts | None = None  # how long hooks took, as in `hook_times.py`; older laptops do not tell


class CaptureReportIn(Struct, forbid_unknown_fields=True, kw_only=True):
    """The books of one machine, those of each day whole; sent again they change nothing."""

    machine: Annotated[str, Meta(pattern="^[0-9a-f]{32}$")]
    days: Annotated[list[BookedIn], Meta(max_length=DAYS_MAX)]
    version: Annotated[str, Meta(max_length=50)] | None = None


class Booked(Struct, kw_only=True):
    """One engineer on one day, as it is kept."""

    day: date
    engineer_id: str
    waiting: int = 0
    stored: int = 0
    duplicate: int = 0
    refused: int = 0
    lost: int = 0
    losses: dict[Reason, int] = {}
    hook_ms: list[int] | None = None

    def add(self, row: BookedIn) -> None:
        """Take in what was said of the same day and engineer."""
        self.waiting += row.waiting
        self.stored += row.stored
        self.duplicate += row.duplicate
        self.refused += row.refused
        for reason, count in row.losses.items():
            self.losses[reason] = self.losses.get(reason, 0) + count
        self.lost = sum(self.losses.values())
        told = [counts for counts in (self.hook_ms, row.hook_ms) if counts is not None]
        self.hook_ms = hook_times.added(told) if told else None


class HookTimes(Struct, kw_only=True):
    """How long hooks took, in milliseconds: a percentile is the bound that it lies within, 5000 is all beyond 500.

    `slow` of the `events` took longer than a hook may. Undefined where no laptop has told.
    """

    events: int
    p50_ms: int | None
    p95_ms: int | None
    slow: int

    @classmethod
    def of(cls, counts: Sequence[int]) -> "HookTimes":
        """What a histogram tells."""
        p50, p95 = (hook_times.percentile(counts, percent) for percent in (50, 95))
        return cls(events=sum(counts), p50_ms=p50, p95_ms=p95, slow=hook_times.slow(counts))


class BookedDay(Struct, kw_only=True):
    """One engineer on one day of UTC, over all machines.

    `fired` is `spooled` and `lost`; `spooled` is `sent` and `waiting`; `sent` is `stored`, `duplicate` and `refused`.
    `gap` is what was fired and never sent: `lost` and `waiting`.
    """

    day: date
    engineer_id: str
    machines: int
    fired: int
    spooled: int
    lost: int
    waiting: int
    sent: int
    stored: int
    duplicate: int
    refused: int
    gap: int
    reported_at: datetime


def booked(report: CaptureReportIn, token_engineer_id: str | None) -> list[Booked]:
    """The rows of a report: whose engineer is unknown goes to the one the token is bound to, with theirs."""
    found: dict[tuple[date, str], Booked] = {}
    for row in report.days:
        engineer = named(row.engineer_id, token_engineer_id)
        found.setdefault((row.day, engineer), Booked(day=row.day, engineer_id=engineer)).add(row)
    return list(found.values())
