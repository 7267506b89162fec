"""What a forge tells us about work on it, and what we may do there: structure, and never what people wrote.

The guard is the interface. No method of `SignalsReader` gives back a title, a body, a comment, a commit message or a
diff, so nothing that decides can be talked into anything by them. Where content says something that must be known, a
revert or an agent's trailer, the reader turns it into a fact at once and drops the words. `ForgeWriter` writes text and
reads none.
"""

import re
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct, field

from tallyward.domain.reverts import Reverted

CheckStatus = Literal["queued", "in_progress", "completed"]
PullRequestState = Literal["open", "closed", "merged"]
MergeMethod = Literal["merge", "squash", "rebase"]
CommitState = Literal["pending", "success", "failure", "error"]
PASSING = frozenset({"success", "neutral", "skipped"})  # the conclusions with which a forge lets a merge through
CHANGED_PATHS_MAX = 3_000  # GitHub lists no more of one pull request
PULL_REQUESTS_MAX = 1_000  # open ones of one repository that are read in one go


_MARK = re.compile(r"<!-- tallyward:([0-9a-f]{8,64}) -->")


def mark_of(number: str) -> str:
    """What a comment of ours carries, so that it is known again; nobody is shown it. `number` is in hexadecimal."""
    return f"<!-- tallyward:{number} -->"


def marks_in(text: str) -> list[str]:
    """The marks in a comment: all that a reader may keep of one."""
    return [match[0] for match in _MARK.finditer(text)]


class Check(Struct, frozen=True, kw_only=True):
    """One check of the head commit, a check run or a commit status. `conclusion` is None until it is completed."""

    name: str
    status: CheckStatus
    conclusion: str | None = None


class PullRequestSignals(Struct, frozen=True, kw_only=True):
    """One pull request as its forge sees it at one moment. None: the forge does not say, or not yet.

    repo: as the forge names it now, after a rename or a transfer too. head_repo: None when the fork is gone.
    head_at: commit time of the head. merge_state: GitHub's words (CLEAN DIRTY BLOCKED BEHIND UNSTABLE DRAFT HAS_HOOKS
    UNKNOWN). approvals, changes_requested: people by their latest word; review_rounds: how often changes were asked
    for in all. threads_newest_at: when the newest unresolved thread began. changed_paths: None also when there are more
    than a forge lists. reverts, co_agents: facts from content that was dropped.
    """

    forge: str
    repo: str
    repo_id: int | None = None
    number: int
    state: PullRequestState
    draft: bool
    mergeable: bool | None = None
    merge_state: str = "UNKNOWN"
    author: str | None = None
    labels: list[str] = field(default_factory=list[str])
    head_branch: str
    head_repo: str | None = None
    head_sha: str
    head_at: datetime | None = None
    base_branch: str
    base_sha: str | None = None
    behind_by: int | None = None
    auto_merge: bool = False
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None = None
    merged_at: datetime | None = None
    merge_sha: str | None = None
    checks: list[Check] = field(default_factory=list[Check])
    approvals: int = 0
    changes_requested: int = 0
    review_rounds: int = 0
    threads_total: int | None = None
    threads_unresolved: int | None = None
    threads_newest_at: datetime | None = None
    changed_paths: list[str] | None = None
    commits: int | None = None
    reverts: Reverted | None = None
    co_agents: list[str] = field(default_factory=list[str])

    @property
    def checks_total(self) -> int:
        return len(self.checks)

    @property
    def checks_passing(self) -> int:
        return sum(check.status == "completed" and check.conclusion in PASSING for check in self.checks)

    @property
    def checks_pending(self) -> int:
        return sum(check.status != "completed" for check in self.checks)

    @property
    def checks_failing(self) -> int:
        """Every completed one that does not pass, a cancelled one too: nobody has seen it succeed."""
        return self.checks_total - self.checks_passing - self.checks_pending


class Hook(Struct, frozen=True, kw_only=True):
    """Where a forge's deliveries come from: a repository's webhook, or a GitHub App's own (both None)."""

    repo: str | None = None
    id: int | None = None


class DeliveryState(Struct, frozen=True, kw_only=True):
    """What a forge knows of one delivery of a webhook. `guid` is its header X-GitHub-Delivery, the same each time.

    id: by which it is asked to deliver again. status_code: what our inbox answered; 0 when nothing came.
    """

    hook: Hook
    id: int
    guid: str
    event: str
    action: str | None = None
    delivered_at: datetime
    redelivery: bool = False
    status_code: int = 0
    repo_id: int | None = None


