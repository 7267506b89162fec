"""What a clone tells of pull requests: the merges into its main branch, and the work that each of them brought.

Commits come newest first, children before parents, as `git log --topo-order` writes them, and are read as they come.
The main branch is the chain of first parents. Each other commit belongs to the oldest merge that brought it, so an
octopus brings what all its branches hold, and a commit that two branches share is counted once. History that ends
early, as in a shallow clone, ends there.

How often a change was attempted is an estimate: its own commits, by the time they were written, fall into rounds, and a
round ends where nothing is written for a day or where the main branch is merged in. What was squashed tells nothing of
its rounds; so that number is unknown, and not 1.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Literal

from msgspec import Struct

from tallyward.domain.attribution import AgentRules
from tallyward.domain.git_words import Said, said
from tallyward.domain.pull_request import PATH_CHARS_MAX, PATHS_MAX, PullRequestFacts, Undone
from tallyward.domain.reverts import SHA_CHARS_MIN, same_commit

FORMAT = ("%H", "%P", "%ct", "%at", "%an <%ae>", "%B")  # each followed by a NUL; then come the paths, NUL between them
ROUND_GAP_SECONDS = 86_400
PARENTS_OF_A_MERGE = 2
_EPOCH_MAX = 253_370_764_800  # the year 9999
Kind = Literal["merge", "squash", "direct"]


class Commit(Struct, frozen=True, kw_only=True):
    """One commit, without its words. Times in seconds since 1970. The paths of a merge are against its first parent."""

    sha: str
    parents: tuple[str, ...]
    committed: int
    written: int
    said: Said
    paths: tuple[str, ...] | None = None


class Change(Struct, frozen=True, kw_only=True):
    """One step of the main branch, with what it brought.

    base: the newest commit of the main branch that its work was built on. base_merges: commits that brought it in.
    """

    kind: Kind
    commit: Commit
    began: int
    base: str | None = None
    attempts: int | None = None
    base_merges: tuple[Commit, ...] = ()

    @property
    def head(self) -> str | None:
        """The last commit of the branch that was merged; None of a squash, and of several at once."""
        parents = self.commit.parents
        return parents[1] if self.kind == "merge" and len(parents) == PARENTS_OF_A_MERGE else None


def commits(tokens: Iterable[bytes], mark: bytes, repo: str | None, rules: AgentRules) -> Iterator[Commit]:
    """The commits of a stream cut at its NULs, in which `mark` begins each of them."""
    fields: list[bytes] | None = None
    for token in tokens:
        if token.removeprefix(b"\n") == mark:
            if fields is not None and len(fields) >= len(FORMAT):
                yield _commit(fields, repo, rules)
            fields = []
        elif fields is not None:
            fields.append(token)
    if fields is not None and len(fields) >= len(FORMAT):
        yield _commit(fields, repo, rules)


def _commit(fields: Sequence[bytes], repo: str | None, rules: AgentRules) -> Commit:
    sha, parents, committed, written, author, message = fields[: len(FORMAT)]
    parent_names = tuple(parents.decode("ascii", "replace").split())
    paths = [path.removeprefix(b"\n").decode(errors="replace") for path in fields[len(FORMAT) :]]
    kept = sorted({path for path in paths if 0 < len(path) <= PATH_CHARS_MAX})[:PATHS_MAX]
    return Commit(
        sha=sha.decode("ascii", "replace"),
        parents=parent_names,
        committed=_seconds(committed),
        written=_seconds(written),
        said=said(message, author, merge=len(parent_names) > 1, repo=repo, rules=rules),
        paths=tuple(kept) if parent_names else None,  # the first commit of all brings everything and changes nothing
    )


def _seconds(text: bytes) -> int:
    """A moment as git tells it; one before 1970 or past any calendar is 1970."""
    seconds = int(text) if text.isdigit() else 0
    return seconds if seconds < _EPOCH_MAX else 0


class History:
    """The commits of a branch, taken in newest first."""

    def __init__(self, branch: str | None = None) -> None:
        self._branch = branch
        self._main: list[Commit] = []
        self._others: dict[str, Commit] = {}
        self._next: str | None = None
        self._count = 0

    def add(self, commit: Commit) -> None:
        self._count += 1
        if not self._main or commit.sha == self._next:
            self._main.append(commit)
            self._next = commit.parents[0] if commit.parents else None
        else:
            self._others[commit.sha] = commit

    def __len__(self) -> int:
        return self._count

    def changes(self) -> Iterator[Change]:
        """The steps of the main branch, the oldest first."""
        mains = {commit.sha: place for place, commit in enumerate(self._main)}  # the newest has the least
        for commit in reversed(self._main):
            own = self._brought(commit)
            if len(commit.parents) > 1 and commit.said.branch != self._branch:
                yield _merge(commit, own, mains)
            else:
                kind: Kind = "squash" if commit.said.number is not None and len(commit.parents) <= 1 else "direct"
                yield Change(kind=kind, commit=commit, began=commit.committed)

    def _brought(self, merge: Commit) -> list[Commit]:
        """The commits that came with this merge and with none before it."""
        found: list[Commit] = []
        waiting = list(merge.parents[1:])
        while waiting:
            commit = self._others.pop(waiting.pop(), None)
            if commit is not None:
                found.append(commit)
                waiting += commit.parents
        return found


def _merge(commit: Commit, own: Sequence[Commit], mains: Mapping[str, int]) -> Change:
    updates = [one for one in own if len(one.parents) > 1]
    from_base = [one for one in updates if mains.keys() & set(one.parents[1:])]
    work = sorted(one.written for one in own if len(one.parents) <= 1)
    agents = {agent for one in (commit, *own) for agent in one.said.co_agents}
    reverts = commit.said.reverts
    if reverts is None and len(own) == 1:
        reverts = own[0].said.reverts
    told = Said(number=commit.said.number, branch=commit.said.branch, reverts=reverts, co_agents=tuple(sorted(agents)))
    began = min((*work, commit.committed))
    return Change(
        kind="merge",
        commit=Commit(
            sha=commit.sha, parents=commit.parents, committed=commit.committed, written=commit.written, said=told,
            paths=commit.paths,
        ),
        began=began,
        base=min((sha for one in own for sha in one.parents if sha in mains), key=mains.__getitem__, default=None),
        attempts=rounds(work, [one.written for one in from_base]) if work else None,
        base_merges=tuple(from_base),
    )  # fmt: skip


def rounds(work: Sequence[int], updates: Iterable[int]) -> int:
    """Into how many rounds work at these moments falls; an update with no work after it ends nothing."""
    breaks = sorted(updates)
    count = 1 if work else 0
    for before, after in pairwise(work):
        updated = any(before < moment <= after for moment in breaks)
        count += updated or after - before > ROUND_GAP_SECONDS
    return count


def undone_directly(changes: Sequence[Change]) -> dict[str, Undone]:
    """Of each change that a commit of no pull request took back: the earliest such commit that still stands."""
    takers: dict[str | int, list[Change]] = {}  # by what they name, newest first
    fallen: dict[str, int] = {}  # what was taken back itself, and the latest commit from which that is known
    found: dict[str, Undone] = {}
    for change in reversed(changes):
        commit = change.commit
        names = {commit.sha[:SHA_CHARS_MIN], (change.head or "")[:SHA_CHARS_MIN], commit.said.number}
        named = [taker for name in names if name for taker in takers.get(name, []) if _takes(taker, change)]
        known = max((max(one.commit.committed, fallen.get(one.commit.sha, 0)) for one in named), default=0)
        standing = [taker for taker in named if taker.commit.sha not in fallen]
        if standing:
            fallen[commit.sha] = known
        direct = [taker.commit for taker in named if taker.kind == "direct"]
        if direct:
            stands = [taker.commit for taker in standing if taker.kind == "direct"]
            first = min(stands or direct, key=lambda one: (one.committed, one.sha))
            at = moment(first.committed)
            found[commit.sha] = Undone(sha=first.sha if stands else None, at=at, said_at=moment(known))
        told = commit.said.reverts
        if told is not None:
            for name in {sha[:SHA_CHARS_MIN] for sha in _reverted(change)} or {told.number or ""}:
                takers.setdefault(name, []).append(change)
    return found


def _reverted(taker: Change) -> tuple[str, ...]:
    """The commits that it takes back; of a pull request the one that is kept in its row."""
    said_of = taker.commit.said
    if taker.kind == "direct" and said_of.reverted:
        return said_of.reverted
    return (said_of.reverts.sha,) if said_of.reverts and said_of.reverts.sha else ()


def _takes(taker: Change, change: Change) -> bool:
    said_of = taker.commit.said.reverts
    if said_of is None:
        return False
    if said_of.sha is not None:
        return any(same_commit(sha, name) for sha in _reverted(taker) for name in (change.commit.sha, change.head))
    return said_of.number is not None and said_of.number == change.commit.said.number and change.kind != "direct"


def facts(
    change: Change, repo: str, base: str, undone: Undone | None = None, conflicted: bool | None = None
) -> PullRequestFacts:
    """What a clone tells of the pull request behind a change. It does not know when that was opened, nor by whom."""
    commit, at = change.commit, moment(change.commit.committed)
    return PullRequestFacts(
        repo=repo, number=commit.said.number, state="merged", head_branch=commit.said.branch, base_branch=base,
        head_sha=change.head, merge_sha=commit.sha, closed_at=at, merged_at=at, updated_at=at,
        reverts=commit.said.reverts, undone=undone, co_agents=list(commit.said.co_agents),
        changed_paths=None if commit.paths is None else list(commit.paths), attempts=change.attempts,
        conflicted=conflicted, source="git",
    )  # fmt: skip


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
