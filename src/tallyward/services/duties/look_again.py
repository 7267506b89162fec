"""Looks at one pull request again soon after its forge said that it changed.

A push brings a dozen deliveries. Each asks for a look some seconds later; the first look sees what all of them tell
of, and the others find that it was looked at since and leave it.
"""

from collections.abc import Mapping

from tallyward.services.duties._base import Duty
from tallyward.services.shepherd_hands import shepherd_of


class LookAgain(Duty):
    """A look at one pull request, unless it was looked at since it was asked for."""

    tries = 5

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:
        rows = await self.means.database.query(tenant, "find_changed_pull_request", ids)
        if rows and rows[0]["repo"] in self.means.forges.repos(tenant):
            await shepherd_of(self.means.database, self.means.tenants, self.means.forges).look(
                tenant, rows[0]["repo"], rows[0]["number"]
            )
