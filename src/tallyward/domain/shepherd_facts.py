"""What the shepherd knows when it decides about one pull request, and the questions it asks of that.

Everything is in `Facts`, the moment included, so that a decision is a function of them and nothing else. What it did
before is `History`, which is made from its own events (`shepherd_events.py`) and from no comment on the forge.
"""

from datetime import datetime, timedelta
from typing import Literal, get_args

from msgspec import Struct

from tallyward.domain.forge import PullRequestSignals
from tallyward.domain.shepherd_config import ShepherdConfig
from tallyward.domain.trust import Level

Action = Literal[
    "none",
    "wait",
    "request_review_fix",
    "request_conflict_fix",
    "resolve_conflict",
    "resolve_threads",
    "update_branch",
    "publish_draft",
    "merge",
    "escalate",
]
ACTIONS: tuple[Action, ...] = get_args(Action)
Cause = Literal["conflict", "review", "resolve"]
CAUSES: tuple[Cause, ...] = get_args(Cause)
CAUSE_OF: dict[Action, Cause] = {
    "request_conflict_fix": "conflict",
    "request_review_fix": "review",
    "resolve_conflict": "resolve",
}
EFFECTS: frozenset[Action] = frozenset({"resolve_threads", "update_branch", "publish_draft", "merge"})
MERGEABLE_STATES = frozenset({"CLEAN", "HAS_HOOKS"})  # the forge itself sees nothing that stands against it
CLOCKS_DIFFER = timedelta(minutes=5)  # a head from further in the future says nothing about when it was made


class Instruction(Struct, frozen=True, kw_only=True):
    """Something that was asked of whoever works on it. It is open until the head moves or the deadline is over.

    rounds: how often reviewers had asked for changes by then.
    """

    cause: Cause
    decision: str
    head_sha: str
    sent_at: datetime
    deadline: datetime
    rounds: int = 0


class Effect(Struct, frozen=True, kw_only=True):
    """Something that the forge was asked to do with one head. ok: None until it has answered.

    virtual: a dry run said that it would be done, and so will say no more about it.
    """

    action: Action
    decision: str
    head_sha: str
    at: datetime
    ok: bool | None = None
    rounds: int = 0
    virtual: bool = False


class Escalation(Struct, frozen=True, kw_only=True):
    """A person was asked to look at it, with this head. It stands until another head comes or it is handed back.

    virtual: a dry run would have asked; since nobody was told, it stands only as long as its reason does.
    """

    decision: str
    head_sha: str
    reason: str
    at: datetime
    virtual: bool = False


class History(Struct, frozen=True, kw_only=True):
    """What we did with it in this episode, by our own events. An episode ends when it is closed or handed back.

    since: for each limited wait when it began, of the head `head_sha`, which we first saw at `head_seen_at`.
    """

    episode: int = 1
    instructions: tuple[Instruction, ...] = ()
    effects: tuple[Effect, ...] = ()
    escalation: Escalation | None = None
    ended: Literal["success", "closed"] | None = None
    head_sha: str = ""
    head_seen_at: datetime | None = None
    since: dict[str, datetime] = {}
    labels: tuple[str, ...] = ()

    def attempts(self) -> dict[str, int]:
        """How often each cause was acted on."""
        return {cause: sum(one.cause == cause for one in self.instructions) for cause in CAUSES}

    def last(self, cause: Cause) -> Instruction | None:
        return next((one for one in reversed(self.instructions) if one.cause == cause), None)


