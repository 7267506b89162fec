"""Reads pull requests of a forge into the ledger: all of a time at first, and then what changed since.

What is read is kept some at a time, so that what was read before a forge had enough of questions, or was not there, is
kept. A repository counts as read when it was read to its end; only then does the next sync begin where this one did. To
read something twice changes nothing.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain.forge import ForgeWriter, PullRequestSignals, SignalsReader
from tallyward.domain.pull_request import PullRequestFacts
from tallyward.errors import ConfigInvalid, ForgeError, RateLimited
from tallyward.ledger.database import Database
from tallyward.services.pull_requests import PullRequests, Taken
from tallyward.services.tenants import Tenants

SYNCED = "pull_request.synced"
SINCE_DEFAULT = timedelta(days=90)
AGAIN = timedelta(minutes=5)  # read once more: what changed while it was read, and clocks that differ
AT_ONCE = 50
Progress = Callable[[str, int, int | None], None]


class ForgesOf(Protocol):
    """Which repositories a tenant has, and by what each is read."""

    def repos(self, tenant: str) -> list[str]: ...
    def of(self, tenant: str, repo: str) -> tuple[SignalsReader, ForgeWriter]: ...


class SyncedRepo(Struct, kw_only=True):
    """What became of one repository. `problem` is None when it was read to the end; `again_at` when to go on."""

    repo: str
    since: datetime
    read: int = 0
    added: int = 0
    changed: int = 0
    problem: str | None = None
    again_at: datetime | None = None


class Synced(Struct, kw_only=True):
    """What became of each repository that was asked for, and which were left for when the forge answers again."""

    tenant: str
    repos: list[SyncedRepo]
    left: list[str]

    @property
    def whole(self) -> bool:
        return not self.left and all(one.problem is None for one in self.repos)

    @property
    def again_at(self) -> datetime | None:
        return max((one.again_at for one in self.repos if one.again_at is not None), default=None)


class Sync:
    """Reads forges into a ledger."""

    def __init__(self, database: Database, tenants: Tenants, forges: ForgesOf) -> None:
        self._database = database
        self._forges = forges
        self._pulls = PullRequests(tenants)

    async def run(
        self, tenant: str, *, repos: Sequence[str] = (), since: datetime | None = None, progress: Progress | None = None
    ) -> Synced:
        """Reads these repositories, or all, from `since` or where the last sync began. Raises ConfigInvalid.

        A forge that has had enough is asked nothing more, and the repositories that are left are named.
        """
        known = self._forges.repos(tenant)
        strange = [repo for repo in repos if repo not in known]
        if strange or not known:
            said = f"no [[forges]] names {strange[0]!r}" if strange else "it has no [[forges]]"
            raise ConfigInvalid(f"Tenant {tenant!r}: {said}; docs/how-to/forges.md shows one.", field="forges")
        synced = Synced(tenant=tenant, repos=[], left=list(repos or known))
        while synced.left:
            one = await self._one(tenant, synced.left[0], since, progress or _say_nothing)
            synced.repos.append(one)
            if one.again_at is not None:
                break
            synced.left.pop(0)
        return synced

    async def _one(self, tenant: str, repo: str, since: datetime | None, progress: Progress) -> SyncedRepo:
        began = clock.now()
        found = SyncedRepo(repo=repo, since=since or await self._since(tenant, repo, began))
        waiting: list[PullRequestSignals] = []
        try:
            reader, _ = self._forges.of(tenant, repo)
            async for signals in reader.pull_requests(repo, found.since):
                waiting.append(signals)
                if len(waiting) == AT_ONCE:
                    await self._keep(tenant, waiting, found, progress)
                    waiting = []
            await self._keep(tenant, waiting, found, progress)
            await self._tell(tenant, repo, began)
        except ForgeError as error:
            await self._keep(tenant, waiting, found, progress)
            found.problem = error.code
            found.again_at = _again(error)
        return found

    async def _since(self, tenant: str, repo: str, now: datetime) -> datetime:
        rows = await self._database.query(tenant, "latest_sync", {"repo": repo})
        return datetime.fromisoformat(rows[0]["through"]) - AGAIN if rows else now - SINCE_DEFAULT

    async def _keep(
        self, tenant: str, waiting: Sequence[PullRequestSignals], found: SyncedRepo, progress: Progress
    ) -> None:
        taken = Taken()
        if waiting:
            facts = [facts_of(signals, clock.now()) for signals in waiting]
            async with self._database.transaction(tenant) as connection:
                taken = await self._pulls.take_all(connection, tenant, facts)
        found.read += len(waiting)
        found.added += taken.added
        found.changed += taken.changed
        progress(f"pull requests of {found.repo} read", found.read, None)

    async def _tell(self, tenant: str, repo: str, through: datetime) -> None:
        payload = msgspec.json.encode({"repo": repo, "through": clock.iso(through)}).decode()
        await self._database.query(tenant, "append_event", {"kind": SYNCED, "payload": payload})


def facts_of(signals: PullRequestSignals, told_at: datetime) -> PullRequestFacts:
    """What a forge says of a pull request, as facts. Changes that are asked for now are asked of its head."""
    asked = [signals.head_sha] if signals.changes_requested and signals.state == "open" else None
    return PullRequestFacts(
        forge=signals.forge, repo=signals.repo, repo_id=signals.repo_id, number=signals.number, state=signals.state,
        head_branch=signals.head_branch, base_branch=signals.base_branch, head_sha=signals.head_sha,
        merge_sha=signals.merge_sha, author=signals.author, draft=signals.draft, labels=signals.labels,
        opened_at=signals.created_at, closed_at=signals.closed_at, merged_at=signals.merged_at,
        updated_at=signals.updated_at, told_at=told_at, reverts=signals.reverts, co_agents=signals.co_agents,
        changed_paths=signals.changed_paths, changes_requested_on=asked, review_rounds=signals.review_rounds,
        source="sync",
    )  # fmt: skip


def _say_nothing(_what: str, _done: int, _of: int | None) -> None:
    """For whoever has no one to tell."""


def _again(error: ForgeError) -> datetime | None:
    """When it may be asked again, where the forge has had enough; anything else is of this repository alone."""
    if not isinstance(error, RateLimited):
        return None
    return error.until or clock.now() + timedelta(hours=1)
