"""Takes in what webhooks, syncs and clones say of pull requests, in the transaction of whoever was told.

What becomes of the words is decided in `domain/pull_request.py`. Here the rows that they are about are found, even
where the repository was renamed or a clone knew the merge before the forge told its number, and after each change it is
settled anew what took what back. One transaction of a tenant at a time does so, to its end.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.attribution import AgentRules
from tallyward.domain.pull_request import PullRequest, PullRequestFacts, Undone, first, join, stamp_of, undoing
from tallyward.ledger.database import CHANGES_CHANNEL, Connection, Row, fetch_all
from tallyward.services.pull_request_rows import agent_of, from_row, to_row
from tallyward.services.tenants import Tenants

After = Callable[[Connection, str, Sequence[int]], Awaitable[None]]
CHAIN_MAX = 50  # reverts of reverts of reverts


class Taken(Struct, kw_only=True):
    """How many pull requests were new, how many are otherwise now, and how many words told nothing new."""

    added: int = 0
    changed: int = 0
    same: int = 0


class Renamed(Struct, frozen=True, kw_only=True):
    """A repository, by the number that stays, what it was called and what it is called since `at`."""

    repo_id: int
    was: str
    repo: str
    at: datetime


class _Held:
    """A pull request while words about it are taken: the rows it is kept in, and what it is by now."""

    def __init__(self, row_id: int | None, pull: PullRequest, agent: str | None = None) -> None:
        self.ids = [] if row_id is None else [row_id]
        self.before = None if row_id is None else pull
        self.pull = pull
        self.agent = agent


class PullRequests:
    """The pull requests of a ledger. `after` is called with the rows that are new or otherwise, in the transaction."""

    def __init__(self, tenants: Tenants, after: After | None = None) -> None:
        self._tenants = tenants
        self._after = after

    async def take(self, connection: Connection, tenant: str, facts: PullRequestFacts) -> Taken:
        """Takes in what is said of one pull request, whatever was said of it before or is yet to be."""
        return await self.take_all(connection, tenant, [facts])

    async def take_all(self, connection: Connection, tenant: str, facts: Sequence[PullRequestFacts]) -> Taken:
        """Takes in what is said of several, each as often as it is said."""
        rules = self._tenants.config(tenant).agents
        await fetch_all(connection, "lock_pull_requests")
        rows = await fetch_all(connection, "find_pull_requests", {"keys": _keys(facts)})
        book = _Book([_Held(row["id"], from_row(row), row["agent"]) for row in rows])
        for one in facts:
            book.tell(first(one))
        new = [held for held in book.held() if not held.ids]
        moved = [held for held in book.held() if held.ids and _is_other(held, rules)]
        touched = await _write(connection, new, moved, book.surplus, rules)
        if touched:
            await _rename(connection, facts)
            await _settle(connection, touched)
            if self._after is not None:
                await self._after(connection, tenant, touched)
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))
        return Taken(added=len(new), changed=len(moved), same=max(len(facts) - len(new) - len(moved), 0))

    async def rename(self, connection: Connection, tenant: str, renamed: Renamed) -> int:
        """Calls the pull requests of a repository what it is called now; how many that were."""
        await fetch_all(connection, "lock_pull_requests")
        asked = {
            "repo_id": renamed.repo_id,
            "was": renamed.was,
            "repo": renamed.repo,
            "stamp": stamp_of("webhook", renamed.at),
        }
        rows = await fetch_all(connection, "follow_rename", asked)
        if rows:
            await connection.execute("SELECT pg_notify(%s, %s)", (CHANGES_CHANNEL, tenant))
        return len(rows)


class _Book:
    """The pull requests of one taking, found by every name that they have."""

    def __init__(self, held: Sequence[_Held]) -> None:
        self._by_name: dict[Hashable, list[_Held]] = defaultdict(list)
        self._all: list[_Held] = []
        self.surplus: list[int] = []
        for one in held:
            self._add(one)

    def held(self) -> Iterator[_Held]:
        yield from self._all

    def tell(self, told: PullRequest) -> None:
        """Takes a word in; rows that it shows to be one pull request become one."""
        known = self._find(told)
        if not known:
            self._add(_Held(None, told))
            return
        one = known[0]
        for other in known[1:]:
            one.pull = join(one.pull, other.pull)
            one.ids += other.ids
            self._all.remove(other)
            for same in self._by_name.values():
                if other in same:
                    same.remove(other)
        if len(one.ids) > 1:
            self.surplus += one.ids[1:]
            del one.ids[1:]
            one.before = None
        one.pull = join(one.pull, told)
        self._name(one)

    def _add(self, held: _Held) -> None:
        self._all.append(held)
        self._name(held)

    def _name(self, held: _Held) -> None:
        for name in _names(held.pull):
            if held not in self._by_name[name]:
                self._by_name[name].append(held)

    def _find(self, told: PullRequest) -> list[_Held]:
        found: list[_Held] = []
        for name in _names(told):
            found += [held for held in self._by_name[name] if held not in found and _may_be_one(held.pull, told)]
        # A row that a forge numbered is the one that stays.
        return sorted(found, key=lambda held: (held.pull.repo_id is None, held.pull.number is None, held.ids or [0]))


def _names(pull: PullRequest) -> list[Hashable]:
    """Every name by which a word may mean this pull request."""
    names: list[Hashable] = []
    if pull.number is not None:
        names += [(pull.repo, pull.number)]
        names += [] if pull.repo_id is None else [(pull.forge, pull.repo_id, pull.number)]
    return names if pull.merge_sha is None else [*names, (pull.repo, pull.merge_sha)]


def _may_be_one(one: PullRequest, other: PullRequest) -> bool:
    """Two numbers are two pull requests, and so are two repositories, though one took the other's name."""
    numbers, repositories = {one.number, other.number} - {None}, {one.repo_id, other.repo_id} - {None}
    return len(numbers) < 2 and len(repositories) < 2  # noqa: PLR2004  # one at most