class Rate(Struct, frozen=True, kw_only=True):
    """How many questions a forge still answers. None: it does not say."""

    limit: int | None = None
    remaining: int | None = None
    resets_at: datetime | None = None


class RepositoryFacts(Struct, frozen=True, kw_only=True):
    """What a token sees of a repository. `repo_id` stays over a rename and a transfer; `may_write` by this token."""

    repo: str
    repo_id: int
    default_branch: str
    private: bool
    archived: bool = False
    may_write: bool | None = None


class SignalsReader(Protocol):
    """What may be read of a forge. `repo` is `owner/name`. Errors are `tallyward.errors.ForgeError`s."""

    async def repository(self, repo: str) -> RepositoryFacts:
        """Whether it can be read, and what it is called now."""
        ...

    async def open_pull_requests(self, repo: str) -> list[PullRequestSignals]:
        """All that are open, in the order of their numbers, each as whole as `pull_request` gives it."""
        ...

    async def pull_request(self, repo: str, number: int) -> PullRequestSignals:
        """One, whatever became of it."""
        ...

    def pull_requests(self, repo: str, since: datetime | None = None) -> AsyncIterator[PullRequestSignals]:
        """All that changed since then, the latest change first; without threads where these cost a question each."""
        ...

    async def reactions(self, repo: str, comment_id: int) -> dict[str, int]:
        """How often each reaction was given to a comment, by its name (`eyes`, `+1`)."""
        ...

    async def marked(self, repo: str, number: int, mark: str) -> int | None:
        """The id of a comment of ours that carries this mark (see `mark_of`), if there is one."""
        ...

    async def hooks(self, repo: str, delivers_to: str) -> list[Hook]:
        """The webhooks of this repository that deliver to addresses ending so."""
        ...

    async def deliveries(self, hook: Hook, since: datetime) -> list[DeliveryState]:
        """What the forge tried to deliver since then, the newest first."""
        ...

    async def refuses_push(self, repo: str, branch: str) -> bool:
        """Whether a push straight to this branch is refused to everybody without special rights."""
        ...

    async def run_seconds(self, repo: str, count: int) -> list[float]:
        """How long the latest completed runs of CI took, the newest first."""
        ...

    async def rate(self) -> Rate:
        """How many questions are left."""
        ...


class ForgeWriter(Protocol):
    """What may be done on a forge. Nothing but numbers comes back."""

    async def comment(self, repo: str, number: int, body: str) -> int:
        """The comment's id, for `reactions`."""
        ...

    async def add_labels(self, repo: str, number: int, labels: Sequence[str]) -> None: ...

    async def remove_label(self, repo: str, number: int, label: str) -> None:
        """Nothing happens where it is not on."""
        ...

    async def open_issue(self, repo: str, title: str, body: str, labels: Sequence[str] = ()) -> int:
        """The issue's number."""
        ...

    async def open_pull_request(  # noqa: PLR0913, PLR0917  # what a pull request is made of
        self, repo: str, title: str, body: str, head: str, base: str, draft: bool = False
    ) -> int:
        """The pull request's number."""
        ...

    async def check_run(  # noqa: PLR0913, PLR0917  # what a check is made of
        self, repo: str, sha: str, name: str, status: CheckStatus, conclusion: str | None = None, summary: str = ""
    ) -> int:
        """The check's id. A GitHub App alone may make one; with a person's token use `status`."""
        ...

    async def status(  # noqa: PLR0913, PLR0917  # what a status is made of
        self, repo: str, sha: str, context: str, state: CommitState, description: str = "", url: str = ""
    ) -> None: ...

    async def merge(self, repo: str, number: int, sha: str, method: MergeMethod = "squash") -> str:
        """The merge commit. Raises ForgeConflict when the head is not `sha` any more."""
        ...

    async def update_branch(self, repo: str, number: int, sha: str) -> None:
        """Brings the base into the head. Raises ForgeConflict when the head is not `sha` any more."""
        ...

    async def publish(self, repo: str, number: int) -> None:
        """A draft becomes ready for review."""
        ...

    async def resolve_threads(self, repo: str, number: int, before: datetime) -> int:
        """Resolves the threads that began before that moment, and says how many they were."""
        ...

    async def enable_auto_merge(self, repo: str, number: int, method: MergeMethod = "squash") -> None:
        """The forge merges as soon as its own rules allow it."""
        ...

    async def redeliver(self, delivery: DeliveryState) -> None:
        """Asks the forge to deliver once more."""
        ...