class Facts(Struct, frozen=True, kw_only=True):
    """All that a decision depends on. agent: which agent made it, None for a person. held: why it is held, if it is."""

    signals: PullRequestSignals
    now: datetime
    history: History = History()
    config: ShepherdConfig = ShepherdConfig()
    trust: Level = "normal"
    held: str | None = None
    agent: str | None = None

    @property
    def conflicting(self) -> bool:
        return self.signals.mergeable is False or self.signals.merge_state == "DIRTY"

    @property
    def unknown(self) -> bool:
        """The forge has not worked out whether it can be merged, or does not say what is unresolved."""
        told = self.signals
        return told.mergeable is None or told.merge_state == "UNKNOWN" or told.threads_unresolved is None

    @property
    def untested(self) -> bool:
        """Nothing was seen to succeed: there are no checks, or all were skipped."""
        done = not self.signals.checks_pending and not self.signals.checks_failing
        return done and not any(check.conclusion == "success" for check in self.signals.checks)

    @property
    def threads_open(self) -> bool:
        return bool(self.signals.threads_unresolved)

    @property
    def review_open(self) -> bool:
        return self.threads_open or self.signals.changes_requested > 0

    @property
    def behind(self) -> bool:
        lacks = self.config.up_to_date and (self.signals.behind_by or 0) > 0
        return self.signals.merge_state == "BEHIND" or lacks

    @property
    def approvals_lacking(self) -> int:
        return max(0, self.config.approvals_needed.of(self.trust) - self.signals.approvals)

    @property
    def blocks_epic(self) -> bool:
        return self.config.labels.blocker in self.signals.labels

    def spent(self, cause: Cause) -> bool:
        limits = self.config.attempts
        limit = {"conflict": limits.conflict, "review": limits.review, "resolve": limits.resolve}[cause]
        return self.history.attempts()[cause] >= limit

    def asked(self, cause: Cause) -> Instruction | None:
        """The instruction that is still open: the head is as it was, and its deadline is not over."""
        last = self.history.last(cause)
        still = last is not None and last.head_sha == self.signals.head_sha and self.now < last.deadline
        return last if still else None

    def answered(self, cause: Cause) -> Instruction | None:
        """The last instruction, where another head came after it."""
        last = self.history.last(cause)
        return last if last is not None and last.head_sha != self.signals.head_sha else None

    @property
    def review_answered(self) -> bool:
        """A commit came after what was asked for, and no reviewer has asked for changes again since."""
        answered = self.answered("review")
        resolved = [one.rounds for one in self.history.effects if one.action == "resolve_threads" and one.ok]
        rounds = [*resolved, *([answered.rounds] if answered else [])]
        return self.signals.review_rounds <= max(rounds, default=-1)

    @property
    def threads_before(self) -> datetime | None:
        """The moment before which every unresolved thread began and after which the head came; None: there is none.

        By what we saw ourselves: they were there when we asked, and the head is another one since. Or by the time of
        the commit, which whoever made it could choose: not where it lies in the future, nor where we had seen this head
        before the newest thread began.
        """
        newest, head_at = self.signals.threads_newest_at, self.signals.head_at
        if newest is None:
            return None
        answered = self.answered("review")
        if answered is not None and answered.sent_at >= newest:
            return answered.sent_at
        if head_at is None or head_at > self.now + CLOCKS_DIFFER or self.head_seen_at <= newest:
            return None
        return head_at if head_at > newest else None

    @property
    def head_seen_at(self) -> datetime:
        known = self.history.head_seen_at if self.history.head_sha == self.signals.head_sha else None
        return known or self.now

    def since(self, reason: str) -> datetime:
        """When this wait began: now, where it did not hold at the last look or the head was another."""
        same = self.history.head_sha == self.signals.head_sha
        return self.history.since.get(reason, self.now) if same else self.now

    def tries(self, action: Action) -> list[Effect]:
        """What the forge was asked to do with this head."""
        return [one for one in self.history.effects if one.action == action and one.head_sha == self.signals.head_sha]

    def settling(self, action: Action) -> bool:
        """It was done, or may have been, and has not had the time to show; what a dry run says never shows."""
        begun = self.now - timedelta(minutes=self.config.minutes.settle)
        return any(one.virtual or (one.ok is not False and one.at > begun) for one in self.tries(action))
