"""Brings the history of a plain clone into the ledger: pull requests, what was reverted, work items, and overlap.

What a clone tells is kept under its commits' names, so bringing it in twice changes nothing, and what a forge tells
later counts more. The steps of work items are appended many at a time; the rates are reckoned once, when all of them
are there. Where it is interrupted, the next time goes on.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from tallyward import clock
from tallyward.domain import work_item
from tallyward.domain.attribution import AgentRules, attribute
from tallyward.domain.git_history import Change, History, facts, moment, undone_directly
from tallyward.domain.overlap import PAIRS_MAX, Overlap, Pair, Piece, overlap, pairs, sample
from tallyward.domain.pull_request import PullRequestFacts, Undone
from tallyward.domain.work_item import REBASE_CONFLICT, TransitionIn
from tallyward.errors import CloneUnreadable
from tallyward.ledger.database import Database, fetch_all
from tallyward.services import git_clone
from tallyward.services.git_clone import Clone
from tallyward.services.pull_requests import PullRequests, Taken
from tallyward.services.rates import RateBook
from tallyward.services.tenants import Tenants
from tallyward.services.work import fingerprint

COMMITS_MAX = 1_000_000
ROWS_AT_ONCE = 500
TRIALS_MAX = 1_000  # merges that are tried anew, the latest
PIECES_MAX, PAIRS_TRIED_EACH = 1_000, 150
OVERLAP = "pull_request.overlap"
ACTOR = "import git"
Row = TypeVar("Row")
Progress = Callable[[str, int, int | None], None]  # what is done, how much of it, of how much


class Asked(Struct, frozen=True, kw_only=True):
    """Which clone to read, and as what. `trials`: how many merges are made anew to see whether they conflict."""

    path: Path
    project: str
    repo: str
    branch: str | None = None
    trials: int = TRIALS_MAX


class Imported(Struct, kw_only=True):
    """What a clone told, and what of it was new. Of `trials` merges that were made anew, `conflicts` conflicted."""

    repo: str
    project: str
    branch: str
    shallow: bool
    commits: int
    merges: int
    squashes: int
    direct: int
    pull_requests: Taken
    work_items: int
    work_items_known: int
    attempts_unknown: int
    trials: int
    conflicts: int
    can_try_merges: bool
    overlap: Overlap


class GitImport:
    """Brings clones into a ledger."""

    def __init__(self, database: Database, tenants: Tenants, book: RateBook) -> None:
        self._database = database
        self._tenants = tenants
        self._book = book
        self._pulls = PullRequests(tenants)

    async def run(self, tenant: str, asked: Asked, progress: Progress) -> Imported:
        """Reads the clone and keeps what it tells. Raises CloneUnreadable, or GitMissing."""
        for name, field in ((asked.project, "project"), (asked.repo, "repo")):
            work_item.require_name(name, field)
        async with git_clone.opened(asked.path) as clone:
            branch, tip = await clone.branch(asked.branch)
            history = await self._read(tenant, clone, tip, branch, asked.repo, progress)
            changes = list(history.changes())
            pulls = [change for change in changes if change.kind != "direct"]
            tried = await _tried(clone, pulls, asked.trials, progress)
            figures = await _overlap(clone, pulls, progress) if asked.trials else overlap([], 0)
        undone = undone_directly(changes)
        taken = await self._take(tenant, _told(pulls, asked.repo, branch, undone, tried), progress)
        rules = self._tenants.config(tenant).agents
        steps = [
            _step(change, asked.project, tried.get(change.commit.sha), rules) for change in pulls if change.attempts
        ]
        added = await self._move(tenant, steps, progress)
        await self._tell_overlap(tenant, asked.repo, figures)
        kinds = [change.kind for change in changes]
        return Imported(
            repo=asked.repo, project=asked.project, branch=branch, shallow=clone.shallow, commits=len(history),
            merges=kinds.count("merge"), squashes=kinds.count("squash"), direct=kinds.count("direct"),
            pull_requests=taken, work_items=added, work_items_known=len(steps) - added,
            attempts_unknown=len(pulls) - len(steps), trials=len(tried), conflicts=sum(tried.values()),
            can_try_merges=clone.can_merge, overlap=figures,
        )  # fmt: skip

    async def _read(  # noqa: PLR0913, PLR0917  # what to read, and whom to tell
        self, tenant: str, clone: Clone, tip: str, branch: str, repo: str, progress: Progress
    ) -> History:
        rules = self._tenants.config(tenant).agents
        history = History(branch)
        async for some in clone.history(tip, repo, rules):
            for commit in some:
                history.add(commit)
            progress("commits read", len(history), None)
            if len(history) > COMMITS_MAX:
                raise CloneUnreadable(f"{clone.path} has over {COMMITS_MAX:,} commits, which is more than is read.")
        progress("commits read", len(history), len(history))
        return history

    async def _take(self, tenant: str, told: Sequence[PullRequestFacts], progress: Progress) -> Taken:
        whole = Taken()
        for some in _chunks(told):
            async with self._database.transaction(tenant) as connection:
                taken = await self._pulls.take_all(connection, tenant, some)
            whole.added, whole.changed = whole.added + taken.added, whole.changed + taken.changed
            whole.same += taken.same
            progress("pull requests kept", whole.added + whole.changed + whole.same, len(told))
        return whole

    async def _move(self, tenant: str, steps: Sequence[dict[str, Any]], progress: Progress) -> int:
        """Appends the steps that are not known yet, and then reckons the rates."""
        added: list[int] = []
        done = 0
        for some in _chunks(steps):
            async with self._database.transaction(tenant) as connection:
                await fetch_all(connection, "lock_outbox")
                rows = msgspec.json.encode(some).decode()
                added += [row["event_id"] for row in await fetch_all(connection, "add_merged_items", {"rows": rows})]
            done += len(some)
            progress("work items kept", done, len(steps))
        if steps:
            await self._book.replay(tenant, append=True)
        if added:
            async with self._database.transaction(tenant) as connection:
                await fetch_all(connection, "lock_outbox")
                await self._book.after_merge(connection, tenant, added[-1])
        return len(added)

    async def _tell_overlap(self, tenant: str, repo: str, figures: Overlap) -> None:
        """Keeps the figures as an event, unless the last one says the same."""
        async with self._database.transaction(tenant) as connection:
            await fetch_all(connection, "lock_outbox")
            told = msgspec.to_builtins({"repo": repo, "overlap": figures})
            known = await fetch_all(connection, "latest_overlaps", {"repo": repo})
            if figures.pieces and (not known or known[0]["payload"] != told):
                payload = msgspec.json.encode(told).decode()
                await fetch_all(connection, "append_event", {"kind": OVERLAP, "payload": payload})


def _told(
    pulls: Sequence[Change], repo: str, branch: str, undone: Mapping[str, Undone], tried: Mapping[str, bool]
) -> list[PullRequestFacts]:
    names = [change.commit.sha for change in pulls]
    return [
        facts(change, repo, branch, undone.get(sha), tried.get(sha)) for change, sha in zip(pulls, names, strict=True)
    ]


def _step(change: Change, project: str, conflicted: bool | None, rules: AgentRules) -> dict[str, Any]:
    """A merged work item with its step, as rows of `add_merged_items`."""
    commit = change.commit
    number = commit.said.number
    story = f"pr-{number}" if number is not None else f"merge-{commit.sha[:12]}"
    mark = attribute(rules, head_branch=commit.said.branch, co_agents=commit.said.co_agents)
    told = TransitionIn(
        phase="merged",
        agent=mark.agent if mark else None,
        verdict=REBASE_CONFLICT if conflicted else None,
        attempts=change.attempts,
        file_scope=[path for path in commit.paths or () if _usable(path)],
        at=min(moment(commit.committed), clock.now()),
    )
    taken = work_item.step(None, told, clock.now())
    key = f"git/{commit.sha}"
    marks = {"idempotency_key": key, "request": fingerprint(told), "actor": ACTOR}
    return {
        "project": project, "story_id": story, "attempts": taken.attempts, "verdict": taken.verdict,
        "file_scope": taken.file_scope, "agent": taken.agent, "at": taken.at, "key": key,
        "payload": {**taken.payload(project, story, clock.iso(taken.at)), **marks},
    }  # fmt: skip


def _usable(path: str) -> bool:
    steps = path.split("/")
    return bool(path.strip("/")) and "\\" not in path and ".." not in steps and steps[0] not in ("", ".")


async def _tried(clone: Clone, pulls: Sequence[Change], limit: int, progress: Progress) -> dict[str, bool]:
    """Of the latest merges, whether their sides, or the main branch on its way in, needed a person to merge them."""
    wanted = [change for change in pulls if change.head is not None][-limit:] if limit and clone.can_merge else []
    tries = [
        (change.commit.sha, commit.parents[0], commit.parents[1])
        for change in wanted
        for commit in (change.commit, *change.base_merges)
    ]
    found: dict[str, bool] = {}
    done = 0
    async for place, outcome in git_clone.conflicts(clone, [(one, other) for _, one, other in tries]):
        done += 1
        progress("merges made anew", done, len(tries))
        if outcome is not None:
            sha = tries[place][0]
            found[sha] = found.get(sha, False) or outcome
    return found


async def _overlap(clone: Clone, pulls: Sequence[Change], progress: Progress) -> Overlap:
    """The figures of the latest merges: two were open at once where their work and their merges overlap in time."""
    latest = [change for change in pulls if change.head is not None and change.commit.paths][-PIECES_MAX:]
    pieces = [
        Piece(change.commit.sha, change.began, change.commit.committed, frozenset(change.commit.paths or ()))
        for change in latest
    ]
    found = list(islice(pairs(pieces), PAIRS_MAX))
    tried = await _pairs_tried(clone, {change.commit.sha: change for change in latest}, found, progress)
    return overlap(found, len(pieces), tried)


async def _pairs_tried(
    clone: Clone, changes: Mapping[str, Change], found: Sequence[Pair], progress: Progress
) -> dict[Pair, bool]:
    """Whether the heads of these pairs conflict, a sample of each kind.

    A head that already conflicts with what the other was built on says nothing of the other, and so does not count.
    """
    drawn = sample(found, PAIRS_TRIED_EACH) if clone.can_merge else []
    ends = [(changes[pair.one], changes[pair.other]) for pair in drawn]
    tried: dict[Pair, bool] = {}
    async for place, outcome in git_clone.conflicts(clone, [(a.head or "", b.head or "") for a, b in ends]):
        progress("pairs merged with each other", place + 1, len(drawn))
        if outcome is not None:
            tried[drawn[place]] = outcome
    conflicted = [(pair, a, b) for pair, (a, b) in zip(drawn, ends, strict=True) if tried.get(pair)]
    doubts = [(pair, a.head, b.base) for pair, a, b in conflicted] + [
        (pair, b.head, a.base) for pair, a, b in conflicted
    ]
    async for place, outcome in git_clone.conflicts(clone, [(head or "", base or "") for _, head, base in doubts]):
        if outcome is not False:
            tried.pop(doubts[place][0], None)
    return tried


def _chunks(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]
