"""What every board has in common: what a principal may ask for, and how a measure is read for it."""

from typing import Any

from msgspec import Struct

from tallyward.domain.access import Principal
from tallyward.errors import ScopeMissing
from tallyward.ledger.database import Connection, Row
from tallyward.metrics._base import Metric
from tallyward.services.asked import Asked, Window


class Board(Struct, kw_only=True):
    """What was asked for, as it was understood. `filters` holds what the reader's role adds, too."""

    tenant: str
    window: Window
    filters: dict[str, str]


def allowed(principal: Principal, asked: Asked) -> Asked:
    """What this principal may see of what is asked for. Raises ScopeMissing for the rows of somebody else.

    An engineer sees the whole team as it is, or the own rows. Any filter narrows to the own rows: filtered team numbers
    beside unfiltered ones would give away, by subtraction, groups that are too small to be shown.
    """
    if principal.role != "engineer":
        return asked
    if asked.engineer not in (None, principal.engineer_id):
        raise ScopeMissing("This token sees the rows of its own engineer only.")
    return asked.of(engineer=principal.engineer_id) if asked.filters else asked


def sees_colleagues(principal: Principal, asked: Asked) -> bool:
    """Whether the numbers are a team's and the reader one of it, so that small groups are left out."""
    return principal.role == "engineer" and asked.engineer is None


async def measured(connection: Connection, metric: type[Metric], asked: Asked, **own: Any) -> list[Row]:
    """The rows of one measure for what is asked, in a transaction that has said its tenant."""
    params = {"grain": "any", **asked.params(), **own}
    plain = params["grain"] == "hour" and not asked.in_whole_hours
    cursor = await connection.execute(metric.statement(asked.filters, plain=plain), params)
    return await cursor.fetchall()
