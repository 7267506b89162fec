"""Whether a tenant's capture lives: when it last fired, and what its laptops lost or still hold. For an alarm, not a
page: totals of a tenant alone, so that no alarm names anybody.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import get_args

from tallyward.domain.capture_report import Reason
from tallyward.ledger.database import Database

REASONS: tuple[Reason, ...] = get_args(Reason)


@dataclass(frozen=True)
class VitalSigns:
    """`machines`, `waiting` and `losses` are of today's and yesterday's books of the laptops, days of UTC.

    `deliveries`: of forges, by how they stand; `oldest_delivery`: when the one came that has waited longest.
    `sums_until`: what is newer is read row by row; None before anything was summed.
    """

    latest_fire: datetime | None
    machines: int
    waiting: int
    losses: dict[Reason, int]
    sums_until: datetime | None
    hours_to_sum: int
    deliveries: dict[str, int]
    oldest_delivery: datetime | None


async def read(database: Database, tenant: str) -> VitalSigns:
    """The signs of one tenant now. Raises Busy when the database does not answer."""
    (row,) = await database.query(tenant, "find_vital_signs")
    (inbox,) = await database.query(tenant, "count_deliveries")
    return VitalSigns(
        latest_fire=row["latest_fire"],
        machines=row["machines"],
        waiting=row["waiting"],
        losses={reason: int(row["losses"].get(reason, 0)) for reason in REASONS},
        sums_until=row["sums_until"],
        hours_to_sum=row["hours_to_sum"],
        deliveries={state: inbox[state] for state in ("waiting", "parked", "missing")},
        oldest_delivery=inbox["oldest_waiting"],
    )