def _is_other(held: _Held, rules: AgentRules) -> bool:
    return held.pull != held.before or held.agent != agent_of(held.pull, rules)[0]


def _keys(facts: Sequence[PullRequestFacts]) -> str:
    names = ("forge", "repo", "repo_id", "number", "merge_sha")
    return _json([{name: getattr(one, name) for name in names} for one in facts])


async def _write(
    connection: Connection, new: Sequence[_Held], moved: Sequence[_Held], surplus: list[int], rules: AgentRules
) -> list[int]:
    """Writes what is new and what is otherwise, and says which rows that are."""
    rows: list[Row] = []
    if surplus:
        await fetch_all(connection, "drop_pull_requests", {"ids": surplus})
    for query, held in (("change_pull_requests", moved), ("add_pull_requests", new)):
        if held:
            written = [to_row(one.pull, rules) | {"id": one.ids[0] if one.ids else None} for one in held]
            rows += await fetch_all(connection, query, {"rows": _json(written)})
    return [row["id"] for row in rows]


async def _rename(connection: Connection, facts: Sequence[PullRequestFacts]) -> None:
    repositories = {(one.forge, one.repo_id) for one in facts if one.repo_id is not None}
    if repositories:
        asked = [{"forge": forge, "repo_id": repo_id} for forge, repo_id in sorted(repositories)]
        await fetch_all(connection, "rename_pull_requests", {"repositories": _json(asked)})


async def _settle(connection: Connection, touched: list[int]) -> None:
    """Says of these and of all that follows from them what took them back."""
    asked = {*touched, *(row["id"] for row in await fetch_all(connection, "taken_by", {"ids": touched}))}
    for _ in range(CHAIN_MAX):
        changed = _undone(await fetch_all(connection, "takers_of", {"ids": sorted(asked)}))
        if not changed:
            return
        await fetch_all(connection, "mark_reverted", {"rows": _json(changed)})
        below = await fetch_all(connection, "taken_by", {"ids": [row["id"] for row in changed]})
        asked = {row["id"] for row in below}


def _undone(rows: Sequence[Row]) -> list[Row]:
    """The rows whose state is otherwise than it says, with what it is."""
    by_id: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        by_id[row["id"]].append(row)
    changed: list[Row] = []
    for row_id, found in by_id.items():
        row = found[0]
        pull = PullRequest(
            forge="", repo="", state=row["state"], merged_at=row["merged_at"],
            undone=msgspec.convert(row["undone"], Undone | None),
        )  # fmt: skip
        takers = [
            (
                PullRequest(
                    forge="", repo="", number=one["taker_number"], state="merged",
                    merge_sha=one["taker_sha"], merged_at=one["taker_merged_at"],
                ),
                one["taker_undone"],
            )
            for one in found
        ]  # fmt: skip
        by = undoing(pull, takers)
        now = (by.at, by.by) if by else (None, None)
        # What somebody wrote down by plain SQL, without a name, stays where nothing speaks of it.
        if now != (row["reverted_at"], row["reverted_by"]) and (by or row["reverted_by"]):
            changed.append({"id": row_id, "reverted_at": now[0], "reverted_by": now[1]})
    return changed


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
