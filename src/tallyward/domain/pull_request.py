"""One pull request as webhooks, a sync and a clone tell of it, and how their words become one.

Facts come late, twice and in any order. So every field has a stamp: who said it and when that was true, by the forge's
own clock. The later word counts, a forge's before any of a clone, and of two that are equal the greater, so any order
of the same facts ends the same. What is merged stays merged: no forge takes that back.

State and its moments are one word. A pull request that was closed and opened again has no moment of closing.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from tallyward.domain.reverts import Reverted, same_commit

State = Literal["open", "closed", "merged"]
Source = Literal["webhook", "sync", "git"]
PATHS_MAX, PATH_CHARS_MAX, SHAS_MAX = 1_000, 1_024, 200
# A forge knows; a clone infers. A sync asked the forge itself, so of two words of one second its own is the better.
_RANKS: dict[Source, tuple[int, int]] = {"git": (0, 0), "webhook": (1, 1), "sync": (1, 2)}
_LIFE: dict[State, int] = {"open": 0, "closed": 1, "merged": 2}
_LAST_WORDS = (
    "forge", "repo", "repo_id", "head_branch", "base_branch", "head_sha", "merge_sha", "author", "draft", "labels",
    "opened_at", "reverts", "undone", "changed_paths", "attempts_told", "conflicted",
)  # fmt: skip
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Undone(Struct, frozen=True, kw_only=True):
    """A commit that belongs to no pull request took it back, and when; `sha` is None where it was brought back since.

    said_at: the latest commit from which that is known.
    """

    sha: str | None
    at: datetime
    said_at: datetime | None = None


class PullRequestFacts(Struct, frozen=True, kw_only=True):
    """What somebody says of a pull request. None: not told.

    number: None where a clone knows no number; `merge_sha` is then its name. updated_at: the forge's own, which decides
    whose word is later. told_at: when it was said, which decides only what the repository is called now. reverts: what
    this one takes back. changes_requested_on: commits on which a reviewer asked for changes. review_rounds: how often
    that was asked in all. attempts: what a clone takes for the number of attempts. conflicted: whether its merge was no
    clean one.
    """

    forge: str = "github"
    repo: str
    repo_id: int | None = None
    number: int | None = None
    state: State | None = None
    head_branch: str | None = None
    base_branch: str | None = None
    head_sha: str | None = None
    merge_sha: str | None = None
    author: str | None = None
    draft: bool | None = None
    labels: list[str] | None = None
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    updated_at: datetime | None = None
    told_at: datetime | None = None
    reverts: Reverted | None = None
    undone: Undone | None = None
    co_agents: list[str] | None = None
    changed_paths: list[str] | None = None
    changes_requested_on: list[str] | None = None
    review_rounds: int | None = None
    attempts: int | None = None
    conflicted: bool | None = None
    source: Source = "webhook"


class PullRequest(Struct, frozen=True, kw_only=True):
    """A pull request by all that was told. `stamps` says for each field whose word it is; see `merge`."""

    forge: str
    repo: str
    repo_id: int | None = None
    number: int | None = None
    state: State = "open"
    head_branch: str | None = None
    base_branch: str | None = None
    head_sha: str | None = None
    merge_sha: str | None = None
    author: str | None = None
    draft: bool = False
    labels: list[str] = field(default_factory=list[str])
    opened_at: datetime | None = None
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    updated_at: datetime | None = None
    reverts: Reverted | None = None
    undone: Undone | None = None
    co_agents: list[str] = field(default_factory=list[str])
    changed_paths: list[str] | None = None
    changes_requested_on: list[str] = field(default_factory=list[str])
    review_rounds: int = 0
    attempts_told: int | None = None
    conflicted: bool | None = None
    seen_by: list[Source] = field(default_factory=list[Source])
    stamps: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def rounds(self) -> int:
        """How often changes were asked for, several reviewers of one commit being one round."""
        return max(len(self.changes_requested_on), self.review_rounds)

    @property
    def attempts(self) -> int:
        """1, and 1 more for each round that a push has answered. Of a clone alone, what the clone took it for."""
        if not self.rounds and set(self.seen_by) == {"git"}:
            return self.attempts_told or 1
        unanswered = self.head_sha in self.changes_requested_on
        return 1 + self.rounds - unanswered


class Undoing(Struct, frozen=True):
    """By what a pull request was taken back: a number (`#` before it) or a commit, and when."""

    by: str
    at: datetime


def first(told: PullRequestFacts) -> PullRequest:
    """The pull request of which nothing else is known."""
    stamp = stamp_of(told.source, told.updated_at)
    values = _values(told)
    stamps = dict.fromkeys(values, stamp)
    # The name is what it was called when the word was spoken, however old the pull request.
    stamps["repo"] = stamp_of(told.source, told.told_at or told.updated_at)
    if told.undone is not None:
        stamps["undone"] = stamp_of(told.source, told.undone.said_at or told.undone.at)
    if told.state is not None:
        closed_at, merged_at = _ended(told)
        values |= {"state": told.state, "closed_at": closed_at, "merged_at": merged_at}
        stamps["state"] = stamp
    return PullRequest(
        number=told.number,
        updated_at=told.updated_at,
        co_agents=sorted(set(told.co_agents or ())),
        changes_requested_on=sorted(set(told.changes_requested_on or ()))[:SHAS_MAX],
        review_rounds=told.review_rounds or 0,
        seen_by=[told.source],
        stamps=stamps,
        **values,
    )


def merge(known: PullRequest | None, told: PullRequestFacts) -> PullRequest:
    """`known` after these facts."""
    return first(told) if known is None else join(known, first(told))


def join(one: PullRequest, other: PullRequest) -> PullRequest:
    """What both tell of one pull request, whichever was heard of first."""
    values: dict[str, Any] = {"forge": one.forge}
    stamps: dict[str, str] = {}
    for name in _LAST_WORDS:
        claims = [pull for pull in (one, other) if name in pull.stamps]
        if claims:
            best = max(claims, key=lambda pull: (pull.stamps[name], _order(getattr(pull, name))))
            values[name], stamps[name] = getattr(best, name), best.stamps[name]
    lives = [pull for pull in (one, other) if "state" in pull.stamps]
    if lives:
        best = max(lives, key=_life)
        values |= {name: getattr(best, name) for name in ("state", "closed_at", "merged_at")}
        stamps["state"] = best.stamps["state"]
    return PullRequest(
        number=one.number if other.number is None else other.number,
        updated_at=max((at for at in (one.updated_at, other.updated_at) if at is not None), default=None),
        co_agents=sorted({*one.co_agents, *other.co_agents}),
        changes_requested_on=sorted({*one.changes_requested_on, *other.changes_requested_on})[:SHAS_MAX],
        review_rounds=max(one.review_rounds, other.review_rounds),
        seen_by=sorted({*one.seen_by, *other.seen_by}),
        stamps=stamps,
        **values,
    )


def takes_back(one: PullRequest, other: PullRequest) -> bool:
    """Whether `one` says that it takes `other` back."""
    said = one.reverts
    if said is None or one == other:
        return False
    if said.number is not None and said.number == other.number:
        return True
    return same_commit(said.sha, other.merge_sha) or same_commit(said.sha, other.head_sha)


def undoing(pull: PullRequest, takers: Iterable[tuple[PullRequest, bool]]) -> Undoing | None:
    """What took `pull` back, of those that say they do, each with whether it was itself taken back; the earliest.

    Nothing takes back what was merged after it, so no two can take each other back.
    """
    if pull.state != "merged" or pull.merged_at is None:
        return None
    found = [Undoing(pull.undone.sha, pull.undone.at)] if pull.undone and pull.undone.sha else []
    for taker, undone in takers:
        if taker.state == "merged" and taker.merged_at and taker.merged_at >= pull.merged_at and not undone:
            name = taker.merge_sha or "" if taker.number is None else f"#{taker.number}"
            found.append(Undoing(name, taker.merged_at))
    return min(found, key=lambda one: (one.at, one.by), default=None)


def _values(told: PullRequestFacts) -> dict[str, Any]:
    """What is told, in the form in which it is kept. A forge names a commit for what is not merged, too: a trial."""
    values: dict[str, Any] = {
        name: getattr(told, name) for name in _LAST_WORDS if name not in ("attempts_told", "merge_sha")
    }
    values["attempts_told"] = told.attempts
    values["merge_sha"] = told.merge_sha if told.state == "merged" else None
    if told.labels is not None:
        values["labels"] = sorted(set(told.labels))
    if told.changed_paths is not None:
        kept = sorted({path for path in told.changed_paths if 0 < len(path) <= PATH_CHARS_MAX and "\0" not in path})
        values["changed_paths"] = kept[:PATHS_MAX]
    return {name: value for name, value in values.items() if value is not None}


def _ended(told: PullRequestFacts) -> tuple[datetime | None, datetime | None]:
    if told.state == "open":
        return None, None
    at = told.merged_at or told.closed_at or told.updated_at
    return told.closed_at or at, at if told.state == "merged" else None


def stamp_of(source: Source, at: datetime | None) -> str:
    """Text that sorts as words weigh: who knows better, then what is later, then who asked."""
    rank, asked = _RANKS[source]
    return f"{rank} {(at or _LONG_AGO).astimezone(UTC).isoformat(timespec='microseconds')} {asked}"


def _order(value: Any) -> tuple[bytes, bytes]:
    """Some order of any two values, for words of one moment."""
    kind = b"1" if value else b"0"
    return kind, msgspec.json.encode(value, order="deterministic")


def _life(pull: PullRequest) -> tuple[str, bool, str, int, datetime, datetime]:
    stamp = pull.stamps["state"]
    ended = pull.closed_at or _LONG_AGO, pull.merged_at or _LONG_AGO
    return stamp[:1], pull.state == "merged", stamp, _LIFE[pull.state], *ended
