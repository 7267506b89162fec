"""Asks the forges for deliveries that did not arrive."""

from collections.abc import Mapping
from typing import ClassVar

from tallyward.services.catch_up import CatchUp
from tallyward.services.duties._base import Duty


class CatchUpDeliveries(Duty):
    """Looks at the forges' own lists. What it does a second time finds nothing to ask for, or asks once more."""

    every_minutes: ClassVar[int] = 10

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:  # noqa: ARG002  # periodic: no numbers
        await CatchUp(self.means.database, self.means.forges).look(tenant)
