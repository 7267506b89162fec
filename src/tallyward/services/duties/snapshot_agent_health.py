"""Keeps every day how each agent does, so that there is something to compare tomorrow with."""

from collections.abc import Mapping
from datetime import timedelta
from typing import ClassVar

from tallyward import clock
from tallyward.services.duties._base import Duty


class SnapshotAgentHealth(Duty):
    """Writes the snapshot of the day that has ended, and that of today, which is made anew until it has ended."""

    every_minutes: ClassVar[int] = 60

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:  # noqa: ARG002  # periodic: no numbers
        kinds = list(self.means.tenants.config(tenant).counted_kinds)
        today = clock.now().date()
        for day in (today - timedelta(days=1), today):
            await self.means.database.query(tenant, "snapshot_agent_health", {"day": day, "counted_kinds": kinds})
