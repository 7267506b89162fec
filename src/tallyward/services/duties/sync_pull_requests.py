"""Reads what changed of every repository's pull requests, so that a webhook that never came is made good."""

from collections.abc import Mapping
from typing import ClassVar

from tallyward.services.duties._base import Duty
from tallyward.services.sync import Sync


class SyncPullRequests(Duty):
    """Reads each repository from where the last time began. What it reads a second time changes nothing."""

    every_minutes: ClassVar[int] = 60

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:  # noqa: ARG002  # periodic: no numbers
        if self.means.forges.repos(tenant):
            await Sync(self.means.database, self.means.tenants, self.means.forges).run(tenant)
