"""What is read of a pull request on Forgejo and Gitea: a field that is not named here is never looked at.

Where there is nothing these forges often say null instead of an empty list.
"""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.forge import Check, PullRequestSignals
from tallyward.domain.reverts import Reverted
from tallyward.forges._moment import Moment
from tallyward.forges._words import takes_back

_GHOST = "ghost"
_WORDS = {"APPROVED": 1, "REQUEST_CHANGES": -1}


class Login(Struct):
    login: str


class _Repo(Struct):
    id: int
    full_name: str


class _End(Struct):
    ref: str
    sha: str = ""
    repo: _Repo | None = None


class _Label(Struct):
    name: str


class Pull(Struct, kw_only=True):
    """A pull request; one of a list has the same fields."""

    number: int
    state: str
    draft: bool = False
    mergeable: bool | None = None
    merged: bool = False
    user: Login | None = None
    labels: list[_Label] | None = None
    head: _End
    base: _End
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    merge_commit_sha: str | None = None
    reverts: Reverted | None = msgspec.field(default=None, name="(ours)")  # no forge has a field of that name

    def signals(self, forge: str, **more: Any) -> PullRequestSignals:
        """What it says by itself; `more` is what other questions told."""
        is_open = self.state == "open"
        return PullRequestSignals(
            forge=forge,
            repo=self.base.repo.full_name if self.base.repo else "",
            repo_id=self.base.repo.id if self.base.repo else None,
            number=self.number,
            state="merged" if self.merged else "open" if is_open else "closed",
            draft=self.draft,
            mergeable=self.mergeable if is_open else None,
            author=self.user.login if self.user else None,
            labels=sorted({label.name for label in self.labels or ()}),
            head_branch=self.head.ref,
            head_repo=self.head.repo.full_name if self.head.repo else None,
            head_sha=self.head.sha,
            base_branch=self.base.ref,
            base_sha=self.base.sha or None,
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=self.closed_at,
            merged_at=self.merged_at if self.merged else None,
            merge_sha=self.merge_commit_sha if self.merged else None,
            reverts=self.reverts,
            **more,
        )

    def merge_state(self, checks: Iterable[Check]) -> str:
        """In GitHub's words, as far as they can be known: the rules of the branch are not told."""
        if self.state != "open":
            return "UNKNOWN"
        if self.draft:
            return "DRAFT"
        if self.mergeable is False:
            return "DIRTY"
        return "UNSTABLE" if any(check.conclusion not in {"success", "skipped"} for check in checks) else "CLEAN"


def read_pull(raw: Any) -> Pull:
    """The one place where title and description are held, as long as it takes to see whether they take back another."""
    pull = msgspec.convert(raw, Pull)
    pull.reverts = takes_back(raw)
    return pull


def read_pulls(raw: Any) -> list[Pull]:
    return [read_pull(each) for each in msgspec.convert([] if raw is None else raw, list[Any])]


class _Status(Struct):
    context: str
    status: str


class _Statuses(Struct):
    statuses: list[_Status] | None = None


def read_statuses(raw: Any) -> list[Check]:
    """The latest of each. A warning is no success, as the forge's own rules see it."""
    return [
        Check(name=each.context, status="in_progress")
        if each.status == "pending"
        else Check(name=each.context, status="completed", conclusion=each.status)
        for each in msgspec.convert(raw, _Statuses).statuses or ()
    ]


class Review(Struct):
    """One word of a reviewer. `comments_count`: comments to lines, which are in threads."""

    id: int
    state: str
    user: Login | None = None
    dismissed: bool = False
    comments_count: int = 0


def read_reviews(raw: Any) -> list[Review]:
    return msgspec.convert([] if raw is None else raw, list[Review])


def verdicts(reviews: Iterable[Review], author: str | None) -> dict[str, int]:
    """How many approve and how many want changes, each by their latest word, and how often changes were asked for."""
    latest: dict[str, int] = {}
    rounds = 0
    for review in reviews:
        who = review.user.login if review.user else _GHOST
        rounds += review.state == "REQUEST_CHANGES"
        if review.state in _WORDS and who != author:
            latest[who] = 0 if review.dismissed else _WORDS[review.state]
    told = list(latest.values())
    return {"approvals": told.count(1), "changes_requested": told.count(-1), "review_rounds": rounds}


class LineComment(Struct):
    """A comment to a line. Those to one line of one file are one thread, and resolved together."""

    path: str
    created_at: Moment
    position: int = 0
    original_position: int = 0
    resolver: Login | None = None


def read_line_comments(raw: Any) -> list[LineComment]:
    return msgspec.convert([] if raw is None else raw, list[LineComment])


def threads(comments: Iterable[LineComment]) -> dict[str, Any]:
    """How many threads there are, how many of them wait, and when the newest of these began."""
    found: dict[tuple[str, int, int], list[LineComment]] = {}
    for each in comments:
        found.setdefault((each.path, each.position, each.original_position), []).append(each)
    waiting = [thread for thread in found.values() if not any(each.resolver for each in thread)]
    began = [min(each.created_at for each in thread) for thread in waiting]
    return {
        "threads_total": len(found),
        "threads_unresolved": len(waiting),
        "threads_newest_at": max(began, default=None),
    }


class _File(Struct):
    filename: str
    previous_filename: str | None = None


def read_paths(raw: Any) -> list[str]:
    """A file that was moved is two paths: both are in the way of somebody else."""
    files = msgspec.convert([] if raw is None else raw, list[_File])
    return [path for file in files for path in (file.filename, file.previous_filename) if path]


class _Comparison(Struct):
    total_commits: int


def read_total(raw: Any) -> int:
    return msgspec.convert(raw, _Comparison).total_commits
