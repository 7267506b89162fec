"""Tells of holds and of levels set by hand that their time is over. They are over without it; this is the record."""

from collections.abc import Mapping
from typing import ClassVar

from tallyward.services.duties._base import Duty
from tallyward.services.holds import Holds
from tallyward.services.trust import TrustBook


class EndWhatRanOut(Duty):
    """Appends the ends that time brought. What it does a second time finds nothing to do."""

    every_minutes: ClassVar[int] = 5

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:  # noqa: ARG002  # periodic: no numbers
        trust = TrustBook(self.means.database, self.means.tenants)
        await trust.end_expired(tenant)
        await Holds(self.means.database, self.means.tenants, trust).end_over(tenant)
