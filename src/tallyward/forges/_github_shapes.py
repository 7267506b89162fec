"""What is read of a pull request out of GitHub's REST answers: a field that is not named here is never looked at."""

from collections.abc import Iterable
from typing import Any

import msgspec
from msgspec import Struct

from tallyward.domain.forge import Check, CheckStatus, PullRequestSignals
from tallyward.domain.reverts import Reverted
from tallyward.forges._moment import Moment
from tallyward.forges._words import takes_back

_STATUS: dict[str, CheckStatus] = {"completed": "completed", "in_progress": "in_progress"}
_GHOST = "ghost"  # the forge's own name for an account that is gone


class Login(Struct):
    login: str


class _Repo(Struct):
    id: int
    full_name: str


class _End(Struct):
    ref: str
    sha: str
    repo: _Repo | None = None


class _Label(Struct):
    name: str | None = None


class Present(Struct):
    """Something that is there; what it holds is not read."""


class Pull(Struct, kw_only=True):
    """A pull request as REST gives it, one of a list with fewer fields."""

    node_id: str
    number: int
    state: str
    draft: bool = False
    mergeable: bool | None = None
    mergeable_state: str = "unknown"
    user: Login | None = None
    labels: list[_Label] = msgspec.field(default_factory=list[_Label])
    head: _End
    base: _End
    auto_merge: Present | None = None
    created_at: Moment
    updated_at: Moment
    closed_at: Moment | None = None
    merged_at: Moment | None = None
    merge_commit_sha: str | None = None
    commits: int | None = None
    reverts: Reverted | None = msgspec.field(default=None, name="(ours)")  # no forge has a field of that name

    def signals(self, forge: str, **more: Any) -> PullRequestSignals:
        """What it says by itself; `more` is what other questions told."""
        told: dict[str, Any] = {
            "mergeable": self.mergeable, "merge_state": self.mergeable_state.upper(), "commits": self.commits,
            "auto_merge": self.auto_merge is not None, **more,
        }  # fmt: skip
        return PullRequestSignals(
            forge=forge,
            repo=self.base.repo.full_name if self.base.repo else "",
            repo_id=self.base.repo.id if self.base.repo else None,
            number=self.number,
            state="merged" if self.merged_at else "open" if self.state == "open" else "closed",
            draft=self.draft,
            author=self.user.login if self.user else None,
            labels=sorted({label.name for label in self.labels if label.name}),
            head_branch=self.head.ref,
            head_repo=self.head.repo.full_name if self.head.repo else None,
            head_sha=self.head.sha,
            base_branch=self.base.ref,
            base_sha=self.base.sha,
            created_at=self.created_at,
            updated_at=self.updated_at,
            closed_at=self.closed_at,
            merged_at=self.merged_at,
            # Before the merge it is a commit that GitHub tries the merge with, and nobody's history.
            merge_sha=self.merge_commit_sha if self.merged_at else None,
            reverts=self.reverts,
            **told,
        )


def read_pull(raw: Any) -> Pull:
    """The one place where title and description are held, as long as it takes to see whether they take back another."""
    pull = msgspec.convert(raw, Pull)
    pull.reverts = takes_back(raw)
    return pull


def read_pulls(raw: Any) -> list[Pull]:
    return [read_pull(each) for each in msgspec.convert(raw, list[Any])]


class _Run(Struct):
    name: str
    status: str
    conclusion: str | None = None


class _Runs(Struct):
    check_runs: list[_Run]


def read_check_runs(raw: Any) -> list[Check]:
    runs = msgspec.convert(raw, _Runs).check_runs
    return [_check(run.name, _STATUS.get(run.status, "queued"), run.conclusion) for run in runs]


def _check(name: str, status: CheckStatus, conclusion: str | None) -> Check:
    return Check(name=name, status=status, conclusion=conclusion if status == "completed" else None)


class _Status(Struct):
    context: str
    state: str


class _Statuses(Struct):
    statuses: list[_Status]


def read_statuses(raw: Any) -> list[Check]:
    """Statuses are the older kind of check. One of them is never absent: it is there from when it is pending."""
    return [
        Check(name=each.context, status="in_progress")
        if each.state == "pending"
        else Check(
            name=each.context, status="completed", conclusion="success" if each.state == "success" else "failure"
        )
        for each in msgspec.convert(raw, _Statuses).statuses
    ]


class Review(Struct):
    """One word of a reviewer. `submitted_at` is None while it is not handed in."""

    state: str
    user: Login | None = None
    submitted_at: Moment | None = None


def read_reviews(raw: Any) -> list[Review]:
    return msgspec.convert(raw, list[Review])


def verdicts(reviews: Iterable[Review], author: str | None) -> dict[str, int]:
    """How many approve and how many want changes, each by their latest word, and how often changes were asked for."""
    latest: dict[str, str] = {}
    rounds = 0
    for review in reviews:
        who = review.user.login if review.user else _GHOST
        state = review.state.upper()
        rounds += state == "CHANGES_REQUESTED"
        if state in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"} and who != author:
            latest[who] = state
    told = list(latest.values())
    return {
        "approvals": told.count("APPROVED"),
        "changes_requested": told.count("CHANGES_REQUESTED"),
        "review_rounds": rounds,
    }


class _File(Struct):
    filename: str
    previous_filename: str | None = None


def read_paths(raw: Any) -> list[str]:
    """A file that was moved is two paths: both are in the way of somebody else."""
    files = msgspec.convert(raw, list[_File])
    return [path for file in files for path in (file.filename, file.previous_filename) if path]


class _Comparison(Struct):
    behind_by: int


def read_behind(raw: Any) -> int:
    return msgspec.convert(raw, _Comparison).behind_by
