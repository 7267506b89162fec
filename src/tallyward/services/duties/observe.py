"""Writes down what every open pull request looks like, each quarter of an hour; of little used repositories each hour.

The series is what a policy is learned from later, so it has a clock of its own and waits for no decision. A repository
that cannot be read holds up no other. When a forge has had enough of our questions, its other repositories wait for
the next time, too.
"""

import logging
from collections.abc import Mapping
from typing import ClassVar

from tallyward import clock
from tallyward.domain.observation import observation
from tallyward.domain.shepherd_events import subject_of
from tallyward.errors import ConfigInvalid, ForgeError, RateLimited
from tallyward.ledger.database import fetch_all
from tallyward.services.duties._base import Duty
from tallyward.services.series import Series

_log = logging.getLogger(__name__)


class Observe(Duty):
    """One look at each repository. A second look is another observation, at another moment."""

    every_minutes: ClassVar[int] = 15

    async def run(self, tenant: str, ids: Mapping[str, int]) -> None:  # noqa: ARG002  # periodic: no numbers
        first_of_the_hour = clock.now().minute < self.every_minutes
        spent: set[str] = set()
        for repo in self.means.forges.repos(tenant):
            forge = self.means.forges.config_of(tenant, repo).name
            if forge in spent or (self.means.forges.is_low_priority(tenant, repo) and not first_of_the_hour):
                continue
            try:
                await self.look(tenant, repo)
            except RateLimited as error:
                spent.add(forge)
                _log.info("%s of %s is read again later: %s", repo, tenant, error.message)
            except (ForgeError, ConfigInvalid) as error:
                _log.warning("%s of %s cannot be observed: %s", repo, tenant, error.code)

    async def look(self, tenant: str, repo: str) -> int:
        """Observes every open pull request of one repository at one moment; how many there are."""
        reader, _ = self.means.forges.of(tenant, repo)
        told = await reader.open_pull_requests(repo)
        now = clock.now()
        if not told:
            return 0
        series = Series(self.means.database, self.means.tenants)
        async with self.means.database.transaction(tenant) as connection:
            subjects = {subject_of(one): one for one in told}
            rows = await fetch_all(connection, "find_attempts", {"subjects": list(subjects)})
            attempts = {row["subject"]: row["attempts"] for row in rows}
            points = [observation(one, attempts.get(subject), now) for subject, one in subjects.items()]
            await series.append(connection, tenant, points)
        return len(told)
