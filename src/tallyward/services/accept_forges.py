"""What the acceptance grid asks the forges: whether a push straight to a branch is refused, and how long CI takes.

The answers are kept for some minutes, and a page waits only so long for them: what no forge said in time is not known,
and then the grid cannot tell.
"""

import asyncio
from collections.abc import Mapping

from msgspec import Struct, field

from tallyward import clock
from tallyward.domain.acceptance import AcceptConfig
from tallyward.errors import ConfigInvalid, ForgeError
from tallyward.services.forges import Forges

KEPT_SECONDS = 300.0
WAIT_SECONDS = 8.0
RUNS = 20  # says the spec


class Told(Struct, frozen=True):
    """What the forges said. `unread`: branches and repositories of which one did not say what it was asked."""

    branches: Mapping[str, bool] = field(default_factory=dict[str, bool])
    run_seconds: tuple[float, ...] | None = None
    unread: tuple[str, ...] = ()


class ForgeFacts:
    """The forges of every tenant, asked now and then."""

    def __init__(self, forges: Forges) -> None:
        self._forges = forges
        self._kept: dict[str, tuple[float, Told]] = {}

    async def read(self, tenant: str, settings: AcceptConfig) -> Told:
        """What is known by now. Never raises: what a forge refuses is among `unread`."""
        kept = self._kept.get(tenant)
        if kept is not None and clock.elapsed_seconds() < kept[0]:
            return kept[1]
        repos = self._forges.repos(tenant)
        if not repos:
            return Told()
        told = await self._asked(tenant, settings, repos)
        if not told.unread:  # what failed is asked again by whoever looks next
            self._kept[tenant] = (clock.elapsed_seconds() + KEPT_SECONDS, told)
        return told

    async def _asked(self, tenant: str, settings: AcceptConfig, repos: list[str]) -> Told:
        branches: dict[str, bool] = {}
        runs: dict[str, list[float]] = {}
        asking = {repo: asyncio.create_task(self._repository(tenant, settings, repo, branches, runs)) for repo in repos}
        done, late = await asyncio.wait(asking.values(), timeout=WAIT_SECONDS)
        for task in late:
            task.cancel()
        unread = tuple(repo for repo, task in asking.items() if task not in done or task.exception() is not None)
        failed = [task.exception() for task in done]
        for error in failed:
            if error is not None and not isinstance(error, ForgeError | ConfigInvalid):
                raise error
        timed = {repo: sorted(found)[len(found) // 2] for repo, found in runs.items() if found}
        # Of several repositories the one that keeps people waiting longest speaks for all.
        slowest = max(timed, key=lambda repo: timed[repo], default=None)
        return Told(branches, tuple(runs[slowest]) if slowest else None, unread)

    async def _repository(
        self, tenant: str, settings: AcceptConfig, repo: str, branches: dict[str, bool], runs: dict[str, list[float]]
    ) -> None:
        reader, _ = self._forges.of(tenant, repo)
        runs[repo] = await reader.run_seconds(repo, RUNS)
        named = settings.branches.get(repo) or ((await reader.repository(repo)).default_branch,)
        for branch in named:
            branches[f"{repo} {branch}"] = await reader.refuses_push(repo, branch)
