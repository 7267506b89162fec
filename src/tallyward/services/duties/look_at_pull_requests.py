"""Looks at every pull request again every few minutes, as often as the tenant said; what matters less once an hour."""

from collections.abc import Mapping

from tallyward import clock
from tallyward.services.duties._base import HOUR_MINUTES, Duty
from tallyward.services.shepherd_hands import shepherd_of

PERIOD_MINUTES = 5


class LookAtPullRequests(Duty):
    """One look at everything, of a tenant that names repositories."""

    every_minutes = PERIOD_MINUTES

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:
        del ids
        means, minute = self.means, int(clock.epoch_seconds() // 60)
        if means.forges.repos(tenant) and due(minute, means.tenants.config(tenant).shepherd.every_minutes):
            shepherd = shepherd_of(means.database, means.tenants, means.forges)
            await shepherd.once(tenant, low_priority=due(minute, HOUR_MINUTES))


def due(minute: int, every_minutes: int) -> bool:
    """Whether this is the period in which something is due that is done every so many minutes."""
    return minute % every_minutes < PERIOD_MINUTES
